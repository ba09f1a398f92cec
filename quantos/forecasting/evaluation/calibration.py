"""Upper quantiles that are exceeded as often as they say: conformal, adapting online, for each phase of a session."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import BoolArray, FloatArray

CLOSED, OPENING, MIDDLE, CLOSING = 0, 1, 2, 3
PHASES: Final = {OPENING: "opening", MIDDLE: "middle", CLOSING: "closing"}

HALF_LIFE_DAYS: Final = 28.0
"""Scores count half as much after so many days."""

CLASSES: Final = np.concatenate([-np.geomspace(3.0, 0.002, 160), [0.0], np.geomspace(0.002, 3.0, 160)])
"""Edges of the classes that scores are counted in: 5 % apart, which keeps calm series as exact as wild ones."""

TAIL_SCORES: Final = 3.0
"""Above the score that so many exceed, an exponential tail goes on."""

LEAST_SCORES: Final = 50.0
"""A phase with fewer takes those of all phases; where these are fewer too, forecasts stay as they are."""

LEVEL_BOUNDS: Final = (1 / 8, 10.0)
"""How far the surplus of misses may move the share of misses that is aimed at, by factor."""

LEAST_SURPLUS: Final = 3.0
MOST_SURPLUS: Final = 2.0
"""One surprise misses as many origins as the delay: the surplus counts by that, or by the least where that is more, and
is remembered up to so many times it."""

_TAIL_FROM: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was learnt of a quantile's misses.

    Attributes:
        level: the quantile aimed at.
        scores: by phase, how often demand by forecast, in logarithm, fell into each class, discounted by age; shape
            (edges of `CLASSES` + 1,).
        surplus: by phase, misses so far over those there should have been.
    """

    level: float
    scores: Mapping[int, FloatArray] = field(default_factory=dict)
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
    forecasts: FloatArray,
    peaks: FloatArray,
    phases: NDArray[np.intp],
    *,
    most: FloatArray,
    known: Calibration,
    delay: int,
    hour_bins: int,
) -> tuple[FloatArray, Calibration]:
    """Forecasts raised so that they are exceeded at the rate the level says, and what is known after them.

    The forecast is raised by the quantile of past scores of its phase, demand by forecast in logarithm: split
    conformal, with older scores counting less. Which quantile follows from the misses of late: a surplus of them asks
    for a higher one, a lack for a lower one, so that the rate holds where days are not alike. Feedback moves the level
    and not the width, so that a calm series is raised little.
    Source: Gibbs & Candès 2021, arXiv:2106.00170 (adaptive level); Angelopoulos, Candès & Tibshirani 2023,
    arXiv:2307.16895, section 2.3 (error integration).

    Args:
        forecasts: shape (m,), at consecutive origins, above zero.
        peaks: shape (m,), what came; NaN where it has not come yet. It is used `delay` origins later.
        phases: shape (m,), the phase that each origin aims at; closed ones are passed on as they are.
        most: shape (m,), what forecasts are not raised above.
        delay: origins until an outcome is known.
    """
    scores, surplus = dict(known.scores), dict(known.surplus)
    uppers = forecasts.copy()
    counted = np.isfinite(peaks) & (peaks > 0) & (phases != CLOSED)
    asked = 1 - known.level
    scale = max(float(delay), LEAST_SURPLUS)
    for begin in range(0, len(forecasts), hour_bins):
        end = min(begin + hour_bins, len(forecasts))
        tails = _tails(scores)
        for origin in range(begin, end):
            past, phase = origin - delay, int(phases[origin])
            if past >= 0 and counted[past]:
                then = int(phases[past])
                grown = surplus.get(then, 0.0) + float(peaks[past] > uppers[past]) - asked
                surplus[then] = min(max(grown, -MOST_SURPLUS * scale), MOST_SURPLUS * scale)
            if phase in tails:
                moved = math.exp(-surplus.get(phase, 0.0) / scale)
                share = asked * min(max(moved, LEVEL_BOUNDS[0]), LEVEL_BOUNDS[1])
                raised = float(uppers[origin]) * math.exp(tails[phase].exceeded_by(share))
                uppers[origin] = min(raised, max(uppers[origin], most[origin]))
        learnt = np.arange(max(begin - delay, 0), max(end - delay, 0))
        learnt = learnt[counted[learnt]]
        kept = 0.5 ** ((end - begin) / (24 * hour_bins * HALF_LIFE_DAYS))
        scores = _counted(scores, np.log(peaks[learnt]) - np.log(forecasts[learnt]), phases[learnt], kept=kept)
    return uppers, Calibration(level=known.level, scores=scores, surplus=surplus)


def at_level(forecast: float, level: float, *, phase: int, known: Calibration) -> float:
    """The quantile of what comes after a forecast, by past scores of its phase; the forecast itself where these are too
    few, and where closed.
    """
    tail = _tails(known.scores).get(phase)
    return forecast if tail is None else forecast * math.exp(tail.exceeded_by(1 - level))


def _tails(scores: Mapping[int, FloatArray]) -> dict[int, "_Tail"]:
    """By phase; none at all where scores are too few."""
    together = np.sum(list(scores.values()), axis=0) if scores else np.zeros(len(CLASSES) + 1)
    if together.sum() < LEAST_SCORES:
        return {}
    own = {phase: counts for phase, counts in scores.items() if counts.sum() >= LEAST_SCORES}
    return {phase: _Tail.of(own.get(phase, together)) for phase in PHASES}


def _counted(
    scores: Mapping[int, FloatArray], new_scores: FloatArray, phases: NDArray[np.intp], *, kept: float
) -> dict[int, FloatArray]:
    """Counts of scores with some more, those before fading to `kept`."""
    classes = np.searchsorted(CLASSES, new_scores)
    together = {phase: counts * kept for phase, counts in scores.items()}
    for phase in PHASES:
        mine = classes[phases == phase]
        if len(mine):
            more = np.bincount(mine, minlength=len(CLASSES) + 1).astype(np.float64)
            together[phase] = together.get(phase, 0.0) + more
    return together


@dataclass(frozen=True)
class _Tail:
    """Which score is exceeded how often: a table, and an exponential tail where scores are too few to tell.

    Attributes:
        shares: ascending shares of scores above each edge of `CLASSES`, from the highest edge down, one more score
            taken to be above all of them.
        least: the share from which down the tail goes on, from `start` and by `slope` a factor e.
    """

    shares: FloatArray
    least: float
    start: float
    slope: float

    @classmethod
    def of(cls, counts: FloatArray) -> "_Tail":
        total = float(counts.sum()) + 1.0
        shares = (np.cumsum(counts[::-1])[:-1] + 1.0) / total
        least = (TAIL_SCORES + 1.0) / total
        start, before = (_edge(shares, share) for share in (least, _TAIL_FROM * least))
        return cls(shares, least, start, max(start - before, 0.0) / math.log(_TAIL_FROM))

    def exceeded_by(self, share: float) -> float:
        """The least score that no more than this share of scores exceeds."""
        if share < self.least:
            return self.start + self.slope * math.log(self.least / share)
        return _edge(self.shares, share)


def _edge(shares: FloatArray, share: float) -> float:
    """The lowest edge above which there is no more than this share."""
    place = int(np.searchsorted(shares, share, side="right")) - 1
    return float(CLASSES[-1 - max(place, 0)])
