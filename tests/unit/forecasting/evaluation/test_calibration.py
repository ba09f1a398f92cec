import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.forecasting.evaluation.calibration import (
    CLOSED,
    CLOSING,
    MIDDLE,
    OPENING,
    Calibration,
    at_level,
    calibrated,
    phases_of,
)

LEVEL = 66 / 67
NOMINAL = 1 - LEVEL
HOUR = 12


def run(
    forecasts: np.ndarray, peaks: np.ndarray, *, known: Calibration | None = None, delay: int = 3, level: float = LEVEL
) -> tuple[np.ndarray, Calibration]:
    phases = np.full(len(peaks), MIDDLE)
    start = Calibration(level=level) if known is None else known
    most = np.full(len(peaks), np.inf)
    return calibrated(forecasts, peaks, phases, most=most, known=start, delay=delay, hour_bins=HOUR)


@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.5, 1.0, 2.0]), level=st.sampled_from([0.9, LEVEL]))
@settings(max_examples=8, deadline=None)
def test_misses_are_nominal_whatever_the_forecast_and_though_it_grows_worse(seed: int, scale: float, level: float):
    rng = np.random.default_rng(seed)
    peaks = 100 * np.exp(0.2 * rng.normal(size=3000) * np.linspace(1, 2, 3000))

    uppers, _ = run(np.full(3000, 130.0 * scale), peaks, level=level)

    missed = (peaks > uppers)[10 * HOUR :].mean()
    assert 0.5 * (1 - level) < missed < 1.5 * (1 - level)


def test_a_calm_series_is_raised_little_after_a_run_of_misses():
    rng = np.random.default_rng(2)
    peaks = 100 * np.exp(0.01 * rng.normal(size=2000))
    _, known = run(np.full(2000, 100.0), peaks)

    uppers, _ = run(np.full(40, 100.0), np.r_[np.full(20, 110.0), np.full(20, 100.0)], known=known)

    assert uppers[0] < 104
    assert uppers[0] < uppers[-15] < 112


def test_misses_shift_a_level_within_hours():
    rng = np.random.default_rng(3)
    peaks = 100 * np.exp(0.1 * rng.normal(size=4000) + np.where(np.arange(4000) >= 3000, 0.4, 0.0))

    uppers, _ = run(np.full(4000, 110.0), peaks)

    assert (peaks > uppers)[3000 : 3000 + 4 * HOUR].mean() > 0.2
    assert (peaks > uppers)[3300:].mean() < 2 * NOMINAL


def test_an_outcome_counts_only_once_it_is_known():
    _, known = run(np.full(600, 100.0), np.random.default_rng(4).normal(100, 5, 600))
    quiet = np.full(30, 100.0)
    missed = quiet.copy()
    missed[5] = 500.0

    with_miss, _ = run(quiet, missed, known=known, delay=4)
    without, _ = run(quiet, quiet, known=known, delay=4)

    assert with_miss[:9].tolist() == without[:9].tolist()
    assert (with_miss[9:] >= without[9:]).all()
    assert with_miss[9:].sum() > without[9:].sum()


def test_calibrating_in_two_parts_with_the_delay_between_them_is_calibrating_at_once():
    rng = np.random.default_rng(1)
    peaks, forecasts, delay = rng.gamma(4, 10, 40 * HOUR), np.full(40 * HOUR, 90.0), HOUR
    cut = 20 * HOUR
    come = peaks.copy()
    come[cut - delay :] = np.nan

    _, whole = run(forecasts, peaks, delay=delay)
    _, half = run(forecasts[:cut], come[:cut], delay=delay)
    _, rest = run(forecasts[cut - delay :], peaks[cut - delay :], known=half, delay=delay)

    assert rest.scores[MIDDLE].sum() == pytest.approx(whole.scores[MIDDLE].sum(), rel=1e-2)
    assert rest.surplus[MIDDLE] == pytest.approx(whole.surplus[MIDDLE], abs=2)


def test_nothing_is_raised_above_the_most_but_a_forecast_may_be_there():
    _, known = run(np.full(600, 100.0), np.full(600, 250.0))
    forecasts, phases = np.array([100.0, 180.0]), np.full(2, MIDDLE)

    uppers, _ = calibrated(
        forecasts, np.full(2, np.nan), phases, most=np.full(2, 150.0), known=known, delay=1, hour_bins=HOUR
    )

    assert uppers.tolist() == [150.0, 180.0]


def test_closed_bins_teach_nothing_and_are_not_raised():
    _, known = run(np.full(600, 100.0), np.full(600, 150.0))

    uppers, after = calibrated(
        np.full(5, 10.0),
        np.full(5, 99.0),
        np.full(5, CLOSED),
        most=np.full(5, 200.0),
        known=known,
        delay=1,
        hour_bins=HOUR,
    )

    assert uppers.tolist() == [10.0] * 5
    assert after.surplus == known.surplus
    assert at_level(10.0, 0.5, phase=CLOSED, known=known) == 10.0


def test_a_phase_with_few_scores_of_its_own_takes_those_of_all_and_stays_as_it_is_where_these_are_few():
    _, known = run(np.full(600, 100.0), np.full(600, 150.0))

    assert at_level(10.0, 0.9, phase=OPENING, known=known) == at_level(10.0, 0.9, phase=MIDDLE, known=known)
    assert at_level(10.0, 0.9, phase=MIDDLE, known=run(np.full(40, 100.0), np.full(40, 150.0))[1]) == 10.0


@given(levels=st.lists(st.floats(0.01, 0.9999), min_size=2, max_size=6), seed=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_higher_levels_are_never_lower(levels: list[float], seed: int):
    rng = np.random.default_rng(seed)
    _, known = run(np.full(300, 100.0), 100 * np.exp(rng.normal(0, 0.3, 300)))

    found = [at_level(100.0, level, phase=MIDDLE, known=known) for level in sorted(levels)]

    assert found == sorted(found)


def test_the_first_and_the_last_hour_of_a_session_are_phases_of_their_own():
    opened = np.array([0, 0, 1, 1, 1, 1, 1, 1, 0, 0], dtype=bool)

    assert phases_of(opened, hour_bins=2).tolist() == [
        CLOSED, CLOSED, OPENING, OPENING, MIDDLE, MIDDLE, CLOSING, CLOSING, CLOSED, CLOSED,
    ]  # fmt: skip
    assert set(phases_of(np.ones(6, dtype=bool), hour_bins=2)) == {MIDDLE}
