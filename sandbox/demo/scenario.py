"""What the demo replays and what it does to the loop on the way, worked out from the trace alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import OutcomeStatus
from quantos.contracts.strategy import CostLimits, ServiceLevel, Strategy, StrategyBook
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from sandbox.demo.trace import Trace, next_day

POOL = "cpu"
PEAK_NODES = 14
MISS_COST_IN_NODE_PRICES = 66.0
SHARES = {"quotes": 0.6, "hedging": 0.4}
GREEDY = "hedging"
GREED = 2.5
QUIET: Final = frozenset[OutcomeStatus]({"applied", "unchanged"})
RECOVERING: Final = QUIET | frozenset[OutcomeStatus]({"busy", "overtaken"})
PAUSED: Final = frozenset[OutcomeStatus]({"paused"})
REFUSED: Final = frozenset[OutcomeStatus]({"blocked", "unchanged"})
AROUND = timedelta(minutes=90)


@dataclass(frozen=True)
class Scenario:
    """Two days of a trace to replay after the history before them, from a while before demand to a while after.

    `greedy_bins`, `paused_bins` are half-open spans of bin ends in which a trader asks for more than the strategy's
    ceiling, and in which the kill switch is thrown; from `kill_from` on the first resize is killed.
    """

    trace: Trace
    start: datetime
    end: datetime
    history_start: datetime
    units_per_vcpu: float
    usd_per_vcpu_hour: float
    usd_per_node_hour: float
    greedy: tuple[datetime, datetime]
    paused: tuple[datetime, datetime]
    kill_from: datetime

    def book(self, *, greedy: bool) -> StrategyBook:
        """The traders' strategies; when `greedy`, one asks for a throughput that its cost ceiling does not pay."""
        return StrategyBook(strategies=tuple(self._strategy(name, greedy=greedy) for name in SHARES))

    def expected(self, moment: datetime, *, killed: bool) -> frozenset[OutcomeStatus]:
        """How the plan of the bin that ends at `moment` may end.

        Where the resize was `killed`, the attempt after it may find the dead process's lease or half an update.
        """
        if self.paused[0] <= moment < self.paused[1]:
            return PAUSED
        if self.greedy[0] <= moment < self.greedy[1]:
            return REFUSED
        return RECOVERING if killed else QUIET

    def history(self) -> Iterator[DemandSample]:
        """Every strategy's load before the replay."""
        for start in sorted(self.trace.demand):
            if self.history_start <= start < self.start:
                yield from self._load(start, self.trace.demand[start])
        if self.trace.gaps == "zero":
            yield from self._zeros(self.history_start, self.start)

    def samples(self, start: datetime) -> Iterator[DemandSample]:
        """What is measured in one bin: the market's volume, and each strategy's load."""
        value = self.trace.demand.get(start, 0.0 if self.trace.gaps == "zero" else None)
        if value is None:
            return
        yield DemandSample(series="market/volume", time=start, source="feed-1", value=value)
        yield from self._load(start, value)

    def _load(self, start: datetime, value: float) -> Iterator[DemandSample]:
        for name, share in SHARES.items():
            yield DemandSample(series=f"workload/{name}", time=start, source="gateway-1", value=value * share)

    def bins(self) -> Iterator[datetime]:
        """Starts of the replayed bins."""
        return self._starts(self.start, self.end)

    def bins_before(self, span: timedelta) -> Iterator[tuple[datetime, datetime, float | None]]:
        """Start, end and demand of the bins of the last `span` of the history."""
        step = timedelta(seconds=self.trace.bin_seconds)
        for start in self._starts(max(self.start - span, self.history_start), self.start):
            yield start, start + step, self.demand_vcpu(start)

    def demand_vcpu(self, start: datetime) -> float | None:
        """What is demanded in a bin; None where that is not known."""
        value = self.trace.demand.get(start, 0.0 if self.trace.gaps == "zero" or self._closed(start) else None)
        return None if value is None else value / self.units_per_vcpu

    def _closed(self, start: datetime) -> bool:
        session = self.trace.session
        return session is not None and not session.is_open(start, bin_seconds=self.trace.bin_seconds)

    def _starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        step = timedelta(seconds=self.trace.bin_seconds)
        while first < last:
            yield first
            first += step

    def _zeros(self, first: datetime, last: datetime) -> Iterator[DemandSample]:
        for start in self._starts(first, last):
            if start not in self.trace.demand:
                yield from self._load(start, 0.0)

    def _strategy(self, name: str, *, greedy: bool) -> Strategy:
        share = SHARES[name]
        ceiling = 1.6 * share * PEAK_NODES * self.usd_per_node_hour
        asked = GREED * ceiling / self.usd_per_vcpu_hour * self.units_per_vcpu if greedy and name == GREEDY else 0.0
        return Strategy(
            name=name,
            owner="ada" if name == GREEDY else "grace",
            desk="equities",
            cost_centre="cc-210",
            pools=(POOL,),
            series=f"workload/{name}",
            units_per_vcpu=self.units_per_vcpu,
            service_level=ServiceLevel(max_latency_ms=20.0, percentile=99.0, min_throughput_units=asked),
            cost=CostLimits(ceiling_usd_per_hour=round(ceiling, 2), budget_usd_per_day=round(24 * ceiling, 2)),
            miss_cost_usd_per_unit_hour=MISS_COST_IN_NODE_PRICES * self.usd_per_vcpu_hour / self.units_per_vcpu,
            priority=50,
            session=self.trace.session,
        )


def make_scenario(
    trace: Trace, settings: EnvironmentSettings, *, vcpu_per_node: float, usd_per_node_hour: float
) -> Scenario:
    """The last two days of a trace, scaled so that the history's peak needs `PEAK_NODES` nodes.

    Raises:
        SettingsError: the trace has no demand before its last two days.
    """
    first, last = trace.days()[-2:]
    replayed = [start for start in trace.demand if start >= first]
    history_start = first - timedelta(days=settings.decisions.history_days)
    past = [value for start, value in trace.demand.items() if history_start <= start < first]
    if not past or max(past) <= 0:
        raise SettingsError(
            f"{trace.name} has no demand in the {settings.decisions.history_days} days before its last two",
            remedy="give a trace with a history",
        )
    peak = float(np.quantile(past, 0.999))
    busiest = _busiest_hour(trace, first)
    return Scenario(
        trace=trace,
        start=max(min(replayed) - AROUND, first),
        end=min(max(replayed) + AROUND, next_day(last)),
        history_start=history_start,
        units_per_vcpu=peak / (PEAK_NODES * vcpu_per_node),
        usd_per_vcpu_hour=usd_per_node_hour / vcpu_per_node,
        usd_per_node_hour=usd_per_node_hour,
        greedy=(busiest, busiest + timedelta(minutes=10)),
        paused=(busiest + timedelta(hours=3), busiest + timedelta(hours=4)),
        kill_from=last,
    )


def _busiest_hour(trace: Trace, day: datetime) -> datetime:
    """Start of the hour of a day with most demand."""
    totals = [
        sum(
            value
            for start, value in trace.demand.items()
            if day + timedelta(hours=h) <= start < day + timedelta(hours=h + 1)
        )
        for h in range(20)
    ]
    return day + timedelta(hours=int(np.argmax(totals)))
