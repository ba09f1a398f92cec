"""Linear quantile regression of the aimed-at demand on season, level and recent demand."""

import warnings
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.features.origins import Frame
from quantos.forecasting.models.family import Parameters, Sample

REGRESSION: Final = "quantile-regression"
MAX_ROWS: Final = 2500
_MAX_ITERATIONS: Final = 100


class QuantileRegression:
    """Source: Koenker & Bassett 1978; statsmodels' QuantReg, by the scale of each origin."""

    names: tuple[str, ...] = (REGRESSION,)

    def fit(self, sample: Sample) -> Parameters:
        """Coefficients at the level that is paid for.

        Raises:
            ForecastError: it did not converge.
        """
        from statsmodels.regression.quantile_regression import QuantReg  # noqa: PLC0415  over a second to import
        from statsmodels.tools.sm_exceptions import IterationLimitWarning  # noqa: PLC0415  as above

        rows = sample.rows(MAX_ROWS)
        design = _design(sample.frame)[rows]
        used = [*np.flatnonzero(np.ptp(design, axis=0) > 0).tolist(), design.shape[1] - 1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", IterationLimitWarning)
            model = QuantReg(sample.peaks[rows] / sample.frame.scale[rows], design[:, used])
            result = model.fit(q=sample.level, vcov="iid", max_iter=_MAX_ITERATIONS, p_tol=1e-4)
        coefficients = np.zeros(design.shape[1])
        coefficients[used] = np.asarray(result.params)
        if not np.isfinite(coefficients).all():
            raise ForecastError(
                f"quantile regression at level {sample.level:g} has no finite solution",
                remedy="other candidates serve; look at the series for long constant stretches",
            )
        return {"coefficients": coefficients}

    def targets(self, parameters: Parameters, frame: Frame) -> dict[str, FloatArray]:
        """The regression's quantile, none below zero."""
        return {REGRESSION: np.maximum(_design(frame) @ parameters["coefficients"], 0.0) * frame.scale}


def _design(frame: Frame) -> FloatArray:
    return np.column_stack([frame.columns[:, list(frame.linear)], np.ones(len(frame.scale))])
