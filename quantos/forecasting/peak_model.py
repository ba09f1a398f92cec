"""The forecast of a pool's demand: fitted once a day, predicting at every bin through the stored parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from quantos.contracts.demand import Forecast, RejectedModel
from quantos.errors import ForecastError
from quantos.forecasting.candidates import (
    Origins,
    naive_ratios,
    origins,
    pinball_loss,
    regression_coefficients,
)
from quantos.forecasting.references import DemandWindow, References, references
from quantos.telemetry.bins import FloatArray

ModelName = Literal["quantile-regression", "seasonal-naive", "last-value"]

REGRESSION: Final[ModelName] = "quantile-regression"
NAIVE: Final[ModelName] = "seasonal-naive"
LAST_VALUE: Final[ModelName] = "last-value"

MIN_NAIVE_ORIGINS: Final = 60
"""Fewer past origins with a reference, and the last value serves."""

MIN_REGRESSION_ORIGINS: Final = 400
"""Fewer, and seasonal naive serves without a contest."""

HELD_OUT_SHARE: Final = 0.25
LAST_VALUE_MARGIN: Final = 1.5
"""What the last value is raised by at the top level; half of the raise goes to the levels above the median."""


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """What serves, with its parameters: plain values, so that it can be kept and compared.

    Attributes:
        levels: quantile levels, ascending.
        ratios: seasonal naive's quantiles over its point forecast, one a level; empty when it could not be fitted.
        coefficients: of the regression, one row a level; empty unless it serves.
        score: pinball loss at the top level on the held-out origins, vCPU; None when none were held out.
        degraded: why a lesser model serves than the history should allow; None when all is well.
    """

    model: ModelName
    levels: tuple[float, ...]
    horizon_bins: int
    bin_seconds: int
    ratios: tuple[float, ...] = ()
    coefficients: tuple[tuple[float, ...], ...] = ()
    score: float | None = None
    rejected: tuple[RejectedModel, ...] = ()
    degraded: str | None = None


@dataclass(frozen=True, kw_only=True)
class PeakForecast:
    """Quantiles of the largest demand within the horizon, and the path they are laid along.

    Attributes:
        peaks: one a level, vCPU to six decimals, ascending.
        path: shape (horizon_bins,), 0 to 1, the expected course of demand by its own maximum.
    """

    model: ModelName
    levels: tuple[float, ...]
    peaks: tuple[float, ...]
    path: FloatArray
    score: float | None
    rejected: tuple[RejectedModel, ...]
    degraded: str | None

    @property
    def expected(self) -> float:
        """Median of the largest demand, vCPU."""
        return self.peaks[0]

    @property
    def upper(self) -> float:
        """Top quantile of the largest demand, vCPU."""
        return self.peaks[-1]

    @property
    def upper_level(self) -> float:
        """The level of `upper`."""
        return self.levels[-1]

    def contract(self, *, series: str, origin: datetime, bin_seconds: int) -> Forecast:
        """The forecast as it goes out.

        The quantiles of the largest demand are laid along the expected course, so that a level's values together hold
        the whole horizon with that probability; each single step is held with more.
        """
        return Forecast(
            series=series,
            made_at=origin,
            start=origin.astimezone(UTC),
            bin_seconds=bin_seconds,
            levels=self.levels,
            values=tuple(tuple(float(peak * share) for share in self.path) for peak in self.peaks),
            model=self.model,
            score=self.score,
            rejected=self.rejected,
            degraded=self.degraded,
        )


def fit(window: DemandWindow, *, levels: Sequence[float]) -> FittedModel:
    """Fit both candidates on a window and let the better serve.

    The last `HELD_OUT_SHARE` of the origins judges what was fitted on those before it; the winner is fitted again on
    all. Too little history degrades by rule, and says so.

    Args:
        window: demand up to the moment of fitting, vCPU.
        levels: 0.5 and above, ascending; the last is the one that candidates are scored at.

    Raises:
        ForecastError: the levels are not ascending from 0.5 up within (0, 1).
    """
    wanted = tuple(levels)
    if not wanted or wanted[0] != 0.5 or list(wanted) != sorted(set(wanted)) or wanted[-1] >= 1:
        raise ForecastError(
            f"quantile levels {wanted} do not ascend from 0.5 towards 1", remedy="pass levels such as (0.5, 0.9, 0.985)"
        )
    found = origins(window, references(window))
    rows = found.usable()
    bare = FittedModel(
        model=LAST_VALUE, levels=wanted, horizon_bins=window.horizon_bins, bin_seconds=window.bin_seconds
    )
    if len(rows) < MIN_NAIVE_ORIGINS:
        reason = (
            f"history too short: {len(rows)} past horizons can be compared, seasonal naive needs {MIN_NAIVE_ORIGINS}"
        )
        return replace(bare, degraded=reason, rejected=_untried((REGRESSION, NAIVE), reason=reason))
    naive = replace(bare, model=NAIVE, ratios=naive_ratios(found, rows, levels=wanted))
    if len(rows) < MIN_REGRESSION_ORIGINS:
        reason = (
            f"history too short: {len(rows)} past horizons can be compared, regression needs {MIN_REGRESSION_ORIGINS}"
        )
        return replace(naive, degraded=reason, rejected=_untried((REGRESSION,), reason=reason))
    return _contest(naive, found=found, rows=rows)


def predict(fitted: FittedModel, window: DemandWindow) -> PeakForecast:
    """Quantiles of the largest demand of the horizon after the window, through stored parameters only.

    What the serving model cannot say in finite numbers, seasonal naive says; what that cannot, the last value; and
    `degraded` names it.

    Raises:
        ForecastError: the window has another bin size or horizon than the model was fitted for.
    """
    if (window.bin_seconds, window.horizon_bins) != (fitted.bin_seconds, fitted.horizon_bins):
        raise ForecastError(
            f"a model for {fitted.horizon_bins} bins of {fitted.bin_seconds} s was given a window for "
            f"{window.horizon_bins} bins of {window.bin_seconds} s",
            remedy="fit again for the new decision settings",
        )
    reference = references(window)
    path = _path(window, reference)
    if not window.opened[len(window.values) :].any():
        return _forecast(fitted, model=fitted.model, peaks=np.zeros(len(fitted.levels)), path=path)
    found = origins(window, reference)
    model, peaks = fitted.model, _model_peaks(fitted, found)
    degraded = fitted.degraded
    if model == REGRESSION and not np.isfinite(peaks).all():
        model, peaks, degraded = NAIVE, _naive_peaks(fitted, found), "non-finite output of quantile-regression"
    if not np.isfinite(peaks).all():
        degraded = degraded or "no demand is known at the same time of an earlier day"
        model, peaks = LAST_VALUE, _last_value_peaks(fitted, window)
    return _forecast(replace(fitted, degraded=degraded), model=model, peaks=peaks, path=path)


def _contest(naive: FittedModel, *, found: Origins, rows: NDArray[np.intp]) -> FittedModel:
    held = rows[-int(len(rows) * HELD_OUT_SHARE) :]
    learned = rows[rows + naive.horizon_bins <= held[0]]
    top = naive.levels[-1:]
    actual = found.peaks[held]
    (ratio,) = naive_ratios(found, learned, levels=top)
    naive_score = pinball_loss(actual, found.naive[held] * ratio, level=top[0])
    try:
        (coefficients,) = regression_coefficients(found, learned, levels=top)
        predicted = np.maximum(found.features[held] @ np.asarray(coefficients), 0.0) * found.scale[held]
        score = pinball_loss(actual, predicted, level=top[0])
        if score < naive_score:
            return replace(
                naive,
                model=REGRESSION,
                coefficients=regression_coefficients(found, rows, levels=naive.levels),
                score=score,
                rejected=(RejectedModel(model=NAIVE, score=naive_score, reason="greater loss on held-out days"),),
            )
    except ForecastError as exc:
        return replace(naive, score=naive_score, rejected=_untried((REGRESSION,), reason=exc.what))
    lost = RejectedModel(model=REGRESSION, score=score, reason="no smaller loss on held-out days than seasonal naive")
    return replace(naive, score=naive_score, rejected=(lost,))


def _untried(models: Sequence[ModelName], *, reason: str) -> tuple[RejectedModel, ...]:
    return tuple(RejectedModel(model=model, score=None, reason=reason) for model in models)


def _model_peaks(fitted: FittedModel, found: Origins) -> FloatArray:
    """What the serving model says at the present origin, NaN where it cannot; shape (levels,)."""
    if fitted.model == REGRESSION:
        peaks = np.asarray(fitted.coefficients) @ found.features[-1] * found.scale[-1]
        return np.maximum.accumulate(np.maximum(peaks, 0.0))
    return _naive_peaks(fitted, found)


def _naive_peaks(fitted: FittedModel, found: Origins) -> FloatArray:
    if not fitted.ratios:
        return np.full(len(fitted.levels), np.nan)
    return np.asarray(fitted.ratios) * found.naive[-1]


def _last_value_peaks(fitted: FittedModel, window: DemandWindow) -> FloatArray:
    """The largest known demand of the last horizon, raised towards the top level by a stated margin."""
    recent = window.values[-window.horizon_bins :]
    known = recent[np.isfinite(recent)]
    last = float(known.max()) if len(known) else 0.0
    middle = (1 + LAST_VALUE_MARGIN) / 2
    raises = [1.0, *(middle for _ in fitted.levels[1:-1]), LAST_VALUE_MARGIN]
    return last * np.asarray(raises[-len(fitted.levels) :])


def _path(window: DemandWindow, reference: References) -> FloatArray:
    """The seasonal course over the horizon by its maximum; level where none is known; zero where closed."""
    count = len(window.values)
    course = np.nan_to_num(reference.weeks[count:])
    opened = window.opened[count:].astype(np.float64)
    return course / course.max() if course.max() > 0 else opened


def _forecast(fitted: FittedModel, *, model: ModelName, peaks: FloatArray, path: FloatArray) -> PeakForecast:
    return PeakForecast(
        model=model,
        levels=fitted.levels,
        peaks=tuple(round(float(peak), 6) for peak in peaks),
        path=path,
        score=fitted.score if model == fitted.model else None,
        rejected=fitted.rejected,
        degraded=fitted.degraded,
    )
