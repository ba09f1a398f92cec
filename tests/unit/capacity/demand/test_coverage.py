from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from quantos.arrays import FloatArray
from quantos.capacity.demand import coverage as coverage_module
from quantos.capacity.demand.coverage import recent_coverage
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.peak_model import FittedModel, fit
from quantos.forecasting.series_model import FittedSeries, Series
from quantos.forecasting.serving import UpperForecasts, uppers

DAY_BINS = 48
HORIZON_BINS = 3
LEVELS = (0.5, 0.9, 0.98)


def demand(days: int) -> FloatArray:
    """A hump over each day, with noise."""
    bins = np.arange(days * DAY_BINS)
    noise = np.random.default_rng(7).normal(0, 4, len(bins))
    return np.asarray(np.maximum(60 + 40 * np.sin(2 * np.pi * bins / DAY_BINS) + noise, 1.0))


def window_of(values: FloatArray, *, opened: bool = True) -> DemandWindow:
    return DemandWindow(values=values, opened=np.full(len(values) + HORIZON_BINS, opened), bin_seconds=1800)


def fitted_on(window: DemandWindow) -> FittedModel:
    terms = CapacityEconomics(lead_bins=HORIZON_BINS - 1, hold_bins=0, node_size=8.0, miss_cost=49.0)
    return fit(window, levels=LEVELS, terms=terms)


@pytest.fixture(scope="module")
def ordinary() -> tuple[FittedModel, DemandWindow]:
    window = window_of(demand(21))
    return fitted_on(window), window


def test_ordinary_days_are_held_nearly_as_often_as_promised_by_whole_nodes(ordinary: tuple[FittedModel, DemandWindow]):
    coverage = recent_coverage(*ordinary)

    assert (coverage.days, coverage.bins) == (7, 7 * DAY_BINS - HORIZON_BINS)
    assert coverage.node_held_bins >= 0.9 * coverage.bins
    assert coverage.held_bins >= 0.75 * coverage.bins


def test_what_was_not_foreseen_shows_as_misses(ordinary: tuple[FittedModel, DemandWindow]):
    _, window = ordinary
    values = window.values.copy()
    values[-3 * DAY_BINS : -2 * DAY_BINS : 12] *= 6
    surprised = window_of(values)

    coverage = recent_coverage(fitted_on(surprised), surprised)

    assert coverage.node_held_bins < recent_coverage(*ordinary).node_held_bins - 2


def test_bins_that_are_unknown_or_idle_do_not_count(ordinary: tuple[FittedModel, DemandWindow]):
    fitted, window = ordinary
    values = window.values.copy()
    values[-DAY_BINS:] = np.nan
    values[-2 * DAY_BINS : -DAY_BINS] = 0.0

    coverage = recent_coverage(fitted, window_of(values))

    assert coverage.bins == 5 * DAY_BINS - 1


def test_a_short_history_gives_a_reason_and_no_figure():
    window = window_of(demand(10))

    coverage = recent_coverage(fitted_on(window), window)

    assert (coverage.bins, coverage.held_bins) == (0, 0)
    assert coverage.reason == "history too short: 10 days of demand, 14 are needed"


def test_where_nothing_is_learnt_there_is_nothing_to_cover(ordinary: tuple[FittedModel, DemandWindow]):
    fitted, window = ordinary

    coverage = recent_coverage(replace(fitted, series=None), window)

    assert coverage.reason == "nothing could be learnt yet, and the last value serves"


def test_a_closed_week_gives_a_reason(ordinary: tuple[FittedModel, DemandWindow]):
    fitted, window = ordinary
    closed = window.opened.copy()
    closed[-7 * DAY_BINS - HORIZON_BINS :] = False

    assert recent_coverage(fitted, replace(window, opened=closed)).reason == "no demand is known in the last 7 days"


def test_days_count_by_what_served_on_them_and_nothing_is_fitted_again(
    ordinary: tuple[FittedModel, DemandWindow], monkeypatch: pytest.MonkeyPatch
):
    fitted, window = ordinary
    series = window.series()
    first = len(series.values) - 7 * DAY_BINS
    week_old = fit_series(series.until(first), fitted.terms)
    days = [date(1970, 1, 1) + timedelta(days=day) for day in range(14, 21)]
    refitted = recent_coverage(fitted, window)

    monkeypatch.setattr(coverage_module, "fit_series", None)

    assert recent_coverage(fitted, window, served=dict.fromkeys(days, week_old)) == refitted


def test_each_day_counts_by_its_own_fit_on_what_was_known_then_and_the_rest_by_one_fit(
    ordinary: tuple[FittedModel, DemandWindow], monkeypatch: pytest.MonkeyPatch
):
    fitted, window = ordinary
    assert fitted.series is not None
    generous, miserly = fitted.series, replace(fitted.series, champion="miserly")
    told = uppers(generous, window.series(), first=len(window.values) - 1)
    ends: list[int] = []
    fits: list[int] = []

    def fit_once(series: Series, terms: CapacityEconomics) -> FittedSeries:
        fits.append(len(series.values))
        return generous

    def held(model: FittedSeries, series: Series, *, first: int) -> UpperForecasts:
        count = len(series.values) - first
        ends.append(len(series.values))
        values = np.full(count, 0.0 if model.champion == "miserly" else 1e6)
        return replace(told, values=values)

    monkeypatch.setattr(coverage_module, "fit_series", fit_once)
    monkeypatch.setattr(coverage_module, "uppers", held)

    coverage = recent_coverage(fitted, window, served={date(1970, 1, 17): miserly})

    assert coverage.bins - coverage.held_bins == DAY_BINS
    assert ends == [day * DAY_BINS for day in range(15, 22)]
    assert fits == [14 * DAY_BINS]
