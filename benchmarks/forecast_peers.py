"""Forecasts of other libraries and planners, at the same origins: a point and an upper quantile each."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsforecast.models import MSTL, AutoETS
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from quantos.arrays import FloatArray

SEASONS_KEPT = 14
HPA_SEASONS = 3
HPA_SMOOTHING = 0.9
LONGEST_SEASON = 300
Origins = NDArray[np.intp]


@dataclass(frozen=True)
class PeerForecast:
    """At each origin: the value expected `ahead` bins later, and its upper quantile; both shape (m,)."""

    points: FloatArray
    uppers: FloatArray


def seasonal_naive(values: FloatArray, origins: Origins, *, ahead: int, day: int, level: float) -> PeerForecast:
    """The same time yesterday, raised by the quantile of its errors over two weeks."""
    points = values[origins + ahead - day]
    uppers = np.empty(len(points))
    for index, origin in enumerate(origins):
        past = values[max(origin + 1 - SEASONS_KEPT * day, 0) : origin + 1]
        errors = past[day:] - past[:-day]
        uppers[index] = points[index] + (np.quantile(errors, level) if len(errors) else 0.0)
    return PeerForecast(points, uppers)


def mstl_autoets(
    values: FloatArray, origins: Origins, *, ahead: int, day: int, level: float, days: Origins
) -> PeerForecast:
    """statsforecast's MSTL with AutoETS on the trend, fitted at each of `days` for the day after it."""
    points, uppers = np.full(len(origins), np.nan), np.full(len(origins), np.nan)
    two_sided = round(100 * (2 * level - 1))
    for begin in days:
        model = MSTL(season_length=day, trend_forecaster=AutoETS(model="ZZN"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forecast = model.forecast(
                y=values[max(begin - SEASONS_KEPT * day, 0) : begin], h=day + ahead, level=[two_sided]
            )
        mine = np.flatnonzero((origins >= begin) & (origins < begin + day))
        steps = origins[mine] + ahead - begin
        points[mine] = np.asarray(forecast["mean"])[steps]
        uppers[mine] = np.asarray(forecast[f"hi-{two_sided}"])[steps]
    return PeerForecast(points, uppers)


def holt_winters(values: FloatArray, origins: Origins, *, ahead: int, day: int, level: float) -> PeerForecast:
    """statsmodels' additive Holt-Winters with fixed smoothing, refitted at each origin, as the predictive HPA does it.

    Its upper quantile is normal, by the spread of its errors. Bins are merged where a day has more than 300.
    """
    merged = -(-day // LONGEST_SEASON)
    points, uppers = np.empty(len(origins)), np.empty(len(origins))
    spread = float(pd.Series([level]).map(_normal_quantile).iloc[0])
    for index, origin in enumerate(origins):
        past = values[origin + 1 - HPA_SEASONS * day : origin + 1]
        past = past[: len(past) // merged * merged].reshape(-1, merged).mean(axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ExponentialSmoothing(
                past, trend="add", seasonal="add", seasonal_periods=day // merged, initialization_method="heuristic"
            ).fit(
                smoothing_level=HPA_SMOOTHING,
                smoothing_trend=HPA_SMOOTHING,
                smoothing_seasonal=HPA_SMOOTHING,
                optimized=False,
            )
        steps = -(-ahead // merged)
        points[index] = np.asarray(model.forecast(steps))[-1]
        uppers[index] = points[index] + spread * float(np.std(np.asarray(model.resid)))
    return PeerForecast(points, uppers)


def pinball(actual: FloatArray, upper: FloatArray, *, level: float) -> float:
    """Mean pinball loss, in the unit of demand."""
    error = actual - upper
    return float(np.nanmean(np.maximum(level * error, (level - 1) * error)))


def mase(actual: FloatArray, points: FloatArray, *, values: FloatArray, day: int) -> float:
    """Mean absolute error by that of the same time yesterday on the training part."""
    scale = float(np.abs(values[day:] - values[:-day]).mean())
    return float(np.nanmean(np.abs(actual - points)) / max(scale, 1e-12))


def _normal_quantile(level: float) -> float:
    from scipy.stats import norm  # noqa: PLC0415

    return float(norm.ppf(level))
