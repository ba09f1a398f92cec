"""What a fitted series asks for: the blend of its candidates, or a plain rule where that does better; and quantiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from quantos.forecasting.boosting import expected
from quantos.forecasting.calibration import (
    CLOSED,
    CLOSING,
    MIDDLE,
    OPENING,
    Calibration,
    at_level,
    calibrated,
    phases_of,
)
from quantos.forecasting.decision_loss import Margin, losses
from quantos.forecasting.family import Family
from quantos.forecasting.rules import REACTIVE
from quantos.forecasting.selection import blend
from quantos.forecasting.series_model import (
    BLEND,
    FAMILIES,
    RULE,
    FittedSeries,
    Series,
    candidate_targets,
    frame_at,
    opened_at,
)
from quantos.forecasting.threads import single_threaded
from quantos.telemetry.bins import BoolArray, FloatArray

LAST_RESORT: Final = Margin(1.5, 1.0)
"""What the last value is raised by where nothing has ever been held out."""

MOST_RAISED: Final = 1.25
"""Calibration raises nothing above the highest demand ever seen by more than this factor; what is asked for may be."""

DEMOTED_AT: Final = 2.0
"""The champion's loss over the last hour, by the best plain rule's, from which on that rule serves."""


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What is asked for at the end of each of some bins.

    Attributes:
        targets: shape (m,), raw requirement in the unit of demand.
        demoted: shape (m,), where the best plain rule serves since the champion did worse over the last hour.
    """

    targets: FloatArray
    demoted: BoolArray


def decide(fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES) -> Decisions:
    """Decide at the end of each bin from `first` on, through stored parameters only."""
    lead_in = max(first - fitted.layout.hour_bins - fitted.terms.memory_bins, 0)
    with single_threaded():
        found = candidate_targets(fitted, series, first=lead_in, families=families)
    decided = _decided(fitted, found, demand=series.values[lead_in:])
    skip = first - lead_in
    return Decisions(targets=decided.targets[skip:], demoted=decided.demoted[skip:])


def serving(fitted: FittedSeries, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What the blend and the best plain rule ask for, each shape (m,); what neither can say is absent."""
    size = fitted.terms.node_size
    blended = blend(found, fitted.standings, node_size=size)
    rule = fitted.rule
    told: dict[str, FloatArray] = {} if blended is None else {BLEND: blended}
    if rule is not None and rule in found:
        told[RULE] = fitted.standings[rule].margin.over(found[rule], node_size=size)
    return told


def _decided(fitted: FittedSeries, found: Mapping[str, FloatArray], *, demand: FloatArray) -> Decisions:
    """What the champion asks for, the next best where it says nothing, the best plain rule where it is demoted; of the
    last hour before the first origin nothing is known.
    """
    told = serving(fitted, found)
    served = LAST_RESORT.over(found[REACTIVE], node_size=fitted.terms.node_size)
    for name in (RULE, BLEND) if fitted.champion == BLEND else (RULE,):
        if name in told:
            served = np.where(np.isfinite(told[name]), told[name], served)
    demoted = np.zeros(len(served), dtype=np.bool_)
    if RULE in told and fitted.champion == BLEND:
        demoted = _demoted(fitted, served, told[RULE], demand=demand)
        served = np.where(demoted, told[RULE], served)
    return Decisions(targets=served, demoted=demoted)


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
class Uppers:
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

    def last_at(self, level: float) -> float:
        """Another quantile at the last origin, at most the upper one."""
        found = at_level(float(self.decided.targets[-1]), level, phase=int(self.phases[-1]), known=self.after)
        return min(found, float(self.values[-1]))


def uppers(fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES) -> Uppers:
    """The calibrated upper quantile at the end of each bin from `first` on, which is the first after the fit."""
    before = fitted.terms.aim.last_bins + fitted.layout.hour_bins + fitted.terms.memory_bins
    with single_threaded():
        found = candidate_targets(fitted, series, first=max(first - before, 0), families=families)
    return calibration_over(fitted, found, series, first=first)


def expectations(fitted: FittedSeries, series: Series, *, first: int) -> FloatArray:
    """Mean of the greatest demand within the aim, from bin `first` on, shape (m,); else what the best rule says."""
    with single_threaded():
        if "boosting" in fitted.parameters:
            frame = frame_at(series, fitted.layout, first=first, end=len(series.values))
            return expected(fitted.parameters["boosting"], frame)
        found = candidate_targets(fitted, series, first=first)
    return found[fitted.rule or REACTIVE]


def calibration_over(fitted: FittedSeries, found: Mapping[str, FloatArray], series: Series, *, first: int) -> Uppers:
    """What would be decided, raised or lowered by what its misses taught, from bin `first` on.

    `found`, up to the series' end, begins before `first` by the aim's last bin where the series does, so that what had
    not come by then is learnt.
    """
    aim, layout = fitted.terms.aim, fitted.layout
    lead_in = max(first - aim.last_bins, 0)
    size = len(found[REACTIVE])
    decided = _decided(fitted, found, demand=series.values[-size:])
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
    return Uppers(
        values=values[part],
        decided=Decisions(targets=asked[part], demoted=decided.demoted[skip:][part]),
        phases=phases[part],
        after=after,
    )


def _aimed_phases(fitted: FittedSeries, series: Series, *, first: int) -> NDArray[np.intp]:
    """The phase that each origin from `first` on aims at: of those within its aim the opening, the middle, the closing
    comes first.
    """
    aim, layout = fitted.terms.aim, fitted.layout
    if not layout.sessions:
        return np.full(len(series.values) - first, MIDDLE)
    cut = max(first - layout.context_bins, 0)
    opened = opened_at(series, layout, first=cut, end=len(series.values), ahead=aim.last_bins)
    phases = phases_of(opened, hour_bins=layout.hour_bins)[first - cut + aim.first_bins :]
    aimed = sliding_window_view(phases, aim.last_bins - aim.first_bins + 1)
    found = np.full(len(aimed), CLOSED)
    for phase in (CLOSING, MIDDLE, OPENING):
        found[(aimed == phase).any(axis=1)] = phase
    return found
