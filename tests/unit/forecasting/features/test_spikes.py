import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.features.spikes import FACTOR, cleaned, judged_alike, spikes_in, without_spikes
from quantos.forecasting.fitting import fit_series
from quantos.forecasting.models.rules import Rules
from quantos.forecasting.series_model import Series
from quantos.forecasting.serving import decide

BIN = 300
DAY = 288
PLAIN = {"rules": Rules()}
TERMS = CapacityEconomics(lead_bins=2, hold_bins=2, node_size=2.0, miss_cost=66.0, measured_bins=2)


def season(days: int, *, seed: int = 8) -> np.ndarray:
    index = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(1, 0.05, len(index))
    return (60 + 40 * np.sin(index / DAY * 2 * np.pi)) * noise


def read(values: np.ndarray, *, bin_seconds: int = BIN) -> np.ndarray:
    return cleaned(values, start=0, bin_seconds=bin_seconds)


@given(
    at=st.integers(2 * DAY, 9 * DAY - 10),
    bins=st.integers(1, 3),
    size=st.floats(20, 1e12),
    seed=st.integers(0, 50),
)
def test_a_spike_that_has_ended_reads_as_the_bin_before_it(at: int, bins: int, size: float, seed: int):
    sound = season(9, seed=seed)
    values = sound.copy()
    values[at : at + bins] = sound.max() * size

    after = read(values)

    assert np.array_equal(np.delete(after, range(at, at + bins)), np.delete(sound, range(at, at + bins)))
    assert (after[at : at + bins] == sound[at - 1]).all()


@given(at=st.integers(2 * DAY, 8 * DAY), size=st.floats(1, 1e6), bins=st.integers(4, 200), seed=st.integers(0, 50))
@example(at=2 * DAY, size=12.0, bins=23, seed=2)
def test_a_surge_that_lasts_is_demand(at: int, size: float, bins: int, seed: int):
    values = season(9, seed=seed)
    values[at : at + bins] *= size

    assert np.array_equal(read(values), values)


@given(
    at=st.integers(2 * DAY, 8 * DAY),
    surge=st.floats(2, 50),
    lasts=st.integers(5, 60),
    wild=st.floats(1e5, 1e12),
    place=st.floats(0, 1),
)
def test_a_wild_value_within_a_surge_is_a_spike_and_the_surge_is_none(
    at: int, surge: float, lasts: int, wild: float, place: float
):
    sound = season(9)
    sound[at : at + lasts] *= surge
    spike = at + round(place * (lasts - 1))
    values = sound.copy()
    values[spike] = wild

    after = read(values)

    assert np.array_equal(np.delete(after, spike), np.delete(sound, spike))
    assert after[spike] == sound[spike - 1]


@given(at=st.integers(2 * DAY, 8 * DAY), silent=st.integers(1, 100), beside=st.integers(0, 5))
def test_a_spike_that_nothing_is_told_around_ends_with_the_next_measurement(at: int, silent: int, beside: int):
    values = season(9)
    values[at : at + silent + 1] = np.nan
    values[at - beside : at] = np.nan
    values[at] = 1e9

    assert read(values[: at + silent + 1])[at] == 1e9
    after = read(values)
    assert after[at] == values[at - beside - 1]
    assert np.array_equal(np.delete(after, at), np.delete(values, at), equal_nan=True)


def test_bins_that_nothing_is_told_of_stay_unknown():
    values = season(9)
    values[4 * DAY] = 1e9
    values[4 * DAY + 1] = np.nan
    values[4 * DAY + 2] = 1e9

    after = read(values)

    assert np.isnan(after[4 * DAY + 1])
    assert after[4 * DAY] == after[4 * DAY + 2] == values[4 * DAY - 1]


@given(at=st.integers(2 * DAY, 9 * DAY - 10), bins=st.integers(1, 3), size=st.floats(0, FACTOR / 2.2))
def test_what_is_within_bounds_is_never_doubted(at: int, bins: int, size: float):
    values = season(9)
    values[at : at + bins] *= size

    assert np.array_equal(read(values), values)


@given(at=st.integers(2 * DAY, 8 * DAY), size=st.floats(2, 1e9), bins=st.integers(1, 3))
def test_as_long_as_it_lasts_it_passes_at_once(at: int, size: float, bins: int):
    values = season(9)[: at + bins]
    values[at:] *= size

    assert np.array_equal(read(values), values)


