"""Where spans go."""

from collections.abc import Sequence
from typing import Protocol

from quantos.orchestration.tracing.spans import Span


class SpanExporter(Protocol):
    """Takes spans, at least once each; the same span comes under the same id."""

    def export(self, spans: Sequence[Span]) -> None:
        """Send spans, and return once they were taken. Raises OrchestrationError."""
        ...
