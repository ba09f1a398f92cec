"""How often a pool's demand stayed under the upper value lately, by a model that had not learnt from those days."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.contracts.plan import Coverage
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.peak_model import FittedModel
from quantos.forecasting.serving import decide

COVERED_DAYS: Final = 7
LEARNT_DAYS: Final = 7
"""Days before the covered ones that there must be to learn from."""

_ROUNDING_VCPU: Final = 1e-6


def recent_coverage(fitted: FittedModel, window: DemandWindow) -> Coverage:
    """Of the last `COVERED_DAYS` of a window, in how many bins the upper value held what came within the horizon.

    The model is fitted and chosen again on what lies before those days, so that it knows nothing of them. A bin counts
    when the horizon after it is open somewhere, known throughout, and had demand: an idle pool would flatter any
    model. Takes as long as a fit, so once a day with it.

    Args:
        fitted: what serves, fitted on the same window.
        window: demand up to the end of the last covered day.
    """
    if fitted.series is None:
        return _unknown("nothing could be learnt yet, and the last value serves")
    series = window.series()
    first = len(series.values) - COVERED_DAYS * window.day_bins
    known_days = len(series.values) // window.day_bins
    if known_days < COVERED_DAYS + LEARNT_DAYS:
        return _unknown(f"history too short: {_days(known_days)} of demand, {COVERED_DAYS + LEARNT_DAYS} are needed")
    learnt = fit_series(series.until(first), fitted.terms)
    asked = np.maximum(decide(learnt, series, first=first).targets, 0.0)
    from_bin = len(window.values) - len(asked)
    peaks = fitted.terms.aim.peaks(window.values)[from_bin:]
    opens = sliding_window_view(window.opened[1:], window.horizon_bins).max(axis=1)[from_bin:]
    counted = np.isfinite(peaks) & (peaks > 0) & opens
    if not counted.any():
        return _unknown(f"no demand is known in the last {_days(COVERED_DAYS)}")
    peaks, asked = peaks[counted], asked[counted] + _ROUNDING_VCPU
    size = fitted.terms.node_size
    return Coverage(
        days=COVERED_DAYS,
        bins=len(peaks),
        held_bins=int(np.count_nonzero(peaks <= asked)),
        node_held_bins=int(np.count_nonzero(peaks <= np.maximum(np.ceil(asked / size) * size, asked))),
    )


def _unknown(reason: str) -> Coverage:
    return Coverage(days=0, bins=0, held_bins=0, node_held_bins=0, reason=reason)


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
