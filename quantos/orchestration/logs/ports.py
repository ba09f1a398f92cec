"""Where the logs of attempts are archived."""

from dataclasses import dataclass
from typing import Final, Protocol

from quantos.orchestration.protocol.rows import AttemptKey

MOST_PART_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class LogEnd:
    """That nothing follows: how the attempt ended, and how many parts its log has."""

    end: str
    parts: int


class LogArchive(Protocol):
    """Parts of logs, each put once and at most `MOST_PART_BYTES`, numbered from 0 in order.

    The end is put behind the last.
    """

    def part(self, attempt: AttemptKey, number: int) -> bytes | None:
        """A part; None where it is not there. Raises OrchestrationError."""
        ...

    def end(self, attempt: AttemptKey) -> LogEnd | None:
        """The end; None where it is not there yet. Raises OrchestrationError."""
        ...
