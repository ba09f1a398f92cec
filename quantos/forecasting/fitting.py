"""Fitting a series: learn, rehearse on days not learnt from, and choose who serves. Once a day; may be slow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from quantos.errors import QuantosError
from quantos.forecasting.evaluation.calibration import Calibration
from quantos.forecasting.evaluation.decision_loss import MARGINS, CapacityEconomics, losses
from quantos.forecasting.evaluation.selection import Ledger, held_out_losses
from quantos.forecasting.features.learnt_sessions import has_sessions
from quantos.forecasting.features.origins import Frame, Layout, layout_of
from quantos.forecasting.models.family import Family, Parameters, Sample
from quantos.forecasting.models.rules import NAIVE, PLAIN, REACTIVE, Rules
from quantos.forecasting.series_model import BLEND, FAMILIES, RULE, FittedSeries, Series, candidate_targets, frame_at
from quantos.forecasting.serving import calibration_over, serving
from quantos.forecasting.threads import single_threaded
from quantos.units import DAY_SECONDS

NAIVE_LEAD: Final = 0.005
"""By what share of loss the blend must beat the best seasonal naive, or the best plain rule serves."""

MAX_ROWS: Final = 20_000
MIN_ROWS: Final = 300
WEIGHT_HALF_LIFE_DAYS: Final = 28.0
REHEARSALS: Final = 4
_SEASONAL_NAIVE: Final = "naive"


def fit_series(
    series: Series,
    terms: CapacityEconomics,
    *,
    previous: FittedSeries | None = None,
    families: Mapping[str, Family] = FAMILIES,
) -> FittedSeries:
    """Learn from all of a series, and choose who serves by days not learnt from.

    With yesterday's model, the bins since then are the ones held out; without, the fit rehearses on parts of the
    history.
    """
    with single_threaded(with_scipy=True):
        if previous is not None and _goes_on(previous, series, terms):
            held_out = _continued(series, previous, families=families)
        else:
            held_out = _rehearsed(series, terms, families=families)
        return _learnt(series, terms, held_out=held_out, families=families)


def _goes_on(previous: FittedSeries, series: Series, terms: CapacityEconomics) -> bool:
    """Whether a model speaks of the same decisions, and finds in the series all that it looks at."""
    layout = previous.layout
    terms_before = replace(previous.terms, measured_bins=terms.measured_bins)
    same = terms_before == terms and layout.bin_seconds == series.bin_seconds
    margins = all(len(sums) == len(MARGINS) for sums in previous.ledger.sums.values())
    return same and margins and set(layout.covariates) <= set(series.covariates)


@dataclass(frozen=True)
class _HeldOut:
    """What days that were not learnt from have taught: losses, misses, and whom to follow."""

    ledger: Ledger
    calibration: Calibration
    weights: Mapping[str, float]


def _learnt(
    series: Series, terms: CapacityEconomics, *, held_out: _HeldOut, families: Mapping[str, Family]
) -> FittedSeries:
    count, ledger = len(series.values), held_out.ledger
    seen = series.seen_from(count - 1)
    layout = layout_of(
        bin_seconds=series.bin_seconds,
        aim=terms.aim,
        history_bins=count,
        least=1e-3 * terms.node_size,
        sessions=_with_sessions(series, terms),
        covariates=tuple(series.covariates),
        local=bool(series.parts),
    )
    parameters, failures = _fitted(seen, terms, layout=layout, families=families)
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
        peak=float(np.nanmax(series.learnable, initial=0.0)),
        calibration=held_out.calibration,
        weights=held_out.weights,
    )


def _with_sessions(series: Series, terms: CapacityEconomics) -> bool:
    day_bins = DAY_SECONDS // series.bin_seconds
    if terms.aim.last_bins > day_bins or len(series.values) < 2 * day_bins:
        return False
    return has_sessions(series.values, bin_seconds=series.bin_seconds)


def _fitted(
    series: Series, terms: CapacityEconomics, *, layout: Layout, families: Mapping[str, Family]
) -> tuple[dict[str, Parameters], dict[str, str]]:
    """Parameters by family, and why a family has none."""
    count = len(series.values)
    end = count - terms.aim.last_bins
    first = max(end - MAX_ROWS, min(layout.day_bins, count // 4))
    parameters: dict[str, Parameters] = {}
    failures: dict[str, str] = {}
    rules = {name: family for name, family in families.items() if isinstance(family, Rules)}
    learning = {name: family for name, family in families.items() if name not in rules}
    last = frame_at(series, layout, first=count - 1, end=count)
    for name, family in rules.items():
        parameters[name] = family.fit(_sample(last, series, terms=terms))
    if end - first < MIN_ROWS:
        reason = f"history too short: {max(end - first, 0)} past decisions can be learnt from, {MIN_ROWS} are needed"
        return parameters, dict.fromkeys(learning, reason)
    if not np.ptp(series.values[first:]) > 0:
        return parameters, dict.fromkeys(learning, "demand never changes")
    sample = _sample(frame_at(series, layout, first=first, end=end), series, terms=terms)
    if (learnable := int(np.count_nonzero(sample.weights))) < MIN_ROWS:
        reason = f"demand was known whole at {learnable} past decisions, {MIN_ROWS} are needed"
        return parameters, dict.fromkeys(learning, reason)
    for name, family in learning.items():
        try:
            parameters[name] = family.fit(sample)
        except (QuantosError, ArithmeticError, ValueError, np.linalg.LinAlgError) as exc:
            failures[name] = f"model error: {exc}"
    return parameters, failures


def _sample(frame: Frame, series: Series, *, terms: CapacityEconomics) -> Sample:
    count, size = len(series.values), len(frame.scale)
    offset = frame.clock_bin - series.start // series.bin_seconds + frame.look.first
    peaks = terms.aim.peaks(series.learnable)[offset : offset + size]
    age_days = (count - offset - np.arange(size)) * series.bin_seconds / DAY_SECONDS
    return Sample(
        frame=frame,
        peaks=np.nan_to_num(peaks),
        weights=np.where(np.isfinite(peaks), 0.5 ** (age_days / WEIGHT_HALF_LIFE_DAYS), 0.0),
        level=terms.critical_level,
    )


def _champion(ledger: Ledger, *, rule: str | None) -> tuple[str, str | None]:
    """Who serves, and why it is a lesser one than there should be."""
    if rule is None:
        return REACTIVE, "nothing has been held out yet: the last value serves with a stated margin"
    contest = ledger.contest
    rival = contest.get(_SEASONAL_NAIVE, contest.get(RULE, np.inf))
    return (rule if contest.get(BLEND, 0.0) > (1 - NAIVE_LEAD) * rival else BLEND), None


def _continued(series: Series, previous: FittedSeries, *, families: Mapping[str, Family]) -> _HeldOut:
    """What was known with the bins since the previous fit."""
    known = _HeldOut(previous.ledger.copy(), previous.calibration, previous.weights)
    first = previous.bins_learnt(series)
    if first >= len(series.values):
        return known
    return _with_held_out(known, previous, series=series, first=first, families=families)


def _rehearsed(series: Series, terms: CapacityEconomics, *, families: Mapping[str, Family]) -> _HeldOut:
    """What comes of fitting on the beginning of the history and deciding on what followed, several times.

    What was learnt of the misses of a plain rule is forgotten when the blend takes over, and the other way round.
    """
    fresh = Calibration(level=terms.critical_level)
    known, champion = _HeldOut(Ledger(), fresh, {}), None
    count = len(series.values)
    cuts = np.linspace(count // 3, count, REHEARSALS + 1).astype(int).tolist()
    for cut, end in pairwise(cuts):
        if 1 < cut < end:
            fitted = _learnt(series.until(cut), terms, held_out=known, families=families)
            if (fitted.champion == BLEND) != (champion == BLEND):
                fitted = replace(fitted, calibration=fresh)
            known = _with_held_out(known, fitted, series=series.until(end), first=cut, families=families)
            champion = fitted.champion
    return replace(known, calibration=replace(known.calibration, surplus={}))


def _with_held_out(
    known: _HeldOut, fitted: FittedSeries, *, series: Series, first: int, families: Mapping[str, Family]
) -> _HeldOut:
    """With what would have come of deciding on the bins from `first` on; they are entered into the ledger."""
    ledger = known.ledger
    lead_in = max(first - fitted.terms.memory_bins, 0)
    said = candidate_targets(fitted, series, first=lead_in, families=families)
    targets = {name: np.where(np.isnan(values), said[REACTIVE], values) for name, values in said.items()}
    demand, skip = series.values[lead_in:], first - lead_in
    days = (len(series.values) - first) * series.bin_seconds / DAY_SECONDS
    counted = np.isfinite(series.learnable[first:])
    held_out = held_out_losses(demand, targets, fitted.terms, skip=skip)
    ledger.add({name: loss[:, counted] for name, loss in held_out.items()}, days=days)
    asked = serving(fitted, targets)
    naive = next((name for name in fitted.standings if name in NAIVE and name in targets), None)
    if naive is not None:
        margin = fitted.standings[naive].margin
        asked[_SEASONAL_NAIVE] = margin.over(targets[naive], node_size=fitted.terms.node_size)
    if {BLEND, RULE} <= asked.keys():
        ledger.add_contest(
            {name: losses(demand, values, fitted.terms)[skip:][counted] for name, values in asked.items()}, days=days
        )
    if not fitted.standings:
        return replace(known, calibration=fitted.calibration)
    forecasts = calibration_over(fitted, said, series, first=first)
    return _HeldOut(ledger, forecasts.after, forecasts.decided.weights)
