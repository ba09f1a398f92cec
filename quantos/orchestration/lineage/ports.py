"""Where lineage is kept, and whom else it is sent to."""

from collections.abc import Sequence
from typing import Protocol

from openlineage.client.event_v2 import RunEvent

from quantos.orchestration.protocol.rows import AttemptKey, RunKey


class LineageStore(Protocol):
    """Events by attempt and type, each put once; the first stays."""

    def put(self, attempt: AttemptKey, event: RunEvent) -> bool:
        """Keep an event unless there is one of its type, and say whether it was kept. Raises OrchestrationError."""
        ...

    def events(self, run: RunKey) -> Sequence[bytes]:
        """All events of a run as JSON, in order of node, attempt and type. Raises OrchestrationError."""
        ...


class LineageTransport(Protocol):
    """Somebody else who takes events, at least once each."""

    @property
    def name(self) -> str:
        """For people and counters."""
        ...

    def send(self, event: RunEvent) -> None:
        """Send an event, and return once it was taken. Raises OrchestrationError."""
        ...
