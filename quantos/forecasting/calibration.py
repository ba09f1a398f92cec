"""Upper quantiles that are exceeded as often as they say: conformal, adapting online, for each phase of a session."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantos.telemetry.bins import BoolArray, FloatArray

CLOSED, OPENING, MIDDLE, CLOSING = 0, 1, 2, 3
PHASES: Final = {OPENING: "opening", MIDDLE: "middle", CLOSING: "closing"}

STEP: Final = 0.04
"""How much a miss widens the quantile, in logarithm; each hit narrows it by as much times the odds."""

PULL: Final = 0.06
MOST_MISSES: Final = {OPENING: 0.8, MIDDLE: 5.0, CLOSING: 0.8}
"""By phase, the surplus or lack of misses that is not let stand; the short phases have few to begin with."""

_SATURATED: Final = 0.95
_REMEMBERED: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was learnt of a quantile's misses.

    Attributes:
        level: the quantile aimed at.
        shift: by phase, the logarithm that forecasts are raised by.
        surplus: by phase, misses so far over those there should have been.
    """

    level: float
    shift: Mapping[int, float] = field(default_factory=dict)
    surplus: Mapping[int, float] = field(default_factory=dict)


def phases_of(opened: BoolArray, *, hour_bins: int) -> NDArray[np.intp]:
    """Phase of each bin, shape (n,): the first and the last hour of a session, and what lies between."""
    index = np.arange(len(opened))
    shut_before = np.maximum.accumulate(np.where(opened, -1, index))
    shut_after = np.minimum.accumulate(np.where(opened, 2 * len(opened), index)[::-1])[::-1]
    phase = np.full(len(opened), MIDDLE)
    phase[shut_after - index <= hour_bins] = CLOSING
    phase[(index - shut_before <= hour_bins) & (shut_before >= 0)] = OPENING
    phase[~opened] = CLOSED
    return phase


def calibrated(
    forecasts: FloatArray, peaks: FloatArray, phases: NDArray[np.intp], *, known: Calibration, delay: int
) -> tuple[FloatArray, Calibration]:
    """Forecasts raised so that they are exceeded at the rate the level says, and what is known after them.

    Quantile tracking with a saturating integrator: each miss raises the quantile of its phase, each hit lowers it a
    little, and a surplus of misses over their nominal number pulls ever harder, so that it stays within a few.
    Source: Angelopoulos, Candès & Tibshirani 2023, arXiv:2307.16895, sections 2.2 and 2.3.

    Args:
        forecasts: shape (m,), at consecutive origins.
        peaks: shape (m,), what came; NaN where it has not come yet. It is used `delay` origins later.
        phases: shape (m,), the phase that each origin aims at; closed ones are passed on as they are.
        delay: origins until an outcome is known.
    """
    shift, surplus = dict(known.shift), dict(known.surplus)
    uppers = forecasts.copy()
    count = len(forecasts)
    for origin in range(count + delay):
        past = origin - delay
        if past >= 0 and np.isfinite(peaks[past]) and peaks[past] > 0 and phases[past] != CLOSED:
            _learn(shift, surplus, phase=int(phases[past]), error=float(peaks[past] > uppers[past]) - (1 - known.level))
        if origin < count and phases[origin] != CLOSED:
            phase = int(phases[origin])
            uppers[origin] *= math.exp(
                shift.get(phase, 0.0) + PULL * _saturated(surplus.get(phase, 0.0) / MOST_MISSES[phase])
            )
    return uppers, Calibration(level=known.level, shift=shift, surplus=surplus)


def _learn(shift: dict[int, float], surplus: dict[int, float], *, phase: int, error: float) -> None:
    shift[phase] = min(max(shift.get(phase, 0.0) + STEP * error, -2.0), 2.0)
    most = _REMEMBERED * MOST_MISSES[phase]
    surplus[phase] = min(max(surplus.get(phase, 0.0) + error, -most), most)


def _saturated(surplus: float) -> float:
    return math.tan(math.pi / 2 * min(max(surplus, -_SATURATED), _SATURATED))
