"""Nodes of one pool, each Ready a drawn while after its order, and what an agent in the cluster would tell of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from quantos.capacity.pools.lead_times import order_series
from quantos.contracts.demand import DemandSample
from sandbox.node_lead_time import LeadTimeDistribution

_SECOND_DECIMALS = 1


@dataclass(frozen=True, kw_only=True)
class _Node:
    instance: str
    ordered_at: datetime
    ready_at: datetime


@dataclass
class NodePool:
    """The pool as its nodes come and go; `standing_nodes` are Ready from the beginning, and never told of.

    Orders are made at whole seconds, each moment no earlier than the last.
    """

    name: str
    lead_time: LeadTimeDistribution
    rng: np.random.Generator
    standing_nodes: int = 0
    _ordered: list[_Node] = field(default_factory=list, init=False)
    _pending: list[tuple[datetime, DemandSample]] = field(default_factory=list, init=False)
    orders: int = field(default=0, init=False)

    def ready(self, moment: datetime) -> int:
        """Nodes that are Ready at a moment."""
        return self.standing_nodes + sum(node.ready_at <= moment for node in self._ordered)

    def resize(self, nodes: int, *, at: datetime) -> None:
        """Order what is missing; or give back what is too many, at once, the nodes that are Ready last first."""
        for _ in range(nodes - self._count()):
            self._order(at)
        for node in sorted(self._ordered, key=lambda node: node.ready_at)[::-1][: max(self._count() - nodes, 0)]:
            self._give_back(node, at)
        self.standing_nodes -= max(self._count() - nodes, 0)

    def telemetry(self, until: datetime) -> list[DemandSample]:
        """What has happened by a moment and was not told before."""
        samples = [sample for moment, sample in self._pending if moment <= until]
        self._pending = [(moment, sample) for moment, sample in self._pending if moment > until]
        return samples

    def _count(self) -> int:
        return self.standing_nodes + len(self._ordered)

    def _order(self, at: datetime) -> None:
        self.orders += 1
        seconds = round(self.lead_time.draw_seconds(self.rng), _SECOND_DECIMALS)
        node = _Node(instance=f"i-{self.orders:017x}", ordered_at=at, ready_at=at + timedelta(seconds=seconds))
        self._ordered.append(node)
        series = order_series(self.name)
        self._pending.append((at, _sample(series.ordered, node, value=1.0)))
        self._pending.append((node.ready_at, _sample(series.ready, node, value=seconds)))

    def _give_back(self, node: _Node, at: datetime) -> None:
        self._ordered.remove(node)
        if node.ready_at <= at:
            return
        series = order_series(self.name)
        self._pending = [
            (moment, sample)
            for moment, sample in self._pending
            if (sample.series, sample.source) != (series.ready, node.instance)
        ]
        seconds = (at - node.ordered_at).total_seconds()
        self._pending.append((at, _sample(series.withdrawn, node, value=seconds)))


def _sample(series: str, node: _Node, *, value: float) -> DemandSample:
    return DemandSample(series=series, time=node.ordered_at, source=node.instance, value=value)
