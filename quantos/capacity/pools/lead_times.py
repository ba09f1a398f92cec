"""Measured lead times of the pools, out of the demand history, and how far ahead they make a demand be decided."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from quantos.allocation.lead_time import LeadTime, LeadTimes, planned_lead_time
from quantos.contracts.demand import DemandSample
from quantos.environment.settings.decisions import LONGEST_LEAD_SECONDS, DecisionSettings
from quantos.telemetry.ports import DemandHistory

MEASURED_OVER: Final = timedelta(days=14)

LOST_AFTER: Final = timedelta(days=1)
"""An order of which nothing more is heard for so long is taken for lost, and says nothing."""

SETTLES: Final = timedelta(hours=1)
"""How late telemetry may come without two processes planning with different lead times on one day."""

LEARNT_WITHIN: Final = timedelta(hours=1)
"""Time that learning every demand for a day may take after it has begun."""

Order = tuple[datetime, str]


@dataclass(frozen=True, kw_only=True)
class OrderSeries:
    """The series that tell of a pool's orders of nodes.

    The time of a sample is when the order was made and its source names it, such as the instance's id. On `ordered`
    its value is 1; on `ready` the seconds until the node was Ready; on `withdrawn` those until it was given up.
    """

    ordered: str
    ready: str
    withdrawn: str


def order_series(pool: str) -> OrderSeries:
    """Those of one pool."""
    return OrderSeries(
        ordered=f"system/ordered.{pool}", ready=f"system/lead.{pool}", withdrawn=f"system/withdrawn.{pool}"
    )


def lead_times(samples: Mapping[str, Sequence[DemandSample]], series: OrderSeries, *, known_at: datetime) -> LeadTimes:
    """What had been seen of a pool's orders by a moment; what came later is as if never heard of.

    No lead time counts as longer than `LONGEST_LEAD_SECONDS`.

    Args:
        samples: by series, in any order; a repeated one changes nothing.
        known_at: aware.
    """
    ready = _ended(samples.get(series.ready, ()), by=known_at)
    withdrawn = _ended(samples.get(series.withdrawn, ()), by=known_at)
    ages = {(sample.time, sample.source): known_at - sample.time for sample in samples.get(series.ordered, ())}
    open_for = {order: age.total_seconds() for order, age in ages.items() if timedelta(0) <= age <= LOST_AFTER}
    return LeadTimes(ended=_believed(ready), censored=_believed({**open_for, **withdrawn}, but=ready))


def _ended(samples: Iterable[DemandSample], *, by: datetime) -> dict[Order, float]:
    """Seconds after which an order ended; of conflicting values the greatest."""
    durations: dict[Order, float] = {}
    for sample in samples:
        order = (sample.time, sample.source)
        durations[order] = max(sample.value, durations.get(order, 0.0))
    return {order: seconds for order, seconds in durations.items() if seconds <= (by - order[0]).total_seconds()}


def _believed(seconds: Mapping[Order, float], *, but: Collection[Order] = ()) -> tuple[float, ...]:
    """Ascending, and none longer than is believed."""
    longest = float(LONGEST_LEAD_SECONDS)
    return tuple(sorted(min(value, longest) for order, value in seconds.items() if order not in but))


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """How far a decision looks, in whole bins: back on what was measured within the lead time, and ahead."""

    lead_bins: int
    ahead_bins: int


def horizon_of(times: Iterable[LeadTime], decisions: DecisionSettings) -> Horizon:
    """That of a demand on pools with these lead times: the longest, and what a plan should last beyond it."""
    seconds = max(time.seconds for time in times)
    return Horizon(
        lead_bins=_bins(seconds, decisions),
        ahead_bins=_bins(seconds + decisions.ahead_seconds, decisions),
    )


def _bins(seconds: float, decisions: DecisionSettings) -> int:
    return max(1, math.ceil(seconds / decisions.bin_seconds))


def planned_day(at: datetime, decisions: DecisionSettings) -> date:
    """The UTC day whose lead times a decision plans with: the one before, until all is learnt for new ones.

    Learning begins `stale_after_seconds` after midnight. A decision that took the new ones at once would have to learn
    by itself wherever they reach into another bin.
    """
    return (at.astimezone(UTC) - timedelta(seconds=decisions.stale_after_seconds) - LEARNT_WITHIN).date()


@dataclass
class PoolLeadTimes:
    """The lead times of a UTC day, the same in every process: what was seen before it. Read once a day and kept."""

    history: DemandHistory
    settings: DecisionSettings
    _kept: tuple[date, dict[str, LeadTime]] | None = field(default=None, init=False)

    def read(self, pools: Collection[str], *, day: date) -> Mapping[str, LeadTime]:
        """By pool. Raises TelemetryError."""
        if self._kept is None or self._kept[0] != day or not self._kept[1].keys() >= set(pools):
            known_at = datetime.combine(day, time(), UTC) - SETTLES
            self._kept = (day, self._planned(pools, known_at=known_at))
        return {pool: self._kept[1][pool] for pool in pools}

    def _planned(self, pools: Collection[str], *, known_at: datetime) -> dict[str, LeadTime]:
        series = {pool: order_series(pool) for pool in pools}
        ends = [name for item in series.values() for name in (item.ready, item.withdrawn)]
        samples = self.history.samples(ends, start=known_at - MEASURED_OVER, end=known_at)
        orders = [item.ordered for item in series.values()]
        samples |= self.history.samples(orders, start=known_at - LOST_AFTER, end=known_at)
        return {
            pool: planned_lead_time(
                lead_times(samples, item, known_at=known_at), prior_seconds=self.settings.lead_seconds
            )
            for pool, item in series.items()
        }
