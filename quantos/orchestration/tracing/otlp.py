"""Spans as OTLP's JSON, which every collector takes.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hex, whole numbers as text.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from quantos.orchestration.tracing.spans import Span, Value

SCOPE: Final = "quantos.orchestration"
_NANOSECONDS_A_MILLISECOND: Final = 1_000_000
_INTERNAL: Final = 1
_OK, _ERROR = 1, 2


def document(spans: Sequence[Span], *, environment: str) -> dict[str, JsonValue]:
    """The body of an export of spans."""
    resource = {"service.name": "quantos-orchestration", "deployment.environment.name": environment}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": {"name": SCOPE}, "spans": [_span(span) for span in spans]}],
            }
        ]
    }


def _span(span: Span) -> JsonValue:
    status: dict[str, JsonValue] = {"code": _OK}
    if span.error is not None:
        status = {"code": _ERROR, "message": span.error}
    parent: dict[str, JsonValue] = {} if span.parent_span_id is None else {"parentSpanId": span.parent_span_id}
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **parent,
        "name": span.name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(span.start_ms * _NANOSECONDS_A_MILLISECOND),
        "endTimeUnixNano": str(span.end_ms * _NANOSECONDS_A_MILLISECOND),
        "attributes": _attributes(span.attributes),
        "status": status,
    }


def _attributes(values: Mapping[str, Value]) -> list[JsonValue]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in values.items()
        if value != ""
    ]
