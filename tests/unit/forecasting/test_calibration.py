import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.forecasting.calibration import CLOSED, CLOSING, MIDDLE, OPENING, Calibration, calibrated, phases_of

LEVEL = 66 / 67
NOMINAL = 1 - LEVEL


def rate(seed: int, *, scale: float = 1.0, count: int = 4000) -> tuple[float, np.ndarray]:
    rng = np.random.default_rng(seed)
    peaks = 100 * np.exp(0.2 * rng.normal(size=count) * np.linspace(1, 2, count))
    forecasts = np.full(count, 130.0) * scale
    uppers, _ = calibrated(forecasts, peaks, np.full(count, MIDDLE), known=Calibration(level=LEVEL), delay=3)
    return float((peaks > uppers).mean()), uppers


@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.5, 1.0, 2.0]))
@settings(max_examples=15, deadline=None)
def test_misses_are_nominal_whatever_the_forecast_it_starts_from(seed: int, scale: float):
    found, _ = rate(seed, scale=scale)

    assert 0.5 * NOMINAL < found < 1.5 * NOMINAL


def test_an_outcome_counts_only_once_it_is_known():
    peaks = np.full(20, 100.0)
    peaks[5] = 500.0
    forecasts, phases = np.full(20, 200.0), np.full(20, MIDDLE)

    with_miss, _ = calibrated(forecasts, peaks, phases, known=Calibration(level=LEVEL), delay=4)
    without, _ = calibrated(forecasts, np.full(20, 100.0), phases, known=Calibration(level=LEVEL), delay=4)

    assert with_miss[:9].tolist() == without[:9].tolist()
    assert (with_miss[9:] > without[9:]).all()


def test_calibrating_in_two_parts_is_calibrating_at_once():
    rng = np.random.default_rng(1)
    peaks, forecasts, phases = rng.gamma(4, 10, 200), np.full(200, 90.0), np.full(200, MIDDLE)
    start = Calibration(level=LEVEL)

    _, whole = calibrated(forecasts, peaks, phases, known=start, delay=1)
    _, half = calibrated(forecasts[:100], peaks[:100], phases[:100], known=start, delay=1)
    _, rest = calibrated(forecasts[100:], peaks[100:], phases[100:], known=half, delay=1)

    assert rest.shift[MIDDLE] == pytest.approx(whole.shift[MIDDLE], abs=0.1)
    assert rest.surplus.keys() == whole.surplus.keys()


def test_closed_bins_teach_nothing_and_are_not_raised():
    uppers, after = calibrated(
        np.full(5, 10.0),
        np.full(5, 99.0),
        np.full(5, CLOSED),
        known=Calibration(level=LEVEL, shift={MIDDLE: 1}),
        delay=1,
    )

    assert uppers.tolist() == [10.0] * 5
    assert after.surplus == {}


def test_the_first_and_the_last_hour_of_a_session_are_phases_of_their_own():
    opened = np.array([0, 0, 1, 1, 1, 1, 1, 1, 0, 0], dtype=bool)

    assert phases_of(opened, hour_bins=2).tolist() == [
        CLOSED, CLOSED, OPENING, OPENING, MIDDLE, MIDDLE, CLOSING, CLOSING, CLOSED, CLOSED,
    ]  # fmt: skip
    assert set(phases_of(np.ones(6, dtype=bool), hour_bins=2)) == {MIDDLE}
