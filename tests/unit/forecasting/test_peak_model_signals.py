"""Signals beside demand: what pays is looked at, silence falls to what was learnt without, and nothing looks ahead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantos.errors import ForecastError
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import SIGNAL_DAYS, FittedModel, fit, predict

BIN = 1800
DAY = 86_400 // BIN
HORIZON = 2
DAYS = 20
LEVELS = (0.5, 0.9, 0.985)
TERMS = CapacityEconomics(lead_bins=HORIZON - 1, hold_bins=0, node_size=2.0, miss_cost=66.0)
NEWS, NOISE = "signal/news-count", "signal/noise"


def story() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Demand with bursts that nothing in it foretells, news that does two bins ahead, and a signal of nothing."""
    rng = np.random.default_rng(12)
    count = DAYS * DAY
    burst = rng.random(count + HORIZON) < 0.06
    values = 50 + rng.normal(0, 2, count) + 60 * burst[:count]
    news = 1.0 + 40.0 * (burst[1 : count + 1] | burst[2 : count + 2])
    return np.maximum(values, 0), news, rng.normal(size=count)


VALUES, TOLD, NOTHING = story()


def window(*, end: int = DAYS * DAY, **signals: np.ndarray) -> DemandWindow:
    return DemandWindow(
        values=VALUES[:end],
        opened=np.ones(end + HORIZON, dtype=bool),
        bin_seconds=BIN,
        signals={f"signal/{name.replace('_', '-')}": values[:end] for name, values in signals.items()},
    )


FIRST = 16 * DAY
QUIET = next(end for end in range(FIRST, DAYS * DAY) if TOLD[end - 1] == 1 and VALUES[end - 3 : end].max() < 60)
LOUD = next(end for end in range(FIRST, DAYS * DAY) if TOLD[end - 1] > 1 and VALUES[end - 3 : end].max() < 60)


@pytest.fixture(scope="module")
def informed() -> FittedModel:
    return fit(window(end=FIRST, news_count=TOLD), levels=LEVELS, terms=TERMS)


@pytest.fixture(scope="module")
def plain() -> FittedModel:
    return fit(window(end=FIRST), levels=LEVELS, terms=TERMS)


def test_a_signal_that_pays_is_looked_at_and_foretells(informed: FittedModel, plain: FittedModel):
    forecast, without = predict(informed, window(end=LOUD, news_count=TOLD)), predict(plain, window(end=LOUD))
    quiet = predict(informed, window(end=QUIET, news_count=TOLD))

    assert forecast.signals == (NEWS,)
    assert forecast.upper > 90 > quiet.upper
    assert predict(plain, window(end=QUIET)).upper > 1.2 * quiet.upper
    assert forecast.degraded is without.degraded is None
    assert forecast.score is not None
    assert without.score is not None
    assert forecast.score < without.score


def test_a_signal_of_nothing_is_refused_by_name(plain: FittedModel):
    fitted = fit(window(end=FIRST, noise=NOTHING), levels=LEVELS, terms=TERMS)
    forecast = predict(fitted, window(noise=NOTHING))

    assert forecast.signals == ()
    assert forecast.rejected[0].model == f"with {NOISE}"
    assert forecast.degraded is None
    assert replace(forecast, rejected=forecast.rejected[1:]) == predict(plain, window())


@pytest.mark.parametrize("silent_bins", [1, 5, FIRST])
def test_a_silent_signal_falls_to_what_was_learnt_without(informed: FittedModel, plain: FittedModel, silent_bins: int):
    end = FIRST + 7
    silent = TOLD.copy()
    silent[end - silent_bins : end] = np.nan

    forecast = predict(informed, window(end=end, news_count=silent))

    at = np.datetime64(0, "s") + (end - silent_bins) * BIN
    assert forecast.degraded == (
        f"silent: {NEWS} since {str(at).replace('T', ' ')[:16]} UTC; what was learnt without signals serves"
    )
    assert replace(forecast, degraded=None) == predict(plain, window(end=end))


def test_a_signal_that_is_gone_altogether_is_silent(informed: FittedModel, plain: FittedModel):
    forecast = predict(informed, window(end=FIRST))

    assert forecast.degraded == f"silent: {NEWS}; what was learnt without signals serves"
    assert forecast.peaks == predict(plain, window(end=FIRST)).peaks


def test_a_newcomer_is_left_out_until_it_is_known_well_enough(plain: FittedModel):
    young = TOLD.copy()
    young[: FIRST - 3 * DAY] = np.nan

    fitted = fit(window(end=FIRST, news_count=young), levels=LEVELS, terms=TERMS)
    forecast = predict(fitted, window(end=FIRST, news_count=young))

    assert forecast.degraded == f"{NEWS} is left out, known on 3 of {SIGNAL_DAYS} days"
    assert replace(forecast, degraded=None) == predict(plain, window(end=FIRST))


def test_unknown_is_not_zero():
    """Outages before the fit are learnt as such: the signal still foretells afterwards."""
    holes = TOLD.copy()
    holes[5 * DAY : 7 * DAY] = np.nan

    fitted = fit(window(end=FIRST, news_count=holes), levels=LEVELS, terms=TERMS)

    loud, quiet = (predict(fitted, window(end=end, news_count=holes)).upper for end in (LOUD, QUIET))
    assert loud > 90 > quiet


def test_a_signal_that_is_not_aligned_is_refused():
    with pytest.raises(ForecastError, match=NEWS):
        replace(window(), signals={NEWS: TOLD[:-1]})


@given(
    later=st.lists(st.one_of(st.floats(-1e15, 1e15), st.just(float("nan"))), min_size=1, max_size=6),
    end=st.integers(FIRST, DAYS * DAY - 7),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_becomes_known_later_changes_no_forecast(informed: FittedModel, later: list[float], end: int):
    other = TOLD.copy()
    other[end : end + len(later)] = later

    assert predict(informed, window(end=end, news_count=other)) == predict(informed, window(end=end, news_count=TOLD))


@given(values=st.lists(st.one_of(st.floats(-1e15, 1e15), st.just(float("nan"))), min_size=1, max_size=96))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_signal_however_broken_makes_a_forecast_raise_or_no_number(informed: FittedModel, values: list[float]):
    end = FIRST + DAY
    broken = TOLD.copy()
    broken[end - len(values) : end] = values

    forecast = predict(informed, window(end=end, news_count=broken))

    assert np.isfinite(forecast.peaks).all()
    assert min(forecast.peaks) >= 0
