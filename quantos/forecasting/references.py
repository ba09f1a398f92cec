"""What demand was at the same time before, and how far today runs above or below it.

All figures at an origin use bins before that origin only: seasonal lags are at least a day, and the
horizon at most one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from quantos.errors import ForecastError
from quantos.telemetry.bins import BoolArray, FloatArray

DAY_SECONDS: Final = 86_400
WEEKS: Final = 4
LEVEL_SECONDS: Final = 2 * 3600
RECENT_SECONDS: Final = 1800
LEVEL_BOUNDS: Final = (0.25, 4.0)
MAX_UNKNOWN_SHARE: Final = 0.2
"""A horizon with a greater share of unknown open bins has no known peak."""


@dataclass(frozen=True, kw_only=True)
class DemandWindow:
    """Demand up to an origin, and when there can be any.

    Attributes:
        values: shape (n,), vCPU; NaN is unknown, zero is known to be none. The last bin ends at the origin.
        opened: shape (n + horizon_bins,); whether there can be demand, the bins after the origin included.
        bin_seconds: 60 to 3600, divides a day.
    """

    values: FloatArray
    opened: BoolArray
    bin_seconds: int

    def __post_init__(self) -> None:
        if not 60 <= self.bin_seconds <= 3600 or DAY_SECONDS % self.bin_seconds:
            raise ForecastError(
                f"bins of {self.bin_seconds} s are neither between 60 s and 3600 s nor a divisor of a day",
                remedy="choose one of the bin sizes that DecisionSettings allows",
            )
        if not 1 <= self.horizon_bins <= self.day_bins:
            raise ForecastError(
                f"a horizon of {self.horizon_bins} bins of {self.bin_seconds} s is not between one bin and one day",
                remedy="set horizon_seconds between bin_seconds and 86400",
            )

    @property
    def horizon_bins(self) -> int:
        """Bins after the origin."""
        return len(self.opened) - len(self.values)

    @property
    def day_bins(self) -> int:
        """Bins in a day."""
        return DAY_SECONDS // self.bin_seconds

    def known_open(self) -> BoolArray:
        """Which bins were measured while there could be demand, shape (n,)."""
        return np.isfinite(self.values) & self.opened[: len(self.values)]


@dataclass(frozen=True, kw_only=True)
class References:
    """Seasonal references, one figure per bin and per origin; vCPU. Origins 0..n, the last being the present.

    Attributes:
        path: shape (n + horizon,), the same bin last week, else the mean of the last days; zero where closed.
        weeks: shape (n + horizon,), mean of the same bin in the last weeks, else of the last days; zero where closed.
        days: shape (n + horizon,), mean of the same bin on the last seven days with a session; zero where closed.
        level: shape (n + 1,), recent demand over its `weeks` reference, bounded.
        recent_mean: shape (n + 1,), of the last half hour of known demand in session.
    """

    path: FloatArray
    weeks: FloatArray
    days: FloatArray
    level: FloatArray
    recent_mean: FloatArray


def references(window: DemandWindow) -> References:
    """References of every bin and origin of the window."""
    size = len(window.opened)
    open_values = np.full(size, np.nan)
    known = window.known_open()
    open_values[: len(known)][known] = window.values[known]
    day, week = window.day_bins, 7 * window.day_bins
    days = _mean_of_lags(open_values, [day * count for count in range(1, 8)])
    weeks = _else(_mean_of_lags(open_values, [week * count for count in range(1, WEEKS + 1)]), days)
    last_week = _else(_lagged(open_values, week), weeks)
    closed = ~window.opened
    for reference in (days, weeks, last_week):
        reference[closed] = 0.0
    level, recent_mean = _recent(window, weeks=weeks)
    return References(path=last_week, weeks=weeks, days=days, level=level, recent_mean=recent_mean)


def horizon_peaks(values: FloatArray, *, horizon_bins: int) -> FloatArray:
    """Greatest known value of the `horizon_bins` bins from each origin on, NaN where none is known.

    Shape (m,) to (m - horizon_bins + 1,).
    """
    windows = sliding_window_view(np.where(np.isnan(values), -np.inf, values), horizon_bins)
    peaks: FloatArray = windows.max(axis=1)
    return np.where(np.isneginf(peaks), np.nan, peaks)


def known_peaks(window: DemandWindow) -> FloatArray:
    """Greatest demand of the horizon from each past origin on, NaN where too much of it is unknown.

    Shape (n - horizon_bins + 1,), vCPU; empty for a window shorter than its horizon.
    """
    horizon = window.horizon_bins
    values = window.values
    if len(values) < horizon:
        return np.zeros(0)
    peaks = horizon_peaks(values, horizon_bins=horizon)
    unknown = np.concatenate([[0.0], np.cumsum(np.isnan(values))])
    opened = np.concatenate([[0.0], np.cumsum(window.opened[: len(values)])])
    unknown_in_horizon = unknown[horizon:] - unknown[:-horizon]
    open_in_horizon = opened[horizon:] - opened[:-horizon]
    return np.where(unknown_in_horizon > MAX_UNKNOWN_SHARE * open_in_horizon, np.nan, peaks)


def _recent(window: DemandWindow, *, weeks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level and mean at every origin, over the last known bins in session, however long ago."""
    known = window.known_open()
    before = np.concatenate([[0], np.cumsum(known)])
    values = window.values[known]
    recent_bins = max(RECENT_SECONDS // window.bin_seconds, 1)
    recent_mean = _trailing_sums(values, recent_bins)[before] / np.clip(before, 1, recent_bins)
    compared = known & np.isfinite(weeks[: len(known)])
    compared_before = np.concatenate([[0], np.cumsum(compared)])
    level_bins = max(LEVEL_SECONDS // window.bin_seconds, 1)
    measured = _trailing_sums(window.values[compared], level_bins)[compared_before]
    expected = _trailing_sums(weeks[: len(known)][compared], level_bins)[compared_before]
    level = np.divide(measured, expected, out=np.ones_like(measured), where=expected > 0)
    return np.clip(level, *LEVEL_BOUNDS), recent_mean


def _trailing_sums(values: FloatArray, count: int) -> FloatArray:
    """Sum of the last `count` values before each origin, shape (n,) to (n + 1,)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(np.arange(len(sums)) - count, 0)
    return np.maximum(sums - sums[first], 0.0)


def _lagged(values: FloatArray, lag: int) -> FloatArray:
    lagged = np.full(len(values), np.nan)
    if lag < len(values):
        lagged[lag:] = values[: len(values) - lag]
    return lagged


def _mean_of_lags(values: FloatArray, lags: list[int]) -> FloatArray:
    """Mean over the lags of which the value is known, NaN where none is."""
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for lag in lags:
        lagged = _lagged(values, lag)
        known = np.isfinite(lagged)
        total[known] += lagged[known]
        count += known
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def _else(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, otherwise)
