import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quantos.allocation.service_time import FloatArray
from quantos.allocation.traffic import MIN_BINS, within_bin_peak


def poisson_counts(rate: float, *, bins: int = 400, windows: int = 60, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).poisson(rate, (bins, windows)).astype(float)


@pytest.mark.parametrize("rate", [0.5, 5.0, 500.0])
def test_even_poisson_arrivals_have_no_peak_whatever_their_rate(rate: float) -> None:
    found = within_bin_peak(poisson_counts(rate), windows_per_block=10, level=0.99)
    assert found.factor == pytest.approx(1.0, abs=0.15)
    assert found.ca2 == pytest.approx(1.0, abs=0.1)
    assert (found.bins, found.reason) == (400, None)


def test_a_slow_swing_is_a_peak_and_no_burst() -> None:
    rates = np.where(np.arange(60) < 10, 300.0, 60.0)
    counts = np.random.default_rng(2).poisson(rates, (300, 60)).astype(float)
    found = within_bin_peak(counts, windows_per_block=10, level=0.99)
    assert found.factor == pytest.approx(3.0, rel=0.1)
    assert found.ca2 == pytest.approx(1.0, abs=0.1)


def test_batches_are_a_burst_and_no_peak() -> None:
    rng = np.random.default_rng(3)
    batches = rng.poisson(40.0, (400, 60))
    counts = batches + rng.negative_binomial(np.maximum(batches, 1), 1 / 2.5).astype(float)
    found = within_bin_peak(counts, windows_per_block=10, level=0.99)
    assert found.ca2 == pytest.approx(4.0, rel=0.15)
    assert found.factor == pytest.approx(1.0, abs=0.1)


def test_bursts_longer_than_a_window_are_seen_over_joined_windows() -> None:
    rng = np.random.default_rng(4)
    high = np.repeat(rng.integers(0, 2, (400, 30)), 2, axis=1)
    counts = rng.poisson(np.where(high, 90.0, 10.0)).astype(float)
    found = within_bin_peak(counts, windows_per_block=20, level=0.95)
    assert found.ca2 > 1 + 2 * 40**2 / 50


def test_the_level_is_a_share_of_requests_and_not_of_time() -> None:
    rates = np.where(np.arange(60) < 10, 600.0, 10.0)
    counts = np.tile(rates, (MIN_BINS, 1))
    busiest = within_bin_peak(counts, windows_per_block=10, level=0.5)
    assert busiest.factor == pytest.approx(600.0 / rates.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        pytest.param(poisson_counts(5.0, bins=MIN_BINS - 1), "19 bins", id="few-bins"),
        pytest.param(np.full((40, 60), math.nan), "0 bins", id="unknown"),
        pytest.param(np.zeros((40, 60)), "0 bins", id="no-arrivals"),
        pytest.param(poisson_counts(5.0, windows=12), "two blocks", id="one-block"),
    ],
)
def test_what_was_not_measured_is_one_and_says_why(counts: FloatArray, reason: str) -> None:
    found = within_bin_peak(counts, windows_per_block=10, level=0.99)
    assert (found.factor, found.ca2, found.bins) == (1.0, 1.0, 0)
    assert found.reason is not None
    assert reason in found.reason


@given(
    arrays(np.float64, (MIN_BINS + 5, 12), elements=st.sampled_from([0.0, 1.0, 7.0, 1e6, -1.0, math.nan, math.inf])),
    st.integers(0, 13),
    st.floats(0.01, 0.999),
)
def test_broken_counts_never_raise_and_never_lower_the_rate(counts: FloatArray, block: int, level: float) -> None:
    found = within_bin_peak(counts, windows_per_block=block, level=level)
    assert 1 <= found.factor <= 12
    assert 1 <= found.ca2 < math.inf
