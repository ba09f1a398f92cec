"""Online decisions on a trace: fitted once a day on what lay before, decided at the end of every bin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quantos.arrays import FloatArray
from quantos.backtest.sidecar import Known
from quantos.backtest.trace import Trace
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.features.spikes import Spike, judged_alike, spikes_in, without_spikes
from quantos.forecasting.features.wall_time import Clocked
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import FittedSeries, Series
from quantos.forecasting.serving import answered
from quantos.forecasting.state import dumped, loaded
from quantos.units import DAY_SECONDS

Watch = Callable[[FittedSeries, Series, int], None]

NODES = 50
NODE_QUANTILE = 0.995
LEAST_DEMAND = 1e-100
"""Less is no demand: numbers so small do not survive a division."""


@dataclass(frozen=True, kw_only=True)
class DayServed:
    """Who served from a bin on, and why it was a lesser model than the history should allow."""

    first: int
    champion: str
    degraded: str | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What was decided on the tested part of a trace.

    Attributes:
        targets: shape (n - tested_from,), raw requirement at the end of each bin, in the unit of demand.
        uppers: shape (n - tested_from,), the requirement calibrated to hold as often as the critical level says, which
            is what a plan states and holds.
    """

    targets: FloatArray
    uppers: FloatArray
    days: tuple[DayServed, ...]


def terms_of(trace: Trace, *, lead_seconds: float, hold_seconds: float, miss_cost: float) -> CapacityEconomics:
    """The terms of a trace: whole bins, and 50 nodes for the 99.5th percentile of demand in the training part.

    Where that is zero the highest training demand counts, and one unit where there was none at all.
    """
    trained = trace.values[: max(trace.tested_from, 1)]
    sizes = (float(np.quantile(trained, NODE_QUANTILE)), float(trained.max()))
    busy = next((size for size in sizes if size > LEAST_DEMAND), float(NODES))
    lead_bins = -int(-lead_seconds // trace.bin_seconds)
    return CapacityEconomics(
        lead_bins=lead_bins,
        hold_bins=-int(-hold_seconds // trace.bin_seconds),
        node_size=busy / NODES,
        miss_cost=miss_cost,
        measured_bins=max(lead_bins, 1),
    )


def series_of(trace: Trace, known: Known | None = None) -> Series:
    """A trace, and what was known beside it, as a series."""
    opened, offsets = (None, None) if known is None else (known.opened, known.offsets)
    return Series(
        values=trace.values,
        covariates={} if known is None else known.covariates,
        parts=() if offsets is None else (Clocked(values=trace.values, offsets=offsets, opened=opened),),
        start=int(trace.first.timestamp()),
        bin_seconds=trace.bin_seconds,
        opened=opened,
        complete=trace.complete,
    )


def replay(trace: Trace, terms: CapacityEconomics, *, known: Known | None = None, watch: Watch | None = None) -> Replay:
    """Decide the last third of a trace, day by day, as decisions do: each day by a fit that goes on from the day
    before's and reads as it would once stored, each bin by `answered`, without what by then is known for a spike.

    Args:
        known: what a sidecar says beside demand.
        watch: told after each day the model that served, the series to the day's end and the first bin it decided.
    """
    count, first = len(trace.values), trace.tested_from
    whole = series_of(trace, known)
    day_bins = max(round(DAY_SECONDS / trace.bin_seconds), 1)
    spikes = spikes_in(whole.values, start=whole.start, bin_seconds=whole.bin_seconds)
    decided: list[FloatArray] = []
    uppers: list[FloatArray] = []
    days: list[DayServed] = []
    fitted = None
    for begin in range(first, count, day_bins):
        end = min(begin + day_bins, count)
        if begin:
            learnt = fit_series(_as_known(whole.until(begin), spikes, origin=begin - 1), terms, previous=fitted)
            fitted = loaded(dumped(learnt))
        if fitted is None:
            decided.append(np.zeros(end - begin))
            uppers.append(np.zeros(end - begin))
            continue
        upto = whole.until(end)
        for since, until in judged_alike(spikes, first=begin, end=end):
            seen = _as_known(upto, spikes, origin=since)
            forecasts = answered(fitted, seen, first=since)
            decided.append(forecasts.decided.targets[: until - since])
            uppers.append(forecasts.values[: until - since])
        days.append(DayServed(first=begin, champion=fitted.champion, degraded=fitted.degraded))
        if watch is not None:
            watch(fitted, _as_known(upto, spikes, origin=end - 1), begin)
    return Replay(targets=np.concatenate(decided), uppers=np.concatenate(uppers), days=tuple(days))


def _as_known(series: Series, spikes: Sequence[Spike], *, origin: int) -> Series:
    """The series as an origin of it knows it."""
    values = without_spikes(series.values, spikes, origin=origin)
    parts = tuple(replace(part, values=values) for part in series.parts)
    return replace(series, values=values, parts=parts)
