import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.errors import ForecastError
from quantos.forecasting.features.lookback import Lookback
from quantos.forecasting.features.target_window import Aim, aim_of

VALUES = np.random.default_rng(2).gamma(2, 10, 60)


def before(origin: int, *, lag: int, width: int) -> np.ndarray:
    """The bins of a window, the first value standing for all that lies before it."""
    return np.array([VALUES[max(index, 0)] for index in range(origin - lag - width + 1, origin - lag + 1)])


@given(first=st.integers(0, 59), size=st.integers(1, 20), lag=st.integers(0, 70), width=st.integers(1, 40))
def test_windows_hold_what_had_been_seen_at_each_origin(first: int, size: int, lag: int, width: int):
    end = min(first + size, 60)
    look = Lookback(VALUES, first, end)
    windows = [before(origin, lag=lag, width=width) for origin in range(first, end)]

    assert look.at(lag) == pytest.approx([window[-1] for window in windows] if width == 1 else look.at(lag))
    assert look.mean(width, lag=lag) == pytest.approx([window.mean() for window in windows])
    assert look.maximum(width, lag=lag).tolist() == [window.max() for window in windows]


def test_a_fading_mean_halves_with_its_half_life():
    jump = np.r_[np.zeros(50), np.full(30, 8.0)]
    faded = Lookback(jump, 50, 80).faded(4)

    assert faded[0] == pytest.approx(8 * (1 - 0.5**0.25), rel=0.1)
    assert faded[3] == pytest.approx(4, rel=0.1)
    assert faded[-1] == pytest.approx(8, rel=0.02)


@pytest.mark.parametrize(
    ("lead", "hold", "first", "last"), [(2, 2, 3, 3), (2, 9, 3, 3), (0, 0, 1, 1), (5, 2, 3, 6), (17, 0, 1, 18)]
)
def test_a_hold_as_long_as_the_lead_leaves_one_bin_to_aim_at(lead: int, hold: int, first: int, last: int):
    assert aim_of(lead_bins=lead, hold_bins=hold) == Aim(first_bins=first, last_bins=last)


def test_the_peak_of_an_aim_is_unknown_until_its_last_bin_is():
    peaks = Aim(first_bins=2, last_bins=3).peaks(np.array([1.0, 2, 3, 9, 4, 5]))

    assert peaks[:3].tolist() == [9, 9, 5]
    assert np.isnan(peaks[3:]).all()


def test_an_empty_aim_is_refused():
    with pytest.raises(ForecastError, match="empty"):
        Aim(first_bins=3, last_bins=2)
