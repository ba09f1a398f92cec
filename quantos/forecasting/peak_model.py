"""The forecast of a pool: quantiles of its largest demand within the horizon, the top one being what to hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from quantos.arrays import FloatArray
from quantos.contracts.demand import Forecast, RejectedModel
from quantos.errors import ForecastError
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import BLEND, FittedSeries, Series
from quantos.forecasting.serving import answered

LAST_VALUE: Final = "last-value"
LAST_VALUE_MARGIN: Final = 1.5
"""What the last value is raised by at the top level; half of the raise goes to the levels above the median."""

SIGNAL_DAYS: Final = 7
"""On how many UTC days a signal must have been known before it is learnt from."""

SIGNAL_LEAD: Final = 0.005
"""By what share of loss a model with signals must beat the one without, or the latter serves."""


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """What serves, with its parameters.

    Attributes:
        levels: quantile levels, ascending; the last is the one that is held.
        series: None where nothing could be learnt, and the last value serves.
        degraded: why a lesser model serves than the history should allow; None when all is well.
        plain: the same learnt without signals; it serves while one of them is silent. None where none is used.
        scarce: signals that could not be learnt from, and why.
        refused: the model with signals, where the one without serves since they do not pay.
    """

    levels: tuple[float, ...]
    terms: CapacityEconomics
    bin_seconds: int
    horizon_bins: int
    series: FittedSeries | None = None
    degraded: str | None = None
    plain: "FittedModel | None" = None
    scarce: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[RejectedModel, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the signals that it looks at."""
        return () if self.series is None else self.series.layout.covariates


@dataclass(frozen=True, kw_only=True)
class PeakForecast:
    """Quantiles of the largest demand within the horizon, and the path they are laid along.

    Attributes:
        asked: what was calibrated into the upper value: the raw requirement that a backtest on the same terms has at
            the same origin, vCPU to six decimals; None where nothing could be learnt.
        peaks: one a level, vCPU to six decimals, ascending.
        path: one a bin of the horizon, 0 to 1, the expected course of demand by its own maximum.
        score: held-out loss of what serves, node-bins a bin; `rejected` has the others'.
        signals: names of those that were looked at.
    """

    model: str
    levels: tuple[float, ...]
    peaks: tuple[float, ...]
    path: tuple[float, ...]
    score: float | None
    rejected: tuple[RejectedModel, ...]
    degraded: str | None
    signals: tuple[str, ...] = ()
    asked: float | None = None

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
            values=tuple(tuple(peak * share for share in self.path) for peak in self.peaks),
            model=self.model,
            score=self.score,
            rejected=self.rejected,
            degraded=self.degraded,
        )


def fit(
    window: DemandWindow, *, levels: Sequence[float], terms: CapacityEconomics, previous: FittedModel | None = None
) -> FittedModel:
    """Fit all candidates on a window and let those serve whose decisions would have cost least on days held out.

    Signals known on `SIGNAL_DAYS` are looked at where that makes decisions cheaper by `SIGNAL_LEAD` on those days; then
    what serves without them is fitted as well.

    Args:
        window: demand up to the moment of fitting, vCPU.
        levels: 0.5 and above, ascending.
        terms: how capacity is bought; they must aim at the window's horizon.
        previous: what served before, whose account of days held out goes on.

    Raises:
        ForecastError: the levels are not ascending from 0.5 up within (0, 1), or the terms aim elsewhere.
    """
    wanted = tuple(levels)
    if not wanted or wanted[0] != 0.5 or list(wanted) != sorted(set(wanted)) or wanted[-1] >= 1:
        raise ForecastError(
            f"quantile levels {wanted} do not ascend from 0.5 towards 1", remedy="pass levels such as (0.5, 0.9, 0.985)"
        )
    if terms.aim.last_bins != window.horizon_bins:
        raise ForecastError(
            f"terms that aim {terms.aim.last_bins} bins ahead do not fit a horizon of {window.horizon_bins}",
            remedy="let the lead be a bin shorter than the horizon",
        )
    bare = FittedModel(levels=wanted, terms=terms, bin_seconds=window.bin_seconds, horizon_bins=window.horizon_bins)
    try:
        series = window.series()
    except ForecastError as exc:
        return replace(bare, degraded=exc.what)
    days = window.signal_days()
    scarce = {name: f"known on {count} of {SIGNAL_DAYS} days" for name, count in days.items() if count < SIGNAL_DAYS}
    before, informed_before = _before(previous)
    plain = replace(_learnt(bare, series.knowing(()), previous=before), scarce=scarce)
    signals = sorted(days.keys() - scarce.keys())
    if plain.series is None or not signals:
        return plain
    return _with_signals(plain, _learnt(bare, series.knowing(signals), previous=informed_before))


