"""Harmonic regression: daily and weekly Fourier terms, with autoregressive errors."""

import warnings
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.features.origins import Frame, Layout
from quantos.forecasting.models.autoregression import ORDER, ahead_weights, autoregression, weighted_lags
from quantos.forecasting.models.family import Parameters, Sample, greatest, upper_residual

HARMONIC: Final = "harmonic-regression"
DAILY_TERMS: Final = 6
WEEKLY_TERMS: Final = 3
FITTED_DAYS: Final = 28
MAX_BINS: Final = 10_000
LEAST_DAYS: Final = 3
_ROUNDS: Final = 2


class HarmonicRegression:
    """Fourier terms by feasible generalised least squares (statsmodels' GLSAR), errors autoregressive.

    The model is that of SARIMAX with Fourier terms as regressors; this way it is fitted in milliseconds instead of
    minutes at 288 bins a day.
    """

    names: tuple[str, ...] = (HARMONIC,)

    def fit(self, sample: Sample) -> Parameters:
        """Coefficients, the errors' autoregression, and how far demand reaches above the forecast.

        Raises:
            ForecastError: the history is too short or never moves.
        """
        from statsmodels.regression.linear_model import GLSAR  # noqa: PLC0415  over a second to import

        look, layout = sample.frame.look, sample.frame.layout
        bins = min(FITTED_DAYS * layout.day_bins, MAX_BINS, look.end)
        if bins < LEAST_DAYS * layout.day_bins:
            raise ForecastError(
                f"a harmonic regression needs {LEAST_DAYS} days of history", remedy="other candidates serve until then"
            )
        indices = np.arange(look.end - bins, look.end)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            model = GLSAR(look.values[indices], _terms(sample.frame.clock_bin + indices, layout), rho=ORDER)
            coefficients = np.asarray(model.iterative_fit(maxiter=_ROUNDS).params)
        if not np.isfinite(coefficients).all():
            raise ForecastError("harmonic regression has no finite solution", remedy="other candidates serve")
        errors = look.values[indices] - _terms(sample.frame.clock_bin + indices, layout) @ coefficients
        parameters = {"coefficients": coefficients, "weights": autoregression(errors)}
        return parameters | {"above": upper_residual(sample, _points(parameters, sample.frame))}

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """The forecast, raised by how far demand has reached above it, none below zero."""
        return {HARMONIC: np.maximum(_points(parameters, frame) + parameters["above"][0] * frame.scale, 0.0)}


def _points(parameters: Parameters, frame: Frame) -> FloatArray:
    look, layout, aim = frame.look, frame.layout, frame.layout.aim
    coefficients = parameters["coefficients"]
    indices = np.arange(max(look.first - ORDER, 0), look.end + aim.last_bins)
    course = np.zeros(look.end + aim.last_bins)
    course[indices] = _terms(frame.clock_bin + indices, layout) @ coefficients
    errors = Lookback(look.values[: look.end] - course[: look.end], look.first, look.end)
    origins = np.arange(look.first, look.end)
    return greatest(
        [
            course[origins + bins] + weighted_lags(errors, ahead_weights(parameters["weights"], bins=bins))
            for bins in range(aim.first_bins, aim.last_bins + 1)
        ]
    )


def _terms(indices: np.ndarray, layout: Layout) -> FloatArray:
    """Sines and cosines at some bins, and a constant; the week counts once it can be told from the days."""
    day = 2 * np.pi * indices / layout.day_bins
    angles = [count * day for count in range(1, DAILY_TERMS + 1)]
    if layout.weeks:
        angles += [count * day / 7 for count in range(1, WEEKLY_TERMS + 1)]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.column_stack([*waves, np.ones(len(indices))])
