"""What a fitted series asks for: the blend of its candidates, or a plain rule where that does better; and quantiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantos.forecasting.boosting import expected
from quantos.forecasting.calibration import MIDDLE, Calibration, calibrated, phases_of
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

QUANTILES: Final = ("boosted-985", "quantile-regression")
"""Candidates that forecast the priced quantile, the better first; the best plain rule where there is neither."""

LAST_RESORT: Final = Margin(1.5, 1.0)
"""What the last value is raised by where nothing has ever been held out."""

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
    hour, memory = fitted.layout.hour_bins, fitted.terms.memory_bins
    lead_in = max(first - hour - memory, 0)
    with single_threaded():
        found = candidate_targets(fitted, series, first=lead_in, families=families)
    told = serving(fitted, found)
    served = LAST_RESORT.over(found[REACTIVE], node_size=fitted.terms.node_size)
    for name in (RULE, BLEND) if fitted.champion == BLEND else (RULE,):
        if name in told:
            served = np.where(np.isfinite(told[name]), told[name], served)
    demoted = np.zeros(len(served), dtype=np.bool_)
    if RULE in told and fitted.champion == BLEND:
        demoted = _demoted(fitted, served, told[RULE], demand=series.values[lead_in:])
        served = np.where(demoted, told[RULE], served)
    return Decisions(targets=served[first - lead_in :], demoted=demoted[first - lead_in :])


def serving(fitted: FittedSeries, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """What the blend and the best plain rule ask for, each shape (m,); what neither can say is absent."""
    size = fitted.terms.node_size
    blended = blend(found, fitted.standings, node_size=size)
    rule = fitted.rule
    told: dict[str, FloatArray] = {} if blended is None else {BLEND: blended}
    if rule is not None and rule in found:
        told[RULE] = fitted.standings[rule].margin.over(found[rule], node_size=size)
    return told


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
        phases: shape (m,), the phase of a session that each origin aims at.
        after: what is known of the quantile's misses after them.
    """

    values: FloatArray
    phases: NDArray[np.intp]
    after: Calibration


def uppers(fitted: FittedSeries, series: Series, *, first: int, families: Mapping[str, Family] = FAMILIES) -> Uppers:
    """The calibrated upper quantile at the end of each bin from `first` on."""
    with single_threaded():
        found = candidate_targets(fitted, series, first=first, families=families)
        found = {name: np.where(np.isnan(values), found[REACTIVE], values) for name, values in found.items()}
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
    """The upper quantile among what candidates say, raised by what its misses taught, from bin `first` on."""
    base = next((found[name] for name in QUANTILES if name in found), None)
    if base is None:
        base = serving(fitted, found).get(RULE, found[REACTIVE])
    aim, layout = fitted.terms.aim, fitted.layout
    phases = np.full(len(base), MIDDLE)
    if layout.sessions:
        cut = max(first - layout.context_bins, 0)
        opened = opened_at(series, layout, first=cut, end=len(series.values), ahead=aim.last_bins)
        phases = phases_of(opened, hour_bins=layout.hour_bins)[first - cut + aim.last_bins :]
    values, after = calibrated(
        base, aim.peaks(series.values)[first:], phases, known=fitted.calibration, delay=aim.last_bins
    )
    return Uppers(values=values, phases=phases, after=after)
