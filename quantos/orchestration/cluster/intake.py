"""Which records of a topic may be forgotten: those before the first of which something is still to be done."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from quantos.orchestration.protocol.rows import AttemptKey


@dataclass
class Intake:
    """What was taken of each partition, in order, since the last that may be forgotten."""

    _taken: dict[int, deque[tuple[int, AttemptKey | None]]] = field(default_factory=dict)

    def took(self, partition: int, offset: int, attempt: AttemptKey | None) -> None:
        """Note a record and what it is about; None where it was set aside."""
        self._taken.setdefault(partition, deque()).append((offset, attempt))

    def settled(self, waits: Callable[[AttemptKey], bool]) -> Mapping[int, int]:
        """The next offset to begin from, for each partition that moved; `waits` says what is still to be done."""
        moved: dict[int, int] = {}
        for partition, records in self._taken.items():
            while records and not (records[0][1] is not None and waits(records[0][1])):
                offset, _ = records.popleft()
                moved[partition] = offset + 1
        return moved

    def lost(self, partition: int) -> None:
        """Forget a partition, which another process has now."""
        self._taken.pop(partition, None)
