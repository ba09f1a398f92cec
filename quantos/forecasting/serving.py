"""What a fitted series asks for: the blend of its candidates, or a plain rule where that does better; and quantiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from quantos.arrays import BoolArray, FloatArray
from quantos.forecasting.evaluation.calibration import (
    CLOSED,
    CLOSING,
    MIDDLE,
    OPENING,
    Calibration,
    at_level,
    calibrated,
    phases_of,
)
from quantos.forecasting.evaluation.decision_loss import Margin, losses
from quantos.forecasting.evaluation.selection import blend
from quantos.forecasting.evaluation.tracking import CHAMPION, tracked
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.models.boosting import expected
from quantos.forecasting.models.family import Family
from quantos.forecasting.models.rules import COMBINED_DAY, COMBINED_SESSION, REACTIVE, STATIC
from quantos.forecasting.series_model import (
    BLEND,
    FAMILIES,
    RULE,
    FittedSeries,
    Series,
    candidate_targets,
    frame_at,
    opened_at,
    views,
)
from quantos.forecasting.threads import single_threaded

LAST_RESORT: Final = Margin(1.5, 1.0)
"""What the last value is raised by where nothing has ever been held out."""

MOST_RAISED: Final = 1.25
"""Calibration raises nothing above the highest demand ever seen by more than this factor; what is asked for may be."""

DEMOTED_AT: Final = 2.0
"""The champion's loss over the last hour, by the best plain rule's, from which on that rule serves."""


FOLLOWED: Final = (REACTIVE, STATIC, COMBINED_DAY)
FOLLOWED_IN_SESSIONS: Final = (COMBINED_SESSION,)
"""Plain rules that are followed beside the champion and the best of all rules. With sessions, those that know of none
look cheap while they are closed, and miss the opening."""

FOLLOWED_DAYS: Final = 2
"""What came since the fit is learnt from, of so many days at most where the fit is older."""


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What is asked for at the end of each of some bins.

    Attributes:
        targets: shape (m,), raw requirement in the unit of demand.
        demoted: shape (m,), where the best plain rule stands in for the champion, which did worse over the last hour.
        weights: by expert, how far each is followed after them.
    """

    targets: FloatArray
    demoted: BoolArray
    weights: Mapping[str, float]

    def since(self, skip: int) -> "Decisions":
        """All but the first `skip` of them."""
        return Decisions(targets=self.targets[skip:], demoted=self.demoted[skip:], weights=self.weights)


def decide(fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES) -> Decisions:
    """Decide at the end of each bin from `first` on, as `answered` does."""
    return answered(fitted, series, first=first, families=families).decided


def answered(
    fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES
) -> "UpperForecasts":
    """What is asked for at the end of each bin from `first` on, and the upper value calibrated over it.

    Through stored parameters, and what came since the fit, only: decisions and backtests both go this way, and it is no
    matter whether bins are asked about one by one or together.
    """
    since = first_followed(fitted, series, first=first)
    return uppers(fitted, series, first=since, families=families).since(first - since)


def first_followed(fitted: FittedSeries, series: Series, *, first: int) -> int:
    """The bin from which on experts are followed, to decide from bin `first` on: the first after the fit."""
    oldest = len(series.values) - 1 - FOLLOWED_DAYS * fitted.layout.day_bins
    return min(max(fitted.bins_learnt(series), oldest, 0), first)


