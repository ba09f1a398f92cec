from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.errors import ForecastError
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.models.boosting import FLOORED
from quantos.forecasting.models.rules import PLAIN
from quantos.forecasting.peak_model import LAST_VALUE, FittedModel, PeakForecast, fit, predict

LEVELS = (0.5, 0.75, 0.9, 0.985)
HORIZON = 6
BIN = 900
DAY = 86_400 // BIN
TERMS = CapacityEconomics(lead_bins=HORIZON - 1, hold_bins=0, node_size=2.0, miss_cost=66.0)


def demand(days: int, *, seed: int = 7, drift: float = 0.3, noise: float = 0.08) -> np.ndarray:
    """A weekday pattern with a slowly moving level, closed at night and at weekends; vCPU."""
    rng = np.random.default_rng(seed)
    slots = np.arange(days * DAY)
    hour, weekday = slots % DAY * BIN / 3600, slots // DAY % 7
    shape = np.where((hour >= 8) & (hour < 18) & (weekday < 5), 40 + 25 * np.sin((hour - 8) / 10 * np.pi), 0.0)
    level = np.repeat(np.exp(drift * np.cumsum(rng.normal(size=days)) / 3), DAY)
    return np.maximum(shape * level * (1 + noise * rng.normal(size=len(slots))), 0.0)


def opened(count: int) -> np.ndarray:
    slots = np.arange(count)
    hour, weekday = slots % DAY * BIN / 3600, slots // DAY % 7
    return (hour >= 8) & (hour < 18) & (weekday < 5)


def window(values: np.ndarray, *, end: int | None = None, always_open: bool = False) -> DemandWindow:
    count = len(values) if end is None else end
    ahead = count + HORIZON
    return DemandWindow(
        values=values[:count], opened=np.ones(ahead, dtype=bool) if always_open else opened(ahead), bin_seconds=BIN
    )


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    return demand(28)


@pytest.fixture(scope="module")
def fitted(values: np.ndarray) -> FittedModel:
    return fit(window(values, end=21 * DAY), levels=LEVELS, terms=TERMS)


def forecasts(fitted: FittedModel, values: np.ndarray) -> list[tuple[PeakForecast, float]]:
    """Forecasts through the five weekdays after the fit, and what came."""
    ends = range(21 * DAY, 26 * DAY, 3)
    return [(predict(fitted, window(values, end=end)), float(values[end : end + HORIZON].max())) for end in ends]


def test_who_serves_lost_to_no_plain_rule_and_all_others_are_named_with_their_scores(
    fitted: FittedModel, values: np.ndarray
):
    forecast = predict(fitted, window(values, end=22 * DAY))

    assert fitted.degraded is None
    assert forecast.score is not None
    scores = {rival.model: rival.score for rival in forecast.rejected}
    assert forecast.model not in scores
    assert len(scores.keys() & set(PLAIN)) >= 6
    assert fitted.series is not None
    best = min(item.loss for name, item in fitted.series.standings.items() if name in PLAIN)
    assert all(score is None or score >= best for name, score in scores.items() if name in PLAIN)


def test_quantiles_hold_about_as_often_as_they_say():
    pairs = []
    for seed in range(2):
        history = demand(28, seed=seed)
        served = fit(window(history, end=21 * DAY), levels=LEVELS, terms=TERMS)
        pairs += [(forecast, peak) for forecast, peak in forecasts(served, history) if peak > 0]

    held = np.mean([[peak <= quantile for quantile in forecast.peaks] for forecast, peak in pairs], axis=0)

    assert 0.2 < held[0] < 0.8
    assert held[-1] > 0.92
    assert np.mean([forecast.upper / peak for forecast, peak in pairs]) < 1.5


