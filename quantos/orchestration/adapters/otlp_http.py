"""Spans sent to a collector of OpenTelemetry over HTTP."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantos.orchestration.adapters.http_post import post
from quantos.orchestration.tracing.otlp import document
from quantos.orchestration.tracing.spans import Span

_HEADERS: Final = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


@dataclass(frozen=True, kw_only=True)
class OtlpHttp:
    """A SpanExporter. `endpoint` is the collector's, as OTEL_EXPORTER_OTLP_ENDPOINT has it."""

    endpoint: str
    environment: str
    timeout_seconds: float = 5.0

    def export(self, spans: Sequence[Span]) -> None:
        """Send spans, and return once they were taken; none are not sent. Raises OrchestrationError."""
        if spans:
            body = json.dumps(document(spans, environment=self.environment)).encode()
            url = f"{self.endpoint.rstrip('/')}/v1/traces"
            post(url, gzip.compress(body, mtime=0), headers=_HEADERS, timeout_seconds=self.timeout_seconds)
