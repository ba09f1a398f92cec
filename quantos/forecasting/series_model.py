"""The forecast of one series: fitted and chosen once a day, carried on at every bin through what was stored."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from quantos.arrays import BoolArray, FloatArray
from quantos.errors import ForecastError
from quantos.forecasting.evaluation.calibration import Calibration
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.evaluation.selection import Ledger, Standing
from quantos.forecasting.features.learnt_sessions import learnt_sessions
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.features.origins import Frame, Layout, frame_of
from quantos.forecasting.features.wall_time import Clocked, seen_at, seen_from, spans, together
from quantos.forecasting.models.boosting import BoostedQuantiles
from quantos.forecasting.models.decomposition import Decompositions
from quantos.forecasting.models.family import Family, Parameters
from quantos.forecasting.models.harmonic import HarmonicRegression
from quantos.forecasting.models.regression import QuantileRegression
from quantos.forecasting.models.rules import Rules

FAMILIES: Final[Mapping[str, Family]] = {
    "rules": Rules(),
    "regression": QuantileRegression(),
    "decomposition": Decompositions(),
    "harmonic": HarmonicRegression(),
    "boosting": BoostedQuantiles(),
}
BLEND: Final = "blend"
RULE: Final = "rule"
_DIVERGED: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """Demand up to the present.

    Attributes:
        values: shape (n,), finite, none below zero, at least one.
        covariates: by name, shape (n, k) each, what else is known at the end of each bin, finite.
        start: when bin 0 starts, epoch seconds.
        opened: shape (n + at least the aim's last bin,), when there can be demand, as a calendar knows it; None lets it
            be learnt.
        complete: shape (n,), where demand is known whole; from other bins nothing is learnt. None where it always is.
        parts: demand by the clock that its times of day go by, adding up to `values`, `opened` likewise; the first says
            what time of day it is. None goes by UTC.
    """

    values: FloatArray
    start: int
    bin_seconds: int
    covariates: Mapping[str, FloatArray] = field(default_factory=dict)
    opened: BoolArray | None = None
    complete: BoolArray | None = None
    parts: tuple[Clocked, ...] = ()

    def __post_init__(self) -> None:
        if not 60 <= self.bin_seconds <= 3600:
            raise ForecastError(
                f"bins of {self.bin_seconds} s are not between 60 s and 3600 s",
                remedy="resample the series to bins of 1 to 60 minutes",
            )
        if len(self.values) == 0 or not np.isfinite(self.values).all() or self.values.min() < 0:
            raise ForecastError(
                "a series is empty, or not finite, or below zero somewhere", remedy="clean the demand before"
            )

    @property
    def learnable(self) -> FloatArray:
        """The values, NaN where nothing is to be learnt from them, shape (n,)."""
        return self.values if self.complete is None else np.where(self.complete, self.values, np.nan)

    def until(self, count: int) -> "Series":
        """The first `count` bins."""
        return replace(
            self,
            values=self.values[:count],
            covariates={name: columns[:count] for name, columns in self.covariates.items()},
            opened=None if self.opened is None else self.opened[: count + len(self.opened) - len(self.values)],
            complete=None if self.complete is None else self.complete[:count],
            parts=tuple(part.until(count) for part in self.parts),
        )

    def seen_from(self, origin: int) -> "Series":
        """The series by the clocks on the wall at an origin: its times are local, and its past is at those times."""
        if not self.parts:
            return self
        moved = [seen_from(part, origin, bin_seconds=self.bin_seconds) for part in self.parts]
        values, opened = together(moved)
        start, complete = self.start + int(self.parts[0].offsets[origin]), self.complete
        if complete is not None:
            places = [seen_at(part.offsets, origin, bin_seconds=self.bin_seconds) for part in self.parts]
            complete = np.logical_and.reduce([np.concatenate([complete[at], complete[len(at) :]]) for at in places])
        return replace(self, values=values, opened=opened, complete=complete, start=start, parts=())

    def knowing(self, names: Collection[str]) -> "Series":
        """The series with no other covariates than these."""
        return replace(self, covariates={name: item for name, item in self.covariates.items() if name in names})


@dataclass(frozen=True, kw_only=True)
class FittedSeries:
    """All that is needed to decide without learning again.

    Attributes:
        end: when the last bin that was learnt from ends, epoch seconds.
        parameters: by family; a family that could not be fitted is absent.
        failures: why a family is absent, by family.
        rule: the best of the plain rules; None while nothing has been held out.
        champion: the blend, or that rule.
        peak: the highest demand learnt from.
        calibration: how the upper quantile has held on what was held out.
        weights: by expert, how far each is followed from the fit on (`tracking`); those absent start by trust.
    """

    layout: Layout
    terms: CapacityEconomics
    end: int
    parameters: Mapping[str, Parameters]
    failures: Mapping[str, str]
    standings: Mapping[str, Standing]
    ledger: Ledger
    rule: str | None
    champion: str
    degraded: str | None
    peak: float
    calibration: Calibration
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """Held-out loss of what serves, node-bins a bin; None where nothing was held out."""
        contest, bins = self.ledger.contest, self.ledger.contest_bins
        name = BLEND if self.champion == BLEND else RULE
        if name in contest and bins > 0:
            return contest[name] / bins
        standing = self.standings.get(self.champion)
        return None if standing is None else standing.loss

    def bins_learnt(self, series: Series) -> int:
        """How many bins of a series this was learnt from; below zero where it starts later."""
        return (self.end - series.start) // series.bin_seconds


def candidate_targets(
    fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES
) -> dict[str, FloatArray]:
    """What every candidate asks for without its margin, by name, shape (n - first,).

    NaN where a candidate diverges: no finite number, or one far above anything ever seen.
    """
    parts = [
        _targets(fitted, seen, first=begin, end=end, families=families)
        for seen, begin, end in views(series, fitted.layout, first=first)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def views(series: Series, layout: Layout, *, first: int) -> Iterator[tuple[Series, int, int]]:
    """The origins from `first` on in runs, as (begin, end), with the series as it is seen from each."""
    parts = series.parts if layout.local else ()
    for begin, end in spans(parts, first=first, end=len(series.values)):
        yield (series.seen_from(begin) if parts else series), begin, end


def _targets(
    fitted: FittedSeries, series: Series, *, first: int, end: int, families: Mapping[str, Family]
) -> dict[str, FloatArray]:
    frame = frame_at(series, fitted.layout, first=first, end=end)
    targets: dict[str, FloatArray] = {}
    for name, parameters in fitted.parameters.items():
        targets |= families[name].targets(parameters, frame)
    seen = np.maximum(frame.look.maximum(fitted.layout.day_bins), max(fitted.peak, fitted.layout.least))
    return {name: np.where(values <= _DIVERGED * seen, values, np.nan) for name, values in targets.items()}


def frame_at(series: Series, layout: Layout, *, first: int, end: int) -> Frame:
    """Features of some origins, made of no more of the history than they look back on."""
    cut = max(first - layout.context_bins, 0)
    look = Lookback(series.values[cut:end], first - cut, end - cut)
    start = series.start + cut * layout.bin_seconds
    opened = None
    if layout.sessions:
        opened = opened_at(series, layout, first=cut, end=end, ahead=layout.aim.last_bins)
    known = [series.covariates[name][cut:end] for name in layout.covariates]
    covariates = np.hstack(known) if known else np.zeros((end - cut, 0))
    return frame_of(look, layout, start=start, covariates=covariates, opened=opened)


def opened_at(series: Series, layout: Layout, *, first: int, end: int, ahead: int) -> BoolArray:
    """When there can be demand, from bin `first` to `ahead` bins after `end`, known or learnt."""
    if series.opened is not None:
        return series.opened[first : end + ahead]
    clock_bin = series.start // layout.bin_seconds + first
    return learnt_sessions(series.values[first:end], ahead=ahead, day_bins=layout.day_bins, clock_bin=clock_bin)