def test_quantiles_ascend_and_closed_hours_need_nothing(fitted: FittedModel, values: np.ndarray):
    for forecast, _ in forecasts(fitted, values):
        assert list(forecast.peaks) == sorted(forecast.peaks)
        assert min(forecast.peaks) >= 0
    night = predict(fitted, window(values, end=22 * DAY + DAY * 20 // 24))
    assert night.peaks == (0.0,) * len(LEVELS)
    assert not any(night.path)


def test_opening_is_seen_before_it_comes(fitted: FittedModel, values: np.ndarray):
    before_opening = 22 * DAY + DAY * 8 // 24 - 2

    forecast = predict(fitted, window(values, end=before_opening))

    assert forecast.upper >= 0.9 * values[before_opening : before_opening + HORIZON].max() > 0
    assert forecast.path[:2] == (0, 0)
    assert all(forecast.path[2:])


@given(cut=st.integers(16 * DAY, 26 * DAY), change=st.floats(0, 1e6))
@settings(max_examples=25, deadline=None)
def test_later_data_never_changes_an_earlier_forecast(fitted: FittedModel, values: np.ndarray, cut: int, change: float):
    changed = values.copy()
    changed[cut:] = change

    before, after = predict(fitted, window(values, end=cut)), predict(fitted, window(changed, end=cut))

    assert before.peaks == after.peaks
    assert before.path == after.path


def test_the_same_window_fits_the_same_model(values: np.ndarray, fitted: FittedModel):
    shown = window(values, end=22 * DAY)

    again = fit(window(values.copy(), end=21 * DAY), levels=LEVELS, terms=TERMS)

    assert predict(again, shown).peaks == predict(fitted, shown).peaks


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_the_forecast_does_not_care_for_the_unit(values: np.ndarray, fitted: FittedModel, scale: float):
    terms = replace(TERMS, node_size=TERMS.node_size * scale)
    scaled = fit(window(values * scale, end=21 * DAY), levels=LEVELS, terms=terms)
    moment = 23 * DAY + DAY // 2

    assert predict(scaled, window(values * scale, end=moment)).upper == pytest.approx(
        predict(fitted, window(values, end=moment)).upper * scale, rel=1e-2
    )


def test_unknown_days_are_not_taken_for_idle_ones(values: np.ndarray, fitted: FittedModel):
    gappy = values.copy()
    for day in (4, 9, 17):
        gappy[day * DAY : (day + 1) * DAY] = np.nan
    idle = np.nan_to_num(gappy)
    moment = 22 * DAY + DAY // 2

    def upper(history: np.ndarray) -> float:
        served = fit(window(history, end=21 * DAY), levels=LEVELS, terms=TERMS)
        return predict(served, window(history, end=moment)).expected

    full = upper(values)
    assert abs(upper(gappy) - full) / full < 0.1
    assert upper(idle) != upper(gappy)


def test_a_short_history_leaves_only_plain_rules_and_says_so(values: np.ndarray):
    served = fit(window(values[: 2 * DAY]), levels=LEVELS, terms=TERMS)

    forecast = predict(served, window(values[: 2 * DAY]))

    assert forecast.model in PLAIN
    reasons = {rival.model: rival.reason for rival in forecast.rejected}
    assert "history too short" in reasons["boosting"]


def test_no_history_at_all_forecasts_nothing_and_says_so():
    history = np.full(2 * DAY, np.nan)
    forecast = predict(fit(window(history), levels=LEVELS, terms=TERMS), window(history))

    assert forecast.model == LAST_VALUE
    assert forecast.degraded is not None


def test_a_candidate_that_says_nothing_finite_leaves_the_others_to_serve(values: np.ndarray, fitted: FittedModel):
    assert fitted.series is not None
    boosting = {name: part * np.nan for name, part in fitted.series.parameters["boosting"].items() if "/" not in name}
    trees = {name: part for name, part in fitted.series.parameters["boosting"].items() if "/" in name}
    broken = replace(
        fitted, series=replace(fitted.series, parameters={**fitted.series.parameters, "boosting": boosting | trees})
    )

    forecast = predict(broken, window(values, end=22 * DAY + DAY // 2))

    assert FLOORED in fitted.series.standings
    assert np.isfinite(forecast.peaks).all()
    assert forecast.upper > 0


def test_constant_demand_is_forecast_as_it_is():
    history = np.full(20 * DAY, 12.0)

    forecast = predict(
        fit(window(history, always_open=True), levels=LEVELS, terms=TERMS), window(history, always_open=True)
    )

    assert forecast.peaks == pytest.approx((12.0,) * len(LEVELS), rel=1e-6)


def test_the_contract_carries_model_score_and_rivals(values: np.ndarray, fitted: FittedModel):
    origin = datetime(2026, 3, 2, 12, tzinfo=UTC)
    forecast = predict(fitted, window(values, end=22 * DAY + DAY // 2))

    document = forecast.contract(series="pool/cpu", origin=origin, bin_seconds=BIN)

    assert (document.model, document.score, document.rejected) == (forecast.model, forecast.score, forecast.rejected)
    assert len(document.values) == len(LEVELS)
    assert max(document.values[-1]) == pytest.approx(forecast.upper)


def test_a_model_refuses_a_window_it_was_not_fitted_for(values: np.ndarray, fitted: FittedModel):
    other = DemandWindow(values=values[:DAY], opened=opened(DAY + HORIZON + 1), bin_seconds=BIN)

    with pytest.raises(ForecastError, match="was given a window"):
        predict(fitted, other)


@pytest.mark.parametrize("levels", [(), (0.9,), (0.5, 0.4), (0.5, 0.5), (0.5, 1.0)])
def test_levels_must_ascend_from_the_median(values: np.ndarray, levels: tuple[float, ...]):
    with pytest.raises(ForecastError, match="levels"):
        fit(window(values), levels=levels, terms=TERMS)


@pytest.mark.parametrize(("bin_seconds", "horizon"), [(30, 4), (7200, 4), (700, 4), (900, 0), (900, 97)])
def test_a_window_has_a_known_bin_size_and_at_most_a_day_ahead(bin_seconds: int, horizon: int):
    with pytest.raises(ForecastError):
        DemandWindow(values=np.zeros(10), opened=np.ones(10 + horizon, dtype=bool), bin_seconds=bin_seconds)
