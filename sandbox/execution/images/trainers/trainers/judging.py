"""How good predictions of a cross-section are, out of sample."""

import math

import numpy as np

from trainers.bilstm import Array
from trainers.samples import Samples

DAYS_A_YEAR = 252
LEAST_SYMBOLS = 3


def judge(predictions: Array, samples: Samples) -> dict[str, float | int | None]:
    """Rank correlation with what came, by day, and a portfolio that is long the best third and short the worst.

    None where a figure has no value: too few symbols, or no variation.
    """
    coefficients: list[float | None] = []
    returns: list[float] = []
    for day in np.unique(samples.days):
        chosen = samples.days == day
        predicted, came = predictions[chosen], samples.targets[chosen]
        if len(came) >= LEAST_SYMBOLS:
            coefficients.append(_correlation(_ranks(predicted), _ranks(came)))
            third = len(came) // 3
            order = np.argsort(predicted, kind="stable")
            returns.append(float(came[order[-third:]].mean() - came[order[:third]].mean()))
    known = [value for value in coefficients if value is not None]
    return {
        "days": len(returns),
        "information_coefficient": float(np.mean(known)) if known else None,
        "information_coefficient_t": _ratio(known, math.sqrt(len(known))),
        "long_short_return_per_day": float(np.mean(returns)) if returns else None,
        "long_short_sharpe": _ratio(returns, math.sqrt(DAYS_A_YEAR)),
    }


def _ranks(values: Array) -> Array:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)


def _correlation(left: Array, right: Array) -> float | None:
    left, right = left - left.mean(), right - right.mean()
    scale = math.sqrt(float(left @ left) * float(right @ right))
    return float(left @ right) / scale if scale else None


def _ratio(values: list[float], factor: float) -> float | None:
    """The mean in units of the standard deviation, times a factor."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return float(np.mean(values)) / deviation * factor if deviation else None
