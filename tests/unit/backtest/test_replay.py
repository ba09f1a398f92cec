from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from quantos.backtest.replay import replay, terms_of
from quantos.backtest.trace import Trace, carried
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.series_model import Series
from quantos.forecasting.serving import decide

BIN = 3600
DAY = 24


def trace(values: np.ndarray, *, bin_seconds: int = BIN) -> Trace:
    return Trace(
        name="made",
        first=datetime(2026, 1, 5, tzinfo=UTC),
        bin_seconds=bin_seconds,
        values=np.asarray(values, dtype=np.float64),
        repaired=0,
    )


def demand(days: int, *, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    index = np.arange(days * DAY)
    return np.maximum(50 + 30 * np.sin(index / DAY * 2 * np.pi) + rng.normal(0, 3, len(index)), 0)


def decided(values: np.ndarray, *, bin_seconds: int = BIN) -> np.ndarray:
    shown = trace(values, bin_seconds=bin_seconds)
    return replay(shown, terms_of(shown, lead_seconds=600, hold_seconds=600, miss_cost=66)).targets


@pytest.fixture(scope="module")
def undisturbed() -> np.ndarray:
    """Targets of three weeks, the last of which is decided."""
    return decided(demand(21))


@pytest.mark.parametrize(
    ("cut", "later"), [(14 * DAY + 5, 0.0), (14 * DAY + 5, 1e6), (18 * DAY, 1e6), (19 * DAY + 13, 0.0)]
)
def test_later_demand_leaves_every_earlier_target_as_it_was_to_the_bit(undisturbed: np.ndarray, cut: int, later: float):
    changed = demand(21)
    changed[cut:] = later

    before, after = undisturbed, decided(changed)

    known = cut - 14 * DAY
    assert before[:known].tobytes() == after[:known].tobytes()
    assert not np.array_equal(before, after)


def test_stepping_bin_by_bin_decides_as_a_whole_day_at_once():
    values = demand(21)
    shown = trace(values)
    terms = terms_of(shown, lead_seconds=600, hold_seconds=600, miss_cost=66)
    whole = Series(values=values, start=int(shown.first.timestamp()), bin_seconds=BIN)
    fitted = fit_series(whole.until(20 * DAY), terms)

    at_once = decide(fitted, whole, first=20 * DAY).targets
    stepped = [decide(fitted, whole.until(end), first=end - 1).targets[0] for end in range(20 * DAY + 1, 21 * DAY + 1)]

    assert at_once == pytest.approx(stepped, rel=1e-9)


def test_a_season_is_decided_better_than_by_following_demand():
    values = demand(30)
    shown = trace(values)
    terms = terms_of(shown, lead_seconds=600, hold_seconds=600, miss_cost=66)
    ahead = values[shown.tested_from + 2 :]

    asked = replay(shown, terms).targets[:-2]

    assert np.mean(asked < ahead) < 0.06
    assert asked.mean() < 1.3 * ahead.mean()


@given(
    values=npst.arrays(
        np.float64,
        st.integers(2, 130),
        elements=st.one_of(st.just(0.0), st.just(np.nan), st.floats(0, 1e12), st.floats(1, 2)),
    ),
    bin_seconds=st.sampled_from([60, 420, 3600]),
)
@example(values=np.zeros(5), bin_seconds=60)
@example(values=np.full(9, 5e-324), bin_seconds=60)
@settings(max_examples=60, deadline=None)
def test_any_series_gets_targets_that_can_be_bought(values: np.ndarray, bin_seconds: int):
    asked = decided(carried(values), bin_seconds=bin_seconds)

    assert len(asked) == len(values) - len(values) * 2 // 3
    assert np.isfinite(asked).all()
    assert (asked >= 0).all()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(21 * DAY, 7.0), id="constant"),
        pytest.param(np.zeros(21 * DAY), id="nothing"),
        pytest.param(np.r_[np.zeros(16 * DAY), np.full(5 * DAY, 5.0)], id="begins-late"),
        pytest.param(np.tile(np.r_[np.zeros(12), np.full(12, 9.0)], 21), id="on-and-off"),
        pytest.param(np.r_[demand(17), np.full(4 * DAY, 1e9)], id="explodes"),
    ],
)
def test_odd_series_are_decided_without_an_error(values: np.ndarray):
    asked = decided(values)

    assert np.isfinite(asked).all()
    assert (asked >= 0).all()


def test_an_outage_carried_forward_does_not_scale_down():
    values = demand(21)
    cut = 18 * DAY + 10
    values[cut:] = np.nan

    asked = decided(carried(values))

    assert asked[cut - 14 * DAY + 3 :][:12].min() >= 0.8 * values[cut - 1]


@pytest.mark.parametrize("at", [10 * DAY + 7, 16 * DAY + 7])
def test_a_single_wild_bin_is_followed_in_its_own_bin_only(undisturbed: np.ndarray, at: int):
    values = demand(21)
    values[at] = 1e9

    asked = decided(values)

    later = max(at - 14 * DAY, -1) + 1
    assert asked[later:] == pytest.approx(undisturbed[later:], rel=0.1)
    assert later == 0 or asked[later - 1] >= 1e9


def test_nodes_are_fifty_at_the_busiest_of_the_training_part():
    shown = trace(np.arange(300.0))

    terms = terms_of(shown, lead_seconds=600, hold_seconds=7200, miss_cost=66)

    assert terms.node_size == pytest.approx(np.quantile(np.arange(200.0), 0.995) / 50)
    assert (terms.lead_bins, terms.hold_bins) == (1, 2)
    assert terms_of(replace(shown, values=np.zeros(30)), lead_seconds=0, hold_seconds=0, miss_cost=1).node_size == 1
