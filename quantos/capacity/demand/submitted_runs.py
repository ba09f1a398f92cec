"""Runs that were submitted, as demand: a strategy for each pool that they need, and what they are known to need of it.

Orchestration tells what its runs use of every pool, and what they will in the bins to come. A pool counts that runs
needed anything of in the week before a UTC day, or are known to need anything of now. It has a strategy that nobody
states, of the name `orch-<pool>`; whoever states one of that name, or of its series, puts their own in its place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.demand import SignalSample, runs_series, runs_signal
from quantos.contracts.strategy import CostLimits, ServerNeeds, ServiceLevel, Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.telemetry.ports import DemandHistory, SignalHistory
from quantos.units import HOUR_SECONDS

LOOKED_BACK: Final = timedelta(days=7)
"""For how long a pool counts of which runs need nothing any more."""
MOST_NAME: Final = 40
WAIT_MS: Final = HOUR_SECONDS * 1000.0
"""The response time that is stated for runs: none is planned for, since they wait for nodes and answer nobody."""

Schedule = Mapping[int, float]
"""By start of a bin, epoch seconds, what runs are known to need in it, vCPU."""


@dataclass(frozen=True, kw_only=True)
class KnownRuns:
    """What is known of runs at the end of a bin.

    Attributes:
        schedules: by pool that counts; empty where nothing is to come.
        bin_end: epoch seconds.
    """

    schedules: Mapping[str, Schedule]
    bin_end: int
    bin_seconds: int

    def needed(self, pool: str, *, bins: int) -> float:
        """The most that is needed in any of the next bins, vCPU."""
        until = self.bin_end + bins * self.bin_seconds
        schedule = self.schedules.get(pool, {})
        return max((vcpu for start, vcpu in schedule.items() if self.bin_end <= start < until), default=0.0)

    def in_demand(self, demand: PoolDemand, *, lead_bins: int) -> PoolDemand:
        """The demand with what is known of each strategy of runs: to its horizon, and before a node ordered in the next
        bin could be Ready.
        """
        pools = {runs_series(pool): pool for pool in self.schedules}
        strategies = tuple(
            part
            if (pool := pools.get(part.strategy.series)) is None
            else replace(
                part,
                scheduled_vcpu=self.needed(pool, bins=demand.horizon_seconds // self.bin_seconds),
                scheduled_soon_vcpu=self.needed(pool, bins=lead_bins + 1),
            )
            for part in demand.strategies
        )
        return demand if strategies == demand.strategies else replace(demand, strategies=strategies)


@dataclass
class SubmittedRuns:
    """Reads what orchestration tells; the pools of a UTC day are read once and kept. Raises TelemetryError."""

    settings: EnvironmentSettings
    nodes: Mapping[str, NodePrice]
    history: DemandHistory
    signals: SignalHistory
    _used: tuple[date, frozenset[str]] | None = field(default=None, init=False)

    def read(self, *, bin_end: int) -> KnownRuns:
        """What was known at the end of a bin, epoch seconds."""
        decisions, at = self.settings.decisions, datetime.fromtimestamp(bin_end, UTC)
        announced = self.signals.became_known(
            [runs_signal(pool) for pool in self.nodes],
            start=at - timedelta(seconds=decisions.lead_seconds + decisions.ahead_seconds),
            end=at + timedelta(seconds=1),
        )
        ahead = {pool: _ahead(announced[runs_signal(pool)], at=at) for pool in self.nodes}
        used = self._used_lately(at.date())
        return KnownRuns(
            schedules={pool: plan for pool, plan in ahead.items() if pool in used or any(plan.values())},
            bin_end=bin_end,
            bin_seconds=decisions.bin_seconds,
        )

    def with_strategies(self, stated: StrategyBook, known: KnownRuns) -> StrategyBook:
        """A book of strategies with those of runs."""
        taken = {name for strategy in stated.strategies for name in (strategy.name, strategy.series)}
        added = tuple(
            strategy
            for pool in known.schedules
            if not taken & {(strategy := self._strategy(pool)).name, strategy.series}
        )
        return StrategyBook(strategies=(*stated.strategies, *added)) if added else stated

    def _used_lately(self, day: date) -> frozenset[str]:
        """The pools that runs needed anything of in the week before a day."""
        if self._used is None or self._used[0] != day:
            midnight = datetime.combine(day, time(), UTC)
            names = {pool: runs_series(pool) for pool in self.nodes}
            samples = self.history.samples(names.values(), start=midnight - LOOKED_BACK, end=midnight)
            used = (pool for pool, name in names.items() if any(sample.value > 0 for sample in samples[name]))
            self._used = day, frozenset(used)
        return self._used[1]

    def _strategy(self, pool: str) -> Strategy:
        shape, terms = self.settings.pools[pool], self.settings.platform.runs
        return Strategy(
            name=f"orch-{pool}"[:MOST_NAME],
            owner=shape.owner,
            desk="orchestration",
            cost_centre=shape.cost_centre,
            pools=(pool,),
            series=runs_series(pool),
            units_per_vcpu=1.0,
            service_level=ServiceLevel(max_latency_ms=WAIT_MS),
            cost=CostLimits(
                ceiling_usd_per_hour=shape.ceiling_usd_per_hour, budget_usd_per_day=24 * shape.ceiling_usd_per_hour
            ),
            miss_cost_usd_per_unit_hour=terms.miss_usd_per_vcpu_hour,
            priority=terms.priority,
            resources=_one_gpu(self.nodes[pool]),
        )


def _one_gpu(node: NodePrice) -> ServerNeeds | None:
    """What a GPU of a node stands for, in which runs on nodes with GPUs are counted; None on other nodes."""
    gpus = node.holds.gpus
    if not gpus:
        return None
    return ServerNeeds(vcpu=node.vcpu / gpus, memory_gib=node.holds.memory_gib / gpus, gpus=1)


def _ahead(announced: Collection[SignalSample], *, at: datetime) -> Schedule:
    """By bin that begins then or later, what was told of it last."""
    in_order = sorted(announced, key=lambda sample: sample.known_at)
    return {int(sample.time.timestamp()): sample.value for sample in in_order if sample.time >= at}