@given(at=st.integers(2 * DAY, 3 * DAY), later=st.integers(1, 5), beside=st.integers(-2, 2), like=st.floats(0.5, 2.0))
def test_what_comes_again_at_the_same_time_of_another_day_is_demand(at: int, later: int, beside: int, like: float):
    values = season(9)
    again = at + later * DAY + beside
    values[at] = 5e4
    first_alone = read(values[:again])
    values[again] = 5e4 * like

    assert first_alone[at] < 200
    assert np.array_equal(read(values), values)


def test_bursts_that_come_often_are_demand_and_a_few_wild_samples_are_not():
    rng = np.random.default_rng(2)
    sound = season(9)
    places = rng.permutation(np.arange(2 * DAY, 9 * DAY - 10, 31))
    few, often = sound.copy(), sound.copy()
    few[places[:3]] = 1e9
    often[places[:40]] = 3000.0

    assert np.count_nonzero(read(few) != sound) == 3
    assert read(few).max() < 200
    assert np.count_nonzero(read(often) != often) <= 1


def test_demand_that_comes_now_and_then_is_no_spike():
    rng = np.random.default_rng(5)
    values = np.where(rng.random(20 * DAY) < 0.1, rng.lognormal(3, 0.8, 20 * DAY), 0.0)

    assert np.array_equal(read(values), values)


def test_a_new_demand_and_a_pool_that_wakes_up_are_no_spikes():
    asleep = np.concatenate([np.zeros(5 * DAY), season(2)])
    tiny = np.concatenate([np.full(5 * DAY, 1e-6), season(2)])
    one_sample = np.zeros(5 * DAY)
    one_sample[4 * DAY] = 7.0

    for values in (asleep, tiny, one_sample):
        assert np.array_equal(read(values), values)


def test_a_spike_on_the_first_day_is_known_on_the_second():
    values = season(3)
    values[100] = 1e9

    assert read(values[:DAY])[100] == 1e9
    assert read(values)[100] == values[99]


def test_in_long_bins_one_bin_is_a_spike_and_two_are_a_surge():
    values = np.tile(season(1)[::12], 12)
    one, two = values.copy(), values.copy()
    one[200] = 1e9
    two[200:202] = 1e9

    assert read(one, bin_seconds=3600)[200] == one[199]
    assert np.array_equal(read(two, bin_seconds=3600), two)


@given(
    spots=st.lists(st.tuples(st.integers(300, 6 * DAY - 5), st.integers(1, 5), st.floats(200, 1e9)), max_size=6),
    seed=st.integers(0, 20),
)
def test_each_origin_knows_what_it_would_have_known_alone(spots: list[tuple[int, int, float]], seed: int):
    values = season(6, seed=seed)
    for at, bins, size in spots:
        values[at : at + bins] = size
        values[at + bins + seed : at + bins + 2 * seed] = np.nan
    found = spikes_in(values, start=0, bin_seconds=BIN)
    spans = list(judged_alike(found, first=4 * DAY, end=6 * DAY))

    for begin, end in spans:
        for origin in {begin, end - 1}:
            alone = read(values[: origin + 1])
            assert np.array_equal(without_spikes(values, found, origin=begin)[: origin + 1], alone, equal_nan=True)
    assert [begin for begin, _ in spans] == [4 * DAY, *(end for _, end in spans[:-1])]


@pytest.mark.parametrize("size", [1e3, 1e9])
def test_nothing_that_is_decided_or_learnt_remembers_a_spike(size: float):
    sound = season(12)
    spiked = sound.copy()
    spiked[9 * DAY + 100] = size * 100
    asked = []
    for values in (sound, spiked):
        shown = Series(values=read(values), start=0, bin_seconds=BIN)
        fitted = fit_series(shown.until(11 * DAY), TERMS, families=PLAIN)
        asked.append(decide(fitted, shown, first=11 * DAY, families=PLAIN).targets)

    assert asked[1] == pytest.approx(asked[0], rel=0.05)


def test_a_true_doubling_at_the_open_is_answered_in_the_bin_after():
    opened = np.arange(20 * DAY) % DAY
    values = np.where((opened >= 110) & (opened < 190), season(20), 0.0)
    values[19 * DAY + 110 :] *= 2
    shown = Series(values=read(values), start=0, bin_seconds=BIN)
    fitted = fit_series(shown.until(19 * DAY), TERMS, families=PLAIN)

    asked = decide(fitted, shown, first=19 * DAY, families=PLAIN).targets

    assert (asked[110:190] >= values[19 * DAY + 110 : 19 * DAY + 190]).all()
