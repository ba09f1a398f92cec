"""Features of each day's cross-section, and the return that a model is to tell.

A feature of a day knows that day's close and earlier ones; `target` is the next day's return beyond the market's.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from feature_kit.panel import Matrix, Panel

TARGET = "target"
_FAST, _SLOW = 5, 20


def _past_return(panel: Panel, days: int) -> Matrix:
    """Over the last days, shape (days, symbols)."""
    past = np.full_like(panel.close, np.nan)
    past[days:] = panel.close[days:] / panel.close[:-days] - 1.0
    return past


def _return_over(days: int) -> Callable[[Panel], Matrix]:
    def over(panel: Panel) -> Matrix:
        return _past_return(panel, days)

    return over


def _volatility(panel: Panel) -> Matrix:
    """Standard deviation of the last 20 daily returns."""
    return _rolling(_past_return(panel, 1), np.std)


def _volume_surprise(panel: Panel) -> Matrix:
    """Logarithm of a day's volume over the mean of the last 20 days'."""
    mean = _rolling(panel.volume, np.mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(panel.volume / mean)


def _rolling(values: Matrix, of: Callable[..., Matrix]) -> Matrix:
    rolled = np.full_like(values, np.nan)
    if len(values) >= _SLOW:
        windows = np.lib.stride_tricks.sliding_window_view(values, _SLOW, axis=0)
        rolled[_SLOW - 1 :] = of(windows, axis=-1)
    return rolled


def cross_section_ranks(values: Matrix) -> Matrix:
    """Each day's values as ranks from -1 to 1, NaN where there is no value; ties are in order of symbols."""
    finite = np.isfinite(values)
    order = np.argsort(np.argsort(np.where(finite, values, np.inf), axis=1, kind="stable"), axis=1, kind="stable")
    most = np.maximum(finite.sum(axis=1, keepdims=True) - 1, 1)
    return np.where(finite, 2.0 * order / most - 1.0, np.nan)


_V1 = {"return_1d": _return_over(1), "return_5d": _return_over(_FAST), "volatility_20d": _volatility}
_V2 = {**_V1, "return_20d": _return_over(_SLOW), "volume_surprise": _volume_surprise}
VIEWS = MappingProxyType({"xs_v1": _V1, "xs_v2": _V2})
"""Features by view; all are ranks of a day's cross-section."""


def features_of(panel: Panel, view: str) -> dict[str, Matrix]:
    """All features of a view and the target, each of shape (days, symbols)."""
    following = np.full_like(panel.close, np.nan)
    following[:-1] = panel.close[1:] / panel.close[:-1] - 1.0
    count = np.isfinite(following).sum(axis=1, keepdims=True)
    market = np.nansum(following, axis=1, keepdims=True) / np.maximum(count, 1)
    ranked = {name: cross_section_ranks(feature(panel)) for name, feature in VIEWS[view].items()}
    return {**ranked, TARGET: following - market}
