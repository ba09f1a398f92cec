"""What can be done for a run now: a pure function of its rows. Asking again after a crash gives what is left to do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from quantos.orchestration.protocol.rows import Ending, Node, Order, Submission, Terms
from quantos.units import HOUR_SECONDS

HOUR_MS: Final = HOUR_SECONDS * 1000


@dataclass(frozen=True)
class Admit:
    """Hold what the run needs."""


@dataclass(frozen=True)
class Carry:
    """Hold on the account of today what is left of another day's hold."""


@dataclass(frozen=True)
class Claim:
    """Draw for the next attempt of the order's node, then have it run within what the run has left."""

    order: Order
    left: "Left"


@dataclass(frozen=True)
class Resume:
    """Have a claimed attempt run: whoever claimed it may be gone."""

    order: Order


@dataclass(frozen=True)
class Halt:
    """Stop the attempt of a node."""

    node: Node


@dataclass(frozen=True)
class Expire:
    """Ask the run to end: it ran for as long as it may, or cost what it may."""


@dataclass(frozen=True)
class Close:
    """End the run, which gives back what it still holds."""

    ending: Ending


Step: TypeAlias = Admit | Carry | Claim | Resume | Halt | Expire | Close


@dataclass(frozen=True)
class Now:
    """A moment: the UTC day as `2026-11-20`, and epoch milliseconds."""

    day: str
    milliseconds: int


def steps(submission: Submission, nodes: Sequence[Node], *, now: Now) -> Iterator[Step]:
    """All that can be done now, in order; nothing for a run that has ended, or can only wait.

    Once a node has failed nothing more is started: what runs comes to its end while the run has time and money left,
    what may not run yet is stopped.
    """
    if submission.ended is not None:
        return
    left = left_of(submission.terms, nodes, now_ms=now.milliseconds)
    if submission.asked is not None:
        yield from _ending(submission.asked, nodes)
    elif submission.hold is None:
        if submission.reason != "approval":
            yield Admit()
    elif any(node.state == "failed" for node in nodes):
        yield from (Halt(node) for node in nodes if node.state == "claimed" or (node.live and left.none))
        if not any(node.live for node in nodes):
            yield Close("failed")
    elif all(node.state == "succeeded" for node in nodes):
        yield Close("succeeded")
    elif left.none:
        yield Expire()
    else:
        yield from (Resume(_order(node, nodes)) for node in nodes if node.state == "claimed")
        claims = [Claim(_order(node, nodes), left) for node in _next(nodes, now)]
        if claims and submission.hold.day != now.day:
            yield Carry()
        yield from claims


@dataclass(frozen=True)
class Left:
    """What a run may still take: milliseconds in which any node runs, and dollars where they were limited."""

    milliseconds: int
    usd: float | None = None

    @property
    def none(self) -> bool:
        """Whether nothing may run any more."""
        return self.milliseconds <= 0 or (self.usd is not None and self.usd <= 0)

    def limit_ms(self, usd_per_hour: float) -> int:
        """For how long something may run that costs so much."""
        if self.usd is None or usd_per_hour <= 0:
            return self.milliseconds
        return min(self.milliseconds, int(self.usd / usd_per_hour * HOUR_MS))


def left_of(terms: Terms, nodes: Sequence[Node], *, now_ms: int) -> Left:
    """What a run may still take at a moment, epoch milliseconds."""
    usd = None if terms.max_cost_usd is None else terms.max_cost_usd - cost_usd(nodes, now_ms=now_ms)
    return Left(terms.max_runtime_ms - running_ms(nodes, now_ms=now_ms), usd)


def cost_usd(nodes: Iterable[Node], *, now_ms: int) -> float:
    """What attempts cost so far, those that run included."""
    return sum(node.spent_usd + _running_usd(node, now_ms) for node in nodes)


def _running_usd(node: Node, now_ms: int) -> float:
    if node.started_ms is None or node.placement is None:
        return 0.0
    return node.placement.chosen.usd_per_hour * max(0, now_ms - node.started_ms) / HOUR_MS


def running_ms(nodes: Iterable[Node], *, now_ms: int) -> int:
    """For how long any node has run so far, milliseconds; times in which several ran count once."""
    spans = sorted(span for node in nodes for span in _spans(node, now_ms))
    total, until = 0, 0
    for start, end in spans:
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total


def _spans(node: Node, now_ms: int) -> Iterator[tuple[int, int]]:
    yield from node.ran
    if node.started_ms is not None:
        yield node.started_ms, max(node.started_ms, now_ms)


def _ending(asked: Ending, nodes: Sequence[Node]) -> Iterator[Step]:
    live = [node for node in nodes if node.live]
    yield from (Halt(node) for node in live)
    if not live:
        yield Close(asked)


def _next(nodes: Sequence[Node], now: Now) -> Iterator[Node]:
    done = {node.id for node in nodes if node.state == "succeeded"}
    for node in nodes:
        if node.state == "pending" and node.not_before <= now.milliseconds and done.issuperset(node.upstream):
            yield node


def _order(node: Node, nodes: Iterable[Node]) -> Order:
    return Order(node=node, inputs=tuple(other.last_attempt for other in nodes if other.id in node.takes))
