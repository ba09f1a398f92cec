"""Autoregressive remainders: fitted once, then carried ahead as a weighted sum of the last few values."""

import numpy as np

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.lookback import Lookback

ORDER = 4


def autoregression(values: FloatArray) -> FloatArray:
    """Coefficients of an ARIMA(p, 0, 0), the last value's first, shape (ORDER,).

    Burg's method, which always gives a stationary model; statsmodels.

    Raises:
        ForecastError: the values are too few, or all the same.
    """
    from statsmodels.regression.linear_model import burg  # noqa: PLC0415  over a second to import

    if len(values) <= 4 * ORDER or not np.ptp(values) > 0:
        raise ForecastError(
            f"no autoregression can be fitted to {len(values)} values that may not differ",
            remedy="other candidates serve",
        )
    coefficients, _ = burg(values, order=ORDER, demean=False)
    return np.asarray(coefficients, dtype=np.float64)


def ahead_weights(coefficients: FloatArray, *, bins: int) -> FloatArray:
    """Weights of the last ORDER values, the last one's first, that forecast the value `bins` ahead; shape (ORDER,)."""
    order = len(coefficients)
    companion = np.zeros((order, order))
    companion[0] = coefficients
    companion[1:, :-1] = np.eye(order - 1)
    return np.asarray(np.linalg.matrix_power(companion, bins)[0])


def weighted_lags(look: Lookback, weights: FloatArray) -> FloatArray:
    """Sum of the last values by weight at each origin, shape (m,)."""
    return np.sum([weight * look.at(lag) for lag, weight in enumerate(weights)], axis=0)
