"""The forecast of one series: fitted and chosen once a day, carried on at every bin through what was stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from quantos.errors import ForecastError, QuantosError
from quantos.forecasting.boosting import BoostedQuantiles
from quantos.forecasting.decision_loss import Margin, Terms, losses
from quantos.forecasting.decomposition import Decompositions
from quantos.forecasting.family import Family, Parameters, Sample
from quantos.forecasting.features import DAY_SECONDS, Frame, Layout, frame_of, layout_of
from quantos.forecasting.harmonic import HarmonicRegression
from quantos.forecasting.lookback import Lookback
from quantos.forecasting.regression import QuantileRegression
from quantos.forecasting.rules import PLAIN, REACTIVE, Rules
from quantos.forecasting.selection import Ledger, Standing, blend, held_out_losses
from quantos.forecasting.sessions import has_sessions, learnt_sessions
from quantos.forecasting.threads import single_threaded
from quantos.telemetry.bins import BoolArray, FloatArray

FAMILIES: Final[Mapping[str, Family]] = {
    "rules": Rules(),
    "regression": QuantileRegression(),
    "decomposition": Decompositions(),
    "harmonic": HarmonicRegression(),
    "boosting": BoostedQuantiles(),
}
BLEND: Final = "blend"
RULE: Final = "rule"
PLAIN_LEAD: Final = 0.005
"""By what share of loss the best plain rule must be beaten, or it serves."""

LAST_RESORT: Final = Margin(1.5, 1.0)
"""What the last value is raised by where nothing has ever been held out."""

MAX_ROWS: Final = 20_000
MIN_ROWS: Final = 300
WEIGHT_HALF_LIFE_DAYS: Final = 28.0
REHEARSALS: Final = 4
_DIVERGED: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """Demand up to the present.

    Attributes:
        values: shape (n,), finite, none below zero, at least one.
        covariates: shape (n, c), what else is known at the end of each bin.
        start: when bin 0 starts, epoch seconds.
        opened: shape (n + at least the aim's last bin,), when there can be demand, as a calendar knows it; None lets it
            be learnt.
    """

    values: FloatArray
    covariates: FloatArray
    start: int
    bin_seconds: int
    opened: BoolArray | None = None

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

    def until(self, count: int) -> "Series":
        """The first `count` bins."""
        return Series(
            values=self.values[:count],
            covariates=self.covariates[:count],
            start=self.start,
            bin_seconds=self.bin_seconds,
            opened=None if self.opened is None else self.opened[: count + len(self.opened) - len(self.values)],
        )


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
    """

    layout: Layout
    terms: Terms
    end: int
    parameters: Mapping[str, Parameters]
    failures: Mapping[str, str]
    standings: Mapping[str, Standing]
    ledger: Ledger
    rule: str | None
    champion: str
    degraded: str | None
    peak: float

    @property
    def score(self) -> float | None:
        """Held-out loss of what serves, node-bins a bin; None where nothing was held out."""
        contest, bins = self.ledger.contest, self.ledger.contest_bins
        name = BLEND if self.champion == BLEND else RULE
        if name in contest and bins > 0:
            return contest[name] / bins
        standing = self.standings.get(self.champion)
        return None if standing is None else standing.loss


def fit_series(
    series: Series, terms: Terms, *, previous: FittedSeries | None = None, families: Mapping[str, Family] = FAMILIES
) -> FittedSeries:
    """Learn from all of a series, and choose who serves by days not learnt from.

    With yesterday's model, the bins since then are the ones held out; without, the fit rehearses on parts of the
    history.
    """
    with single_threaded():
        if previous is not None and previous.terms == terms and previous.layout.bin_seconds == series.bin_seconds:
            ledger = _continued(series, previous, families=families)
        else:
            ledger = _rehearsed(series, terms, families=families)
        return _learnt(series, terms, ledger=ledger, families=families)


def targets(
    fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES
) -> FloatArray:
    """The raw requirement at the end of each bin from `first` on, shape (n - first,), in the unit of demand."""
    with single_threaded():
        return _served(fitted, candidate_targets(fitted, series, first=first, families=families))


def candidate_targets(
    fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES
) -> dict[str, FloatArray]:
    """What every candidate asks for without its margin, by name, shape (n - first,).

    NaN where a candidate diverges: no finite number, or one far above anything ever seen.
    """
    frame = _frame(series, fitted.layout, first=first, end=len(series.values))
    found: dict[str, FloatArray] = {}
    for name, parameters in fitted.parameters.items():
        found |= families[name].targets(parameters, frame)
    seen = np.maximum(frame.look.maximum(fitted.layout.day_bins), max(fitted.peak, fitted.layout.least))
    return {name: np.where(values <= _DIVERGED * seen, values, np.nan) for name, values in found.items()}


def serving(fitted: FittedSeries, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What the blend and the best plain rule ask for, each shape (m,); what neither can say is absent."""
    size = fitted.terms.node_size
    blended = blend(found, fitted.standings, node_size=size)
    rule = fitted.rule
    told: dict[str, FloatArray] = {} if blended is None else {BLEND: blended}
    if rule is not None and rule in found:
        told[RULE] = fitted.standings[rule].margin.over(found[rule], node_size=size)
    return told


def _served(fitted: FittedSeries, found: Mapping[str, FloatArray]) -> FloatArray:
    told = serving(fitted, found)
    served = LAST_RESORT.over(found[REACTIVE], node_size=fitted.terms.node_size)
    for name in (RULE, BLEND) if fitted.champion == BLEND else (RULE,):
        if name in told:
            served = np.where(np.isfinite(told[name]), told[name], served)
    return served


def _frame(series: Series, layout: Layout, *, first: int, end: int) -> Frame:
    """Features of some origins, made of no more of the history than they look back on."""
    cut = max(first - layout.context_bins, 0)
    look = Lookback(series.values[cut:end], first - cut, end - cut)
    start = series.start + cut * layout.bin_seconds
    ahead = layout.aim.last_bins
    opened = None
    if layout.sessions and series.opened is not None:
        opened = series.opened[cut : end + ahead]
    elif layout.sessions:
        clock_bin = start // layout.bin_seconds
        opened = learnt_sessions(look.values, ahead=ahead, day_bins=layout.day_bins, clock_bin=clock_bin)
    return frame_of(look, layout, start=start, covariates=series.covariates[cut:end], opened=opened)


def _learnt(series: Series, terms: Terms, *, ledger: Ledger, families: Mapping[str, Family]) -> FittedSeries:
    count = len(series.values)
    layout = layout_of(
        bin_seconds=series.bin_seconds,
        aim=terms.aim,
        history_bins=count,
        least=1e-3 * terms.node_size,
        sessions=_with_sessions(series, terms),
    )
    parameters, failures = _fitted(series, terms, layout=layout, families=families)
    standings = ledger.standings()
    rule = next((name for name in standings if name in PLAIN), None)
    champion, degraded = _champion(ledger, rule=rule)
    return FittedSeries(
        layout=layout,
        terms=terms,
        end=series.start + count * series.bin_seconds,
        parameters=parameters,
        failures=failures,
        standings=standings,
        rule=rule,
        ledger=ledger,
        champion=champion,
        degraded=degraded,
        peak=float(series.values.max()),
    )


def _with_sessions(series: Series, terms: Terms) -> bool:
    day_bins = DAY_SECONDS // series.bin_seconds
    if terms.aim.last_bins > day_bins or len(series.values) < 2 * day_bins:
        return False
    return has_sessions(series.values, bin_seconds=series.bin_seconds)


def _fitted(
    series: Series, terms: Terms, *, layout: Layout, families: Mapping[str, Family]
) -> tuple[dict[str, Parameters], dict[str, str]]:
    """Parameters by family, and why a family has none."""
    count = len(series.values)
    end = count - terms.aim.last_bins
    first = max(end - MAX_ROWS, min(layout.day_bins, count // 4))
    parameters: dict[str, Parameters] = {}
    failures: dict[str, str] = {}
    rules = {name: family for name, family in families.items() if isinstance(family, Rules)}
    learning = {name: family for name, family in families.items() if name not in rules}
    last = _frame(series, layout, first=count - 1, end=count)
    for name, family in rules.items():
        parameters[name] = family.fit(_sample(last, series, terms=terms))
    if end - first < MIN_ROWS:
        reason = f"history too short: {max(end - first, 0)} past decisions can be learnt from, {MIN_ROWS} are needed"
        return parameters, dict.fromkeys(learning, reason)
    if not np.ptp(series.values[first:]) > 0:
        return parameters, dict.fromkeys(learning, "demand never changes")
    sample = _sample(_frame(series, layout, first=first, end=end), series, terms=terms)
    for name, family in learning.items():
        try:
            parameters[name] = family.fit(sample)
        except (QuantosError, ArithmeticError, ValueError, np.linalg.LinAlgError) as exc:
            failures[name] = f"model error: {exc}"
    return parameters, failures


def _sample(frame: Frame, series: Series, *, terms: Terms) -> Sample:
    count, size = len(series.values), len(frame.scale)
    offset = frame.clock_bin - series.start // series.bin_seconds + frame.look.first
    peaks = terms.aim.peaks(series.values)[offset : offset + size]
    age_days = (count - offset - np.arange(size)) * series.bin_seconds / DAY_SECONDS
    return Sample(
        frame=frame,
        peaks=peaks,
        weights=0.5 ** (age_days / WEIGHT_HALF_LIFE_DAYS),
        level=terms.critical_level,
    )


def _champion(ledger: Ledger, *, rule: str | None) -> tuple[str, str | None]:
    """Who serves, and why it is a lesser one than there should be."""
    if rule is None:
        return REACTIVE, "nothing has been held out yet: the last value serves with a stated margin"
    contest = ledger.contest
    if contest.get(BLEND, 0.0) > (1 - PLAIN_LEAD) * contest.get(RULE, np.inf):
        return rule, None
    return BLEND, None


def _continued(series: Series, previous: FittedSeries, *, families: Mapping[str, Family]) -> Ledger:
    """The ledger with the bins since the previous fit."""
    ledger = previous.ledger.copy()
    first = (previous.end - series.start) // series.bin_seconds
    if first < len(series.values):
        _add_held_out(ledger, previous, series=series, first=first, families=families)
    return ledger


def _rehearsed(series: Series, terms: Terms, *, families: Mapping[str, Family]) -> Ledger:
    """A ledger made by fitting on the beginning of the history and deciding on what followed, several times."""
    ledger = Ledger()
    count = len(series.values)
    cuts = np.linspace(count // 3, count, REHEARSALS + 1).astype(int).tolist()
    for cut, end in pairwise(cuts):
        if 1 < cut < end:
            fitted = _learnt(series.until(cut), terms, ledger=ledger, families=families)
            _add_held_out(ledger, fitted, series=series.until(end), first=cut, families=families)
    return ledger


def _add_held_out(
    ledger: Ledger, fitted: FittedSeries, *, series: Series, first: int, families: Mapping[str, Family]
) -> None:
    lead_in = max(first - fitted.terms.memory_bins, 0)
    found = candidate_targets(fitted, series, first=lead_in, families=families)
    found = {name: np.where(np.isnan(values), found[REACTIVE], values) for name, values in found.items()}
    demand, skip = series.values[lead_in:], first - lead_in
    days = (len(series.values) - first) * series.bin_seconds / DAY_SECONDS
    ledger.add(held_out_losses(demand, found, fitted.terms, skip=skip), days=days)
    told = serving(fitted, found)
    if {BLEND, RULE} <= told.keys():
        ledger.add_contest(
            {name: losses(demand, values, fitted.terms)[skip:] for name, values in told.items()}, days=days
        )
