"""What accepted runs need of each pool, and when: a pure function of their rows.

What may not run makes no demand. A run has some once it holds quota, and no more of it once it is asked to end, one of
its nodes has failed or its time or money is spent: then only what still runs counts. A node counts once all before it
have succeeded and its backoff is over, or from when that is expected, by how long each is taken to run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from quantos.errors import UnplaceableError
from quantos.orchestration.protocol.rows import Node, Submission
from quantos.orchestration.protocol.steps import left_of
from quantos.orchestration.routing.offers import Need, Offer
from quantos.orchestration.routing.placement import Placement

Placed = Callable[[Submission, Node, int], Placement]
"""Where the next attempt of a node runs that may still take so long, milliseconds. Raises UnplaceableError."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What one attempt needs of a pool from `start_ms` until `end_ms`, epoch milliseconds.

    Attributes:
        vcpu: the part of a node that it takes, by what it takes most of, in vCPU of the pool's nodes.
    """

    node: str
    pool: str
    vcpu: float
    start_ms: int
    end_ms: int


@dataclass(frozen=True, kw_only=True)
class Market:
    """What pools offer, and where an attempt would be placed among them."""

    offers: Sequence[Offer]
    placed: Placed

    def vcpu(self, node: Node, pool: str) -> float | None:
        """What a node of a run takes of a pool; None where there is no such pool any more.

        What runs where it would not be placed today takes one of the pool's nodes.
        """
        offer = next((offer for offer in self.offers if offer.pool == pool), None)
        if offer is None:
            return None
        part = offer.share(Need.of(node.requests))
        return offer.cpu * (1.0 if part is None else part)


def stretches(submission: Submission, nodes: Sequence[Node], *, now_ms: int, market: Market) -> Iterator[Stretch]:
    """What a run needs from now on, by its nodes; an attempt that runs longer than it was taken to ends any moment."""
    times = _times(nodes, now_ms)
    left = left_of(submission.terms, nodes, now_ms=now_ms)
    waits = submission.ended is None and submission.asked is None and submission.hold is not None and not left.none
    waits = waits and not any(node.state == "failed" for node in nodes)
    for node in nodes:
        if not (node.live or (waits and node.state == "pending")):
            continue
        pool = _pool(submission, node, left_ms=left.milliseconds, market=market)
        vcpu = None if pool is None else market.vcpu(node, pool)
        if pool is not None and vcpu is not None:
            start, end = times[node.id]
            yield Stretch(node=node.id, pool=pool, vcpu=vcpu, start_ms=start, end_ms=end)


def present_vcpu(parts: Iterable[Stretch], *, pool: str, now_ms: int) -> float:
    """What attempts that run, or could, take of a pool now."""
    return sum(part.vcpu for part in parts if part.pool == pool and part.start_ms <= now_ms)


def _pool(submission: Submission, node: Node, *, left_ms: int, market: Market) -> str | None:
    """Where the attempt is that runs, or where the next would be; None where it could be nowhere."""
    if node.live and node.placement is not None:
        return node.placement.chosen.pool
    try:
        return market.placed(submission, node, left_ms).chosen.pool
    except UnplaceableError:
        return None


def _times(nodes: Sequence[Node], now_ms: int) -> Mapping[str, tuple[int, int]]:
    """By node that has not succeeded, from when until when it is expected to run."""
    by_id = {node.id: node for node in nodes if node.state != "succeeded"}
    before = {name: [other for other in node.upstream if other in by_id] for name, node in by_id.items()}
    times: dict[str, tuple[int, int]] = {}
    for name in TopologicalSorter(before).static_order():
        node = by_id[name]
        if node.live:
            began = now_ms if node.started_ms is None else node.started_ms
            times[name] = now_ms, max(now_ms + 1, began + node.expected_ms)
        else:
            start = max(now_ms, node.not_before, *(times[other][1] for other in before[name]))
            times[name] = start, start + node.expected_ms
    return times
