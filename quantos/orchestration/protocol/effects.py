"""What handlers ask of the world, one at a time, so that they can be run, killed and explored between any two.

A handler is a generator of effects. Whoever runs it does each effect and sends the answer in; the functions here give
the answers their types.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

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

RowT = TypeVar("RowT", bound=Row)
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class Load:
    """Read rows, each as it is now. Answer: a tuple with None for what is not there."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class LoadNodes:
    """Read all nodes of a run of what has a digest. Answer: a tuple in order of their ids."""

    run: RunKey
    digest: str


@dataclass(frozen=True)
class Write:
    """A row to be written on the version that was read; `new` where none was there."""

    row: Row
    new: bool = False


@dataclass(frozen=True)
class Commit:
    """Write and remove rows, all or none. Answer: False, and nothing done, where one of them is not as it was read."""

    writes: tuple[Write, ...]
    removes: tuple[Row, ...] = ()


@dataclass(frozen=True)
class PutNodes:
    """Put the nodes of a run that are not there yet."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Send:
    """Send a message, at least once."""

    message: Message


@dataclass(frozen=True)
class Create:
    """Have an attempt run, unless anything was ever created or stopped under its name."""

    order: Order


@dataclass(frozen=True)
class Stop:
    """Have an attempt end, or never begin."""

    attempt: AttemptKey


@dataclass(frozen=True)
class Acknowledge:
    """What became of an attempt is kept: its executor may clean up, and remembers the name."""

    attempt: AttemptKey


@dataclass(frozen=True)
class Tell:
    """Make known what became of an attempt, or of a run, whose row is as it will stand: publish, lineage, traces."""

    message: Started | Finished | Closing
    submission: Submission


@dataclass(frozen=True)
class Clear:
    """Remove what a run left, or some of it. Answer: whether nothing is left. Its attempts are all that ever were."""

    submission: Submission
    attempts: tuple[AttemptKey, ...]


@dataclass(frozen=True)
class AskPaused:
    """Whether people have paused dispatch. Answer: bool."""


Effect: TypeAlias = Load | LoadNodes | Commit | PutNodes | Send | Create | Stop | Acknowledge | Tell | Clear | AskPaused
Steps: TypeAlias = Generator[Effect, object, AnswerT]


def load(key: str, kind: type[RowT]) -> Steps[RowT | None]:
    """The row under a key, which is of that kind."""
    (row,) = yield from load_all([key])
    if row is not None and not isinstance(row, kind):
        raise TypeError(f"{key} holds {type(row).__name__}, not {kind.__name__}")
    return row


def load_all(keys: Sequence[str]) -> Steps[tuple[Row | None, ...]]:
    """The rows under some keys."""
    rows = yield Load(tuple(keys))
    if not isinstance(rows, tuple):
        raise TypeError("rows are read as a tuple")
    return rows


def load_nodes(run: RunKey, digest: str) -> Steps[tuple[Node, ...]]:
    """All nodes of a run of what has a digest."""
    nodes = yield LoadNodes(run, digest)
    if not isinstance(nodes, tuple):
        raise TypeError("nodes are read as a tuple")
    return nodes


def commit(*writes: Write, messages: Sequence[Outgoing] = ()) -> Steps[bool]:
    """Write rows with the messages that follow from them, and send these; False where a row was not as it was read."""
    outgoing = tuple(Write(message, new=True) for message in messages)
    written = yield Commit((*writes, *outgoing))
    if written:
        for message in messages:
            yield from send(message)
    return bool(written)


def send(outgoing: Outgoing) -> Steps[None]:
    """Send a message that waits, and remove it."""
    yield Send(outgoing.message)
    yield Commit((), (replace(outgoing, version=1),))
