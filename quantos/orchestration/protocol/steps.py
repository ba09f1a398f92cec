"""What can be done for a run now: a pure function of its rows. Asking again after a crash gives what is left to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from quantos.orchestration.protocol.rows import Ending, Node, Submission


@dataclass(frozen=True)
class Admit:
    """Hold what the run needs."""


@dataclass(frozen=True)
class Carry:
    """Hold on the account of today what is left of another day's hold."""


@dataclass(frozen=True)
class Claim:
    """Draw for the next attempt of a node, then have it run."""

    node: Node


@dataclass(frozen=True)
class Resume:
    """Have a claimed attempt run: whoever claimed it may be gone."""

    node: Node


@dataclass(frozen=True)
class Halt:
    """Stop the attempt of a node."""

    node: Node


@dataclass(frozen=True)
class Close:
    """End the run, which gives back what it still holds."""

    ending: Ending


Step: TypeAlias = Admit | Carry | Claim | Resume | Halt | Close


@dataclass(frozen=True)
class Now:
    """A moment: the UTC day as `2026-11-20`, and epoch milliseconds."""

    day: str
    milliseconds: int


def steps(submission: Submission, nodes: Sequence[Node], *, now: Now) -> Iterator[Step]:
    """All that can be done now, in order; nothing for a run that has ended, or can only wait.

    Once a node has failed nothing more is started: what runs comes to its end, what may not run yet is stopped.
    """
    if submission.ended is not None:
        return
    if submission.asked is not None:
        yield from _ending(submission.asked, nodes)
    elif submission.hold is None:
        if submission.reason != "approval":
            yield Admit()
    elif any(node.state == "failed" for node in nodes):
        yield from (Halt(node) for node in nodes if node.state == "claimed")
        if not any(node.live for node in nodes):
            yield Close("failed")
    elif all(node.state == "succeeded" for node in nodes):
        yield Close("succeeded")
    else:
        yield from (Resume(node) for node in nodes if node.state == "claimed")
        claims = list(_claims(nodes, now))
        if claims and submission.hold.day != now.day:
            yield Carry()
        yield from claims


def _ending(asked: Ending, nodes: Sequence[Node]) -> Iterator[Step]:
    live = [node for node in nodes if node.live]
    yield from (Halt(node) for node in live)
    if not live:
        yield Close(asked)


def _claims(nodes: Sequence[Node], now: Now) -> Iterator[Claim]:
    done = {node.id for node in nodes if node.state == "succeeded"}
    for node in nodes:
        if node.state == "pending" and node.not_before <= now.milliseconds and done.issuperset(node.upstream):
            yield Claim(node)