def serving(fitted: FittedSeries, targets: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What the blend and the best plain rule ask for, each shape (m,); what neither can say is absent."""
    size = fitted.terms.node_size
    blended = blend(targets, fitted.standings, node_size=size)
    rule = fitted.rule
    asked: dict[str, FloatArray] = {} if blended is None else {BLEND: blended}
    if rule is not None and rule in targets:
        asked[RULE] = fitted.standings[rule].margin.over(targets[rule], node_size=size)
    return asked


def _decided(fitted: FittedSeries, targets: Mapping[str, FloatArray], series: Series, *, first: int) -> Decisions:
    """The mean of the experts by how far each is followed, and never less than demand measured within
    `measured_bins`; nothing for where it is known that there can be none.

    `targets` ends with the series; from bin `first` of it on weights are learnt.
    """
    size = len(targets[REACTIVE])
    begin = len(series.values) - size
    demand = series.values[begin:]
    champion, demoted = _champion(fitted, targets, demand=demand)
    shut = _known_shut(fitted, series, first=begin)
    asked = {name: np.where(shut, 0.0, values) for name, values in _experts(fitted, targets, champion).items()}
    best = min((standing.loss for standing in fitted.standings.values()), default=0.0)
    followed = tracked(
        asked,
        demand,
        fitted.terms,
        weights=fitted.weights,
        first=first - begin,
        scale=max(best, 1.0),
        day_bins=fitted.layout.day_bins,
    )
    measured = Lookback(series.values, begin, len(series.values)).maximum(fitted.terms.measured_bins)
    return Decisions(targets=np.maximum(followed.targets, measured), demoted=demoted, weights=followed.weights)


def _known_shut(fitted: FittedSeries, series: Series, *, first: int) -> BoolArray:
    """At which origins a calendar knows that there can be no demand in the bins aimed at, shape (n - first,)."""
    count = len(series.values) - first
    if series.opened is None:
        return np.zeros(count, dtype=np.bool_)
    aim = fitted.terms.aim
    aimed = sliding_window_view(series.opened[first + aim.first_bins :], aim.last_bins - aim.first_bins + 1)
    return np.logical_not(aimed[:count].any(axis=1))


def _experts(fitted: FittedSeries, targets: Mapping[str, FloatArray], champion: FloatArray) -> dict[str, FloatArray]:
    """Who may be followed, each shape (m,); one that says nothing asks for what the champion does."""
    experts = {CHAMPION: champion}
    followed = FOLLOWED_IN_SESSIONS if fitted.layout.sessions else FOLLOWED
    for name, rule in [(RULE, fitted.rule), *((name, name) for name in followed)]:
        if rule in targets and rule in fitted.standings:
            asked = fitted.standings[rule].margin.over(targets[rule], node_size=fitted.terms.node_size)
            experts[name] = np.where(np.isfinite(asked), asked, champion)
    return experts


def _champion(
    fitted: FittedSeries, targets: Mapping[str, FloatArray], *, demand: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """What the champion asks for, the next best where it says nothing, the best plain rule where it is demoted; of the
    last hour before the first origin nothing is known.
    """
    asked = serving(fitted, targets)
    served = LAST_RESORT.over(targets[REACTIVE], node_size=fitted.terms.node_size)
    for name in (RULE, BLEND) if fitted.champion == BLEND else (RULE,):
        if name in asked:
            served = np.where(np.isfinite(asked[name]), asked[name], served)
    demoted = np.zeros(len(served), dtype=np.bool_)
    if RULE in asked and fitted.champion == BLEND:
        demoted = _demoted(fitted, served, asked[RULE], demand=demand)
        served = np.where(demoted, asked[RULE], served)
    return served, demoted


def _demoted(fitted: FittedSeries, served: FloatArray, rule: FloatArray, *, demand: FloatArray) -> BoolArray:
    """Where the last hour of decisions cost more than `DEMOTED_AT` times what the rule's would have; shape (m,)."""
    hour = fitted.layout.hour_bins
    skip = fitted.terms.memory_bins
    if len(demand) <= skip:
        return np.zeros(len(demand), dtype=np.bool_)
    ours, theirs = (
        np.convolve(losses(demand, asked, fitted.terms)[skip:], np.ones(hour))[: len(demand) - skip]
        for asked in (served, rule)
    )
    return np.concatenate([np.zeros(skip, dtype=np.bool_), ours > DEMOTED_AT * theirs])


@dataclass(frozen=True, kw_only=True)
class UpperForecasts:
    """Calibrated upper quantiles of the greatest demand within the aim, at the terms' critical level.

    Attributes:
        values: shape (m,), in the unit of demand.
        decided: what was calibrated.
        phases: shape (m,), the phase of a session that each origin aims at.
        after: what is known of the quantile's misses after them.
    """

    values: FloatArray
    decided: Decisions
    phases: NDArray[np.intp]
    after: Calibration

    def since(self, skip: int) -> "UpperForecasts":
        """All but the first `skip` of them."""
        return UpperForecasts(
            values=self.values[skip:],
            decided=self.decided.since(skip),
            phases=self.phases[skip:],
            after=self.after,
        )

    def last_at(self, level: float) -> float:
        """Another quantile at the last origin, at most the upper one."""
        quantile = at_level(float(self.decided.targets[-1]), level, phase=int(self.phases[-1]), known=self.after)
        return min(quantile, float(self.values[-1]))


def uppers(
    fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES
) -> UpperForecasts:
    """The calibrated upper quantile at the end of each bin from `first` on, which is the first after the fit."""
    before = fitted.terms.aim.last_bins + fitted.layout.hour_bins + fitted.terms.memory_bins
    with single_threaded():
        targets = candidate_targets(fitted, series, first=max(first - before, 0), families=families)
    return calibration_over(fitted, targets, series, first=first)


def expectations(fitted: FittedSeries, series: Series, *, first: int) -> FloatArray:
    """Mean of the greatest demand within the aim, from bin `first` on, shape (m,); else what the best rule says."""
    with single_threaded():
        if "boosting" in fitted.parameters:
            frames = [
                frame_at(seen, fitted.layout, first=begin, end=end)
                for seen, begin, end in views(series, fitted.layout, first=first)
            ]
            return np.concatenate([expected(fitted.parameters["boosting"], frame) for frame in frames])
        targets = candidate_targets(fitted, series, first=first)
    return targets[fitted.rule or REACTIVE]


def calibration_over(
    fitted: FittedSeries, targets: Mapping[str, FloatArray], series: Series, *, first: int
) -> UpperForecasts:
    """What would be decided, raised or lowered by what its misses taught, from bin `first` on.

    `targets`, up to the series' end, begins before `first` by the aim's last bin where the series does, so that what
    had not come by then is learnt.
    """
    aim, layout = fitted.terms.aim, fitted.layout
    lead_in = max(first - aim.last_bins, 0)
    size = len(targets[REACTIVE])
    decided = _decided(fitted, targets, series, first=first)
    skip = lead_in - (len(series.values) - size)
    asked = np.maximum(decided.targets[skip:], layout.least)
    phases = _aimed_phases(fitted, series, first=lead_in)
    values, after = calibrated(
        asked,
        aim.peaks(series.learnable)[lead_in:],
        phases,
        most=MOST_RAISED * np.maximum(np.maximum.accumulate(series.values[lead_in:]), fitted.peak),
        known=fitted.calibration,
        delay=aim.last_bins,
        hour_bins=layout.hour_bins,
    )
    part = slice(first - lead_in, None)
    return UpperForecasts(
        values=values[part],
        decided=decided.since(skip + first - lead_in),
        phases=phases[part],
        after=after,
    )


def _aimed_phases(fitted: FittedSeries, series: Series, *, first: int) -> NDArray[np.intp]:
    """The phase that each origin from `first` on aims at: of those within its aim the opening, the middle, the closing
    comes first.
    """
    layout = fitted.layout
    if not layout.sessions:
        return np.full(len(series.values) - first, MIDDLE)
    return np.concatenate(
        [_phases_in(seen, fitted, first=begin, end=end) for seen, begin, end in views(series, layout, first=first)]
    )


def _phases_in(series: Series, fitted: FittedSeries, *, first: int, end: int) -> NDArray[np.intp]:
    aim, layout = fitted.terms.aim, fitted.layout
    cut = max(first - layout.context_bins, 0)
    opened = opened_at(series, layout, first=cut, end=end, ahead=aim.last_bins)
    phases = phases_of(opened, hour_bins=layout.hour_bins)[first - cut + aim.first_bins :]
    aimed = sliding_window_view(phases, aim.last_bins - aim.first_bins + 1)
    aim_phases = np.full(len(aimed), CLOSED)
    for phase in (CLOSING, MIDDLE, OPENING):
        aim_phases[(aimed == phase).any(axis=1)] = phase
    return aim_phases