def predict(fitted: FittedModel, window: DemandWindow) -> PeakForecast:
    """Quantiles of the largest demand of the horizon after the window, through stored parameters only.

    Raises:
        ForecastError: the window has another bin size or horizon than the model was fitted for.
    """
    if (window.bin_seconds, window.horizon_bins) != (fitted.bin_seconds, fitted.horizon_bins):
        raise ForecastError(
            f"a model for {fitted.horizon_bins} bins of {fitted.bin_seconds} s was given a window for "
            f"{window.horizon_bins} bins of {window.bin_seconds} s",
            remedy="fit again for the new decision settings",
        )
    if fitted.series is None:
        return _forecast(fitted, window, peaks=_last_value_peaks(fitted, window))
    try:
        series = window.series()
    except ForecastError as exc:
        bare = replace(fitted, series=None, degraded=exc.what)
        return _forecast(bare, window, peaks=_last_value_peaks(bare, window))
    if fitted.plain is not None and (silence := window.silence(fitted.signals)):
        without = predict(fitted.plain, window)
        return replace(without, degraded=clauses(_silent(silence), without.degraded))
    last = len(series.values) - 1
    uppers = answered(fitted.series, series, first=last)
    peaks = [*(uppers.last_at(level) for level in fitted.levels[:-1]), float(uppers.values[-1])]
    if not window.opens:
        peaks = [0.0] * len(peaks)
    served = fitted
    if uppers.decided.demoted[-1]:
        served = replace(fitted, degraded=f"demoted to {fitted.series.rule}, which did better over the last hour")
    forecast = _forecast(served, window, peaks=np.maximum.accumulate(peaks))
    return replace(forecast, asked=round(float(uppers.decided.targets[-1]), 6))


def _before(previous: FittedModel | None) -> tuple[FittedSeries | None, FittedSeries | None]:
    """What served before without signals, and with them where it did."""
    if previous is None:
        return None, None
    if previous.plain is None:
        return previous.series, None
    return previous.plain.series, previous.series


def _learnt(bare: FittedModel, series: Series, *, previous: FittedSeries | None) -> FittedModel:
    """What is learnt from a series and the signals in it."""
    fitted = fit_series(series, bare.terms, previous=previous)
    if not fitted.standings:
        return replace(bare, degraded=fitted.degraded)
    return replace(bare, series=fitted, degraded=fitted.degraded)


def _with_signals(plain: FittedModel, informed: FittedModel) -> FittedModel:
    """The model with signals where it pays, else the one without."""
    if plain.series is None or informed.series is None:
        return plain
    without, score = plain.series.score, informed.series.score
    if without is not None and score is not None and score <= (1 - SIGNAL_LEAD) * without:
        return replace(informed, plain=plain, scarce=plain.scarce)
    name = f"with {', '.join(informed.signals)}"
    reason = "no less decision loss on days held out than without"
    return replace(plain, refused=(RejectedModel(model=name, score=score, reason=reason),))


def _silent(silence: Mapping[str, int | None]) -> str:
    """Which signals are silent, since when, and what serves."""
    signals = [
        f"{name} since {datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M} UTC" if last is not None else name
        for name, last in silence.items()
    ]
    return f"silent: {', '.join(signals)}; what was learnt without signals serves"


def clauses(*texts: str | None) -> str | None:
    """Those that there are, as one text; None where there is none."""
    return "; ".join(clause for clause in texts if clause) or None


def _last_value_peaks(fitted: FittedModel, window: DemandWindow) -> FloatArray:
    """The largest known demand of the last horizon, raised towards the top level by a stated margin."""
    recent = window.estimates()[-window.horizon_bins :]
    known = recent[np.isfinite(recent)]
    last = float(known.max()) if len(known) else 0.0
    middle = (1 + LAST_VALUE_MARGIN) / 2
    raises = [1.0, *(middle for _ in fitted.levels[1:-1]), LAST_VALUE_MARGIN]
    return last * np.asarray(raises[-len(fitted.levels) :])


def _forecast(fitted: FittedModel, window: DemandWindow, *, peaks: FloatArray) -> PeakForecast:
    series = fitted.series
    scarce = [f"{name} is left out, {reason}" for name, reason in fitted.scarce.items()]
    return PeakForecast(
        model=LAST_VALUE if series is None else _name(series),
        levels=fitted.levels,
        peaks=tuple(round(float(peak), 6) for peak in peaks),
        path=tuple(window.course().tolist()),
        score=None if series is None else series.score,
        rejected=() if series is None else (*fitted.refused, *_rejected(series)),
        degraded=clauses(fitted.degraded, *scarce),
        signals=fitted.signals,
    )


def _name(series: FittedSeries) -> str:
    if series.champion != BLEND:
        return series.champion
    parts = sorted(series.standings.items(), key=lambda item: -item[1].weight)
    return "blend of " + ", ".join(f"{name} {item.weight:.0%}" for name, item in parts if item.weight >= 0.05)


def _rejected(series: FittedSeries) -> tuple[RejectedModel, ...]:
    """Every candidate that does not serve, with its loss and why; best first."""
    serving = (
        {series.champion}
        if series.champion != BLEND
        else {name for name, item in series.standings.items() if item.weight > 0}
    )
    lost = tuple(
        RejectedModel(model=name, score=item.loss, reason="greater decision loss on days held out")
        for name, item in series.standings.items()
        if name not in serving
    )
    failed = tuple(RejectedModel(model=name, score=None, reason=text) for name, text in series.failures.items())
    return lost + failed
