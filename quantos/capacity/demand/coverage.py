"""How often a pool's demand stayed under the upper value lately, by models that had not learnt from those days."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.arrays import FloatArray
from quantos.contracts.plan import Coverage
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.peak_model import FittedModel
from quantos.forecasting.series_model import FittedSeries, Series
from quantos.forecasting.serving import uppers
from quantos.units import DAY_SECONDS

COVERED_DAYS: Final = 7
LEARNT_DAYS: Final = 7
"""Days before the covered ones that there must be to learn from."""

_ROUNDING_VCPU: Final = 1e-6


def recent_coverage(
    fitted: FittedModel, window: DemandWindow, *, served: Mapping[date, FittedSeries] = MappingProxyType({})
) -> Coverage:
    """Of the last `COVERED_DAYS` of a window, in how many bins the upper value held what came within the horizon.

    Each day counts by the model that served on it. Days of which none is known count by one that is fitted and chosen
    again on what lies before the covered days, which takes as long as a fit. So no model has learnt from its days. A
    bin counts when the horizon after it is open somewhere, known throughout, and had demand: an idle pool would
    flatter any model; and when no signal was silent that the model looks at.

    Args:
        fitted: what serves next, fitted on the same window.
        window: demand up to a UTC midnight.
        served: by UTC day, learnt on no more than what lies before it, on the same terms.
    """
    if fitted.series is None:
        return _unknown("nothing could be learnt yet, and the last value serves")
    series = window.series()
    known_days = len(series.values) // window.day_bins
    if known_days < COVERED_DAYS + LEARNT_DAYS:
        return _unknown(f"history too short: {_days(known_days)} of demand, {COVERED_DAYS + LEARNT_DAYS} are needed")
    asked = _asked(series, fitted, served=served)
    from_bin = len(window.values) - len(asked)
    peaks = fitted.terms.aim.peaks(window.values)[from_bin:]
    opens = sliding_window_view(window.opened[1:], window.horizon_bins).max(axis=1)[from_bin:]
    counted = np.isfinite(peaks) & (peaks > 0) & opens & window.signals_known(fitted.signals)[from_bin:]
    if not counted.any():
        beside = " beside its signals" if fitted.signals else ""
        return _unknown(f"no demand is known{beside} in the last {_days(COVERED_DAYS)}")
    peaks, asked = peaks[counted], asked[counted] + _ROUNDING_VCPU
    size = fitted.terms.node_size
    return Coverage(
        days=COVERED_DAYS,
        bins=len(peaks),
        held_bins=int(np.count_nonzero(peaks <= asked)),
        node_held_bins=int(np.count_nonzero(peaks <= np.maximum(np.ceil(asked / size) * size, asked))),
    )


def _asked(series: Series, fitted: FittedModel, *, served: Mapping[date, FittedSeries]) -> FloatArray:
    """The upper value at the end of each bin of the covered days, vCPU."""
    day_bins = DAY_SECONDS // series.bin_seconds
    first = len(series.values) - COVERED_DAYS * day_bins
    rest: FittedSeries | None = None
    asked: list[FloatArray] = []
    for begin in range(first, len(series.values), day_bins):
        day = datetime.fromtimestamp(series.start + begin * series.bin_seconds, UTC).date()
        model = served.get(day) or rest
        if model is None:
            model = rest = fit_series(series.until(first).knowing(fitted.signals), fitted.terms)
        learnt = min(max(model.bins_learnt(series), 0), begin)
        asked.append(uppers(model, series.until(begin + day_bins), first=learnt).values[begin - learnt :])
    return np.concatenate(asked)


def _unknown(reason: str) -> Coverage:
    return Coverage(days=0, bins=0, held_bins=0, node_held_bins=0, reason=reason)


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
