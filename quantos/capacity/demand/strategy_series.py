"""A strategy's demand bin by bin, in vCPU, and that of several together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import BoolArray, FloatArray
from quantos.contracts.strategy import Strategy
from quantos.environment.settings.decisions import DecisionSettings
from quantos.forecasting.demand_window import filled
from quantos.forecasting.features.source_spikes import tamed
from quantos.forecasting.features.spikes import cleaned, spikes_in
from quantos.forecasting.features.wall_time import Clocked
from quantos.telemetry.bins import Grid, demand_in_session
from quantos.telemetry.completeness import Expectation, SourceState, heard
from quantos.telemetry.sessions.clocks import UNSTATED, clock_of, clock_offsets
from quantos.telemetry.sessions.open_hours import open_bins
from quantos.telemetry.sources import SourceBins
from quantos.units import DAY_SECONDS


@dataclass(frozen=True)
class StrategySeries:
    """A strategy's demand, in vCPU.

    Attributes:
        values: shape (n,), what was told, and what is held for silent sources; NaN where nothing was told. Spikes that
            have ended are left out.
        complete: shape (n,), where nothing of `values` is held.
        opened: shape (n + the horizon,).
        first: the first bin ever measured, n when none was.
        sources: of the series, in the last bin.
        clock: the time zone that its times of day go by.
        offsets: shape (n + the horizon,), seconds that its clock is ahead of UTC.
    """

    strategy: Strategy
    values: FloatArray
    complete: BoolArray
    opened: BoolArray
    first: int
    sources: tuple[SourceState, ...]
    clock: str
    offsets: NDArray[np.int64]

    def silent_bins(self) -> int:
        """Open bins since the last in which anything was told; 0 where the last bin is not open."""
        count = len(self.values)
        if not self.opened[count - 1]:
            return 0
        known = np.isfinite(self.values[self.opened[:count]])
        return int(np.argmax(known[::-1])) if known.any() else len(known)

    def missed(self) -> bool:
        """Whether nothing was told in the last bin, though a source usually tells something by then."""
        return self.silent_bins() > 0 and any(source.state == "silent" for source in self.sources)

    def last_known(self, grid: Grid) -> datetime | None:
        """End of the last open bin that is known; None where none is."""
        known = np.flatnonzero(np.isfinite(self.values) & self.opened[: len(self.values)])
        if not len(known):
            return None
        return datetime.fromtimestamp(grid.start + (int(known[-1]) + 1) * grid.bin_seconds, UTC)


def strategy_series(
    strategy: Strategy, ahead: Grid, *, by_source: SourceBins, settings: DecisionSettings
) -> StrategySeries:
    """A strategy's demand; `ahead` is the grid of what was told and the horizon after it."""
    opened = open_bins(strategy.session, ahead)
    sums = demand_in_session(by_source.sums(), opened=opened[: by_source.count])
    demand = heard(
        tamed(by_source, spikes_in(sums, start=ahead.start, bin_seconds=ahead.bin_seconds)),
        Expectation(
            opened=opened[: by_source.count],
            day_bins=DAY_SECONDS // ahead.bin_seconds,
            stale_bins=-(-settings.stale_after_seconds // ahead.bin_seconds),
            retired_bins=-(-settings.source_retired_after_seconds // ahead.bin_seconds),
            declared=strategy.sources,
        ),
    )
    units = demand_in_session(demand.values, opened=opened[: by_source.count])
    clock = clock_of(strategy.session, ahead)
    return StrategySeries(
        strategy=strategy,
        values=cleaned(units, start=ahead.start, bin_seconds=ahead.bin_seconds) / strategy.units_per_vcpu,
        complete=demand.complete,
        opened=opened,
        first=int(by_source.bins[0]) if len(by_source.bins) else by_source.count,
        sources=demand.sources,
        clock=clock,
        offsets=clock_offsets(clock, ahead),
    )


def total_demand(series: Sequence[StrategySeries], *, day_bins: int) -> tuple[FloatArray, FloatArray]:
    """The pool's demand by bin, unknown where any strategy's is, or is held; and there what is held, or NaN.

    Before the first sample of any nothing is known, closed or not; a younger strategy needed nothing before its own.
    Where some strategies' demand is known and others' is not, these are taken to need what they did a day before.
    """
    beginning = min(part.first for part in series)
    total = np.zeros(len(series[0].values))
    held, known = total.copy(), np.zeros(len(total), dtype=np.bool_)
    for part in series:
        values = part.values.copy()
        values[beginning : part.first] = 0.0
        known |= np.isfinite(values)
        total += np.where(part.complete, values, np.nan)
        held[beginning:] += filled(values[beginning:], day_bins=day_bins)
    total[:beginning], known[:beginning] = np.nan, False
    return total, np.where(np.isnan(total) & known, held, np.nan)


def by_clock(series: Sequence[StrategySeries], *, day_bins: int) -> tuple[Clocked, ...]:
    """Demand by clock, that of the first strategy with hours of its own first; nothing where all go by UTC."""
    clocks = dict.fromkeys(part.clock for part in sorted(series, key=lambda part: part.strategy.session is None))
    if set(clocks) <= {UNSTATED}:
        return ()
    clocked: list[Clocked] = []
    for clock in clocks:
        mine = [part for part in series if part.clock == clock]
        total, held = total_demand(mine, day_bins=day_bins)
        opened = np.logical_or.reduce([part.opened for part in mine])
        values = np.where(np.isnan(total), held, total)
        clocked.append(Clocked(values=values, offsets=mine[0].offsets, opened=opened))
    return tuple(clocked)
