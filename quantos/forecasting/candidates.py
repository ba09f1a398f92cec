"""The two candidates: what each makes of the references at an origin, and how it is fitted.

Both aim at the largest demand within the horizon, since that is what a floor must hold.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from quantos.errors import ForecastError
from quantos.forecasting.references import DemandWindow, References, horizon_peaks, known_peaks
from quantos.telemetry.bins import FloatArray

if TYPE_CHECKING:
    from statsmodels.regression.quantile_regression import QuantReg

MAX_ROWS: Final = 2500
"""Origins that a regression is fitted on; more are thinned out evenly."""

_MAX_ITERATIONS: Final = 1500


@dataclass(frozen=True, kw_only=True)
class Origins:
    """What is known at each origin of a window, and what came of it.

    Attributes:
        naive: shape (m,), largest level-corrected demand of the same horizon last week, vCPU.
        features: shape (m, k), by `scale`.
        scale: shape (m,), vCPU; zero where nothing is expected.
        peaks: shape (m,), largest demand of the horizon, vCPU; NaN where unknown, as at the present origin.
    """

    naive: FloatArray
    features: FloatArray
    scale: FloatArray
    peaks: FloatArray

    def usable(self) -> NDArray[np.intp]:
        """Indices of the origins that a model can learn from or be judged on."""
        finite = np.isfinite(self.features).all(axis=1) & np.isfinite(self.peaks)
        return np.flatnonzero(finite & (self.naive > 0))


def origins(window: DemandWindow, reference: References) -> Origins:
    """Every origin of the window, the present one last; m = n + 1."""
    horizon = window.horizon_bins
    level = reference.level
    naive = level * horizon_peaks(reference.path, horizon_bins=horizon)
    weeks = horizon_peaks(reference.weeks, horizon_bins=horizon)
    days = horizon_peaks(reference.days, horizon_bins=horizon)
    scale = np.nan_to_num(np.maximum(np.maximum(weeks, days), naive))
    columns = (weeks, days, weeks * level, reference.recent_mean)
    features = np.full((len(naive), len(columns) + 1), np.nan)
    features[:, 0] = 1.0
    for index, column in enumerate(columns, start=1):
        np.divide(column, scale, out=features[:, index], where=scale > 0)
    peaks = np.full(len(naive), np.nan)
    known = known_peaks(window)[: len(naive) - 1]
    peaks[: len(known)] = known
    return Origins(naive=naive, features=features, scale=scale, peaks=peaks)


def naive_ratios(found: Origins, rows: NDArray[np.intp], *, levels: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of what came over what seasonal naive with level said."""
    ratios = found.peaks[rows] / found.naive[rows]
    return tuple(float(ratio) for ratio in np.quantile(ratios, levels))


def regression_coefficients(
    found: Origins, rows: NDArray[np.intp], *, levels: Sequence[float]
) -> tuple[tuple[float, ...], ...]:
    """Coefficients of a linear quantile regression of the scaled peak on the features, one row a level.

    Source: Koenker & Bassett 1978; statsmodels' QuantReg.

    Raises:
        ForecastError: it did not converge.
    """
    from statsmodels.regression.quantile_regression import QuantReg  # noqa: PLC0415  over a second to import

    stride = -(-len(rows) // MAX_ROWS)
    thinned = rows[::stride]
    model = QuantReg(found.peaks[thinned] / found.scale[thinned], found.features[thinned])
    return tuple(_fit_level(model, level) for level in levels)


def pinball_loss(actual: FloatArray, predicted: FloatArray, *, level: float) -> float:
    """Mean pinball loss at `level`, in the unit of `actual`."""
    error = actual - predicted
    return float(np.mean(np.maximum(level * error, (level - 1) * error)))


def _fit_level(model: "QuantReg", level: float) -> tuple[float, ...]:
    from statsmodels.tools.sm_exceptions import IterationLimitWarning  # noqa: PLC0415  as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("error", IterationLimitWarning)
        try:
            result = model.fit(q=level, vcov="iid", max_iter=_MAX_ITERATIONS, p_tol=1e-5)
        except IterationLimitWarning as exc:
            raise ForecastError(
                f"quantile regression at level {level:g} did not converge in {_MAX_ITERATIONS} iterations",
                remedy="seasonal naive serves instead; look at the series for long constant stretches",
            ) from exc
    return tuple(float(value) for value in np.asarray(result.params))
