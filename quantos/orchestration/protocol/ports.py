"""What handlers stand on: rows written on their versions, an executor that remembers names, a bus, a switch."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import (
    AttemptKey,
    Closing,
    Finished,
    Message,
    Node,
    Order,
    Outgoing,
    Row,
    RunKey,
    Started,
    Submission,
)


class RowStore(Protocol):
    """Rows by key. Raises OrchestrationError where it cannot be asked."""

    def load(self, keys: Sequence[str]) -> tuple[Row | None, ...]:
        """Rows as they are now, None for what is not there."""
        ...

    def load_nodes(self, run: RunKey, digest: str) -> tuple[Node, ...]:
        """All nodes of a run of what has a digest, in order of their ids."""
        ...

    def commit(self, writes: Sequence[Write], removes: Sequence[Row]) -> bool:
        """Write and remove rows on the versions that were read, all or none; False where one is another by now.

        A row is kept with a version greater by one than the one it is written on. Key: the rows' versions.
        """
        ...

    def put_nodes(self, nodes: Sequence[Node]) -> None:
        """Put nodes that are not there yet, with version 1; those that are stay as they are. Key: the node's."""
        ...


class RunIndex(Protocol):
    """Runs as lists. Raises OrchestrationError where it cannot be asked."""

    def open_runs(self) -> Iterable[RunKey]:
        """All runs that have not ended, in no order."""
        ...

    def outgoing(self) -> Iterable[Outgoing]:
        """All messages that wait, in no order."""
        ...

    def due_runs(self, now_ms: int) -> Iterable[RunKey]:
        """Runs whose ttl is over at a moment, epoch milliseconds, and that are not cleared; the longest over first."""
        ...

    def runs_of(self, team: str, *, before: str, most: int) -> Sequence[tuple[RunKey, str]]:
        """The last `most` runs of a team from the newest on, each with its place in the list; those before a place
        where one is given.
        """
        ...


class Executor(Protocol):
    """Runs attempts, each at most once. Key: the attempt.

    It keeps a name longer than whoever may create under it lives: a name that was ever created or stopped is never
    created again. What became of an attempt is told until it is acknowledged.
    """

    def create(self, order: Order) -> None:
        """Have an attempt run, unless anything was ever created or stopped under its name."""
        ...

    def stop(self, attempt: AttemptKey) -> None:
        """Have an attempt end, or never begin."""
        ...

    def acknowledge(self, attempt: AttemptKey) -> None:
        """What became of it is kept: clean up, and remember the name."""
        ...


class Witness(Protocol):
    """Makes known what became of attempts and runs. Key: which it is, and what became of it."""

    def tell(self, message: Started | Finished | Closing, submission: Submission) -> None:
        """Publish what an attempt gave, tell lineage and traces of it; again changes nothing."""
        ...


class Cleaner(Protocol):
    """Removes what runs left: workspace, logs, tables of results and tags. Key: the run."""

    def clear(self, submission: Submission, attempts: Sequence[AttemptKey]) -> bool:
        """Remove so much of it as takes seconds, and say whether nothing is left; again changes nothing."""
        ...


class Sender(Protocol):
    """Sends messages at least once."""

    def send(self, message: Message) -> None:
        """Send one, and return once the bus has it."""
        ...


class DispatchSwitch(Protocol):
    """Thrown by people."""

    def paused(self) -> bool:
        """Whether nothing new may be started."""
        ...
