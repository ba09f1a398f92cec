"""Forecasts that take the season off first: STL, then an ARIMA or a damped Holt-Winters on what remains."""

import warnings
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.features.origins import Frame, Layout
from quantos.forecasting.models.autoregression import ORDER, ahead_weights, autoregression, weighted_lags
from quantos.forecasting.models.family import Parameters, Sample, greatest, upper_residual

STL_ARIMA: Final = "stl-arima"
HOLT_WINTERS: Final = "holt-winters"
FITTED_DAYS: Final = 10
LEAST_DAYS: Final = 3
WARM_UP_BINS: Final = 240
"""Bins before the first origin from which level and trend are run up; what lies before has faded."""

_HOLT_BINS: Final = 600
_ARIMA_BINS: Final = 4000


class Decompositions:
    """A day's profile by STL, with the remainder carried ahead in two ways.

    stl-arima: the remainder about its daily mean is autoregressive.
    holt-winters: level and damped trend by exponential smoothing, additive season. The season comes from STL, since
    smoothing 288 seasonal states takes minutes and diverges.
    """

    names: tuple[str, ...] = (STL_ARIMA, HOLT_WINTERS)

    def fit(self, sample: Sample) -> Parameters:
        """Profile, autoregression, smoothing parameters, and how far demand reaches above each forecast.

        Raises:
            ForecastError: the history is too short or never moves.
        """
        look, layout = sample.frame.look, sample.frame.layout
        values = look.values[: look.end][-FITTED_DAYS * layout.day_bins :]
        if len(values) < LEAST_DAYS * layout.day_bins:
            raise ForecastError(
                f"a decomposition needs {LEAST_DAYS} days of history", remedy="other candidates serve until then"
            )
        clock_bin = sample.frame.clock_bin
        profile = _profile(values, first=clock_bin + look.end - len(values), day_bins=layout.day_bins)
        rest = Lookback(_without(look, profile, clock_bin=clock_bin), look.first, look.end)
        parameters = {
            "profile": profile,
            "weights": autoregression(_remainder(rest, layout).values[look.end - len(values) :][-_ARIMA_BINS:]),
            "smoothing": _smoothing(rest.values[: look.end][-_HOLT_BINS:]),
        }
        points = _points(parameters, sample.frame)
        return parameters | {f"above/{name}": upper_residual(sample, points[name]) for name in self.names}

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """Each forecast, raised by how far demand has reached above it, none below zero."""
        points = _points(parameters, frame)
        return {
            name: np.maximum(points[name] + parameters[f"above/{name}"][0] * frame.scale, 0.0) for name in self.names
        }


def _profile(values: FloatArray, *, first: int, day_bins: int) -> FloatArray:
    """Mean seasonal component by bin of the UTC day, shape (day_bins,); `first` counts from a midnight."""
    from statsmodels.tsa.stl._stl import STL  # noqa: PLC0415  over a second to import

    jump = max(day_bins // 10, 1)
    fitted = STL(
        values, period=day_bins, seasonal=7, seasonal_jump=1, trend_jump=jump, low_pass_jump=jump, robust=False
    ).fit()
    seasonal = np.asarray(fitted.seasonal)[-(len(values) // day_bins) * day_bins :]
    shift = (first + len(values) - len(seasonal)) % day_bins
    return np.roll(seasonal.reshape(-1, day_bins).mean(axis=0), shift)


def _without(look: Lookback, profile: FloatArray, *, clock_bin: int) -> FloatArray:
    """The series less its profile, shape (n,)."""
    return look.values - profile[(clock_bin + np.arange(len(look.values))) % len(profile)]


def _remainder(rest: Lookback, layout: Layout) -> Lookback:
    """The deseasonalised series about its mean of the last day, from as far back as forecasts at the origins need."""
    first = max(rest.first - ORDER, 0)
    remainder = np.zeros(len(rest.values))
    span = Lookback(rest.values, first, rest.end)
    remainder[first : rest.end] = span.at(0) - _daily_mean(span, layout)
    return Lookback(remainder, rest.first, rest.end)


def _daily_mean(rest: Lookback, layout: Layout) -> FloatArray:
    sums = np.cumsum(np.concatenate([[0.0], rest.span(0, layout.day_bins)]))
    return (sums[layout.day_bins :] - sums[: -layout.day_bins]) / layout.day_bins


def _smoothing(rest: FloatArray) -> FloatArray:
    """Smoothing of level and trend, and damping, shape (3,); statsmodels' damped Holt."""
    from statsmodels.tsa.holtwinters import Holt  # noqa: PLC0415  over a second to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = Holt(rest / rest.std(), damped_trend=True, initialization_method="estimated").fit(optimized=True)
        except (ValueError, np.linalg.LinAlgError) as exc:
            raise ForecastError(
                f"damped Holt-Winters cannot be fitted: {exc}", remedy="other candidates serve"
            ) from exc
    smoothing = np.array([fitted.params[name] for name in ("smoothing_level", "smoothing_trend", "damping_trend")])
    if not np.isfinite(smoothing).all():
        raise ForecastError("damped Holt-Winters has no finite parameters", remedy="other candidates serve")
    return smoothing


def _points(parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
    """Point forecasts of the greatest demand within the aim, by name, shape (m,)."""
    look, layout, aim = frame.look, frame.layout, frame.layout.aim
    profile = parameters["profile"]
    rest = Lookback(_without(look, profile, clock_bin=frame.clock_bin), look.first, look.end)
    remainder, mean = _remainder(rest, layout), _daily_mean(rest, layout)
    level, trend = _holt(rest, parameters["smoothing"])
    damping = parameters["smoothing"][2]
    arima: list[FloatArray] = []
    holt: list[FloatArray] = []
    for bins in range(aim.first_bins, aim.last_bins + 1):
        season = profile[(frame.clock_bin + np.arange(look.first, look.end) + bins) % len(profile)]
        arima.append(season + mean + weighted_lags(remainder, ahead_weights(parameters["weights"], bins=bins)))
        holt.append(season + level + trend * float(np.sum(damping ** np.arange(1, bins + 1))))
    return {STL_ARIMA: greatest(arima), HOLT_WINTERS: greatest(holt)}


def _holt(rest: Lookback, smoothing: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level and trend at each origin, both shape (m,)."""
    alpha, beta, damping = (float(value) for value in smoothing)
    first = max(rest.first - WARM_UP_BINS, 0)
    values = rest.values[first : rest.end].tolist()
    level, trend = values[0], 0.0
    levels: list[float] = []
    trends: list[float] = []
    for value in values:
        before = level
        level = alpha * value + (1 - alpha) * (level + damping * trend)
        trend = beta * (level - before) + (1 - beta) * damping * trend
        levels.append(level)
        trends.append(trend)
    return np.array(levels[rest.first - first :]), np.array(trends[rest.first - first :])
