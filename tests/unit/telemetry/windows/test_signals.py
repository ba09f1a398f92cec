from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import SignalSample
from quantos.telemetry.bins import Grid
from quantos.telemetry.windows.refresh import REREAD_PARTS
from quantos.telemetry.windows.signal_windows import SignalWindows
from quantos.telemetry.windows.signals import SignalReadings, known_values
from tests.support.signal_history import MemorySignalHistory

START = datetime(2026, 3, 2, tzinfo=UTC)
NEWS = "signal/news-count"
NAN = float("nan")


def sample(minute: int, value: float, *, known: int | None = None, holds_minutes: int = 1440) -> SignalSample:
    """About a minute, known at another."""
    return SignalSample(
        series=NEWS,
        time=START + timedelta(minutes=minute),
        known_at=START + timedelta(minutes=minute if known is None else known),
        source="wire",
        value=value,
        holds_seconds=60 * holds_minutes,
    )


def at(minutes: list[int], *samples: SignalSample, ahead: int = 0) -> list[float | None]:
    moments = np.array([START.timestamp() + 60 * minute for minute in minutes])
    found = known_values(SignalReadings.of(samples), moments, ahead_seconds=60 * ahead)
    return [None if np.isnan(value) else value for value in found.tolist()]


def test_a_value_counts_from_when_it_was_known():
    assert at([4, 5, 6, 10], sample(0, 7, known=5), sample(5, 8, known=10)) == [None, 7, 7, 8]


def test_a_revision_counts_from_when_it_was_known_and_not_over_what_is_newer():
    first, revised, newer = sample(0, 7, known=5), sample(0, 9, known=20), sample(15, 1, known=30)
    late = sample(0, 100, known=40)

    assert at([10, 20, 30, 40], first, revised, newer, late) == [7, 9, 1, 1]


def test_a_scheduled_value_counts_as_soon_as_it_is_looked_ahead_to_and_until_its_end():
    event, after = sample(60, 1, known=0), sample(90, 0, known=0)

    assert at([0, 49, 50, 80, 89, 90], event, after, ahead=10) == [None, None, 1, 1, 1, 0]
    assert at([0, 20, 89, 90], event, after, ahead=40) == [None, 1, 1, 0]


def test_what_is_put_off_or_called_off_counts_no_more_from_when_that_was_known():
    event, off = sample(60, 1, known=0), sample(60, 0, known=30)

    assert at([25, 29, 30, 60], event, off, ahead=40) == [1, 1, 0, 0]


def test_a_value_counts_until_it_no_longer_stands_and_a_late_one_never():
    assert at([0, 15, 16], sample(0, 7, holds_minutes=15)) == [7, 7, None]
    assert at([20, 21], sample(0, 7, holds_minutes=15, known=20)) == [None, None]
    assert at([20], sample(0, 3, holds_minutes=600), sample(5, 7, holds_minutes=10)) == [None]


def test_nothing_known_is_not_zero():
    assert at([0, 5]) == [None, None]


SAMPLES = st.lists(
    st.builds(
        sample,
        st.integers(-300, 300),
        st.integers(-5, 5).map(float),
        known=st.integers(-300, 300),
        holds_minutes=st.sampled_from([1, 15, 600]),
    ),
    max_size=15,
)


@given(known=SAMPLES, later=SAMPLES, cut=st.integers(-300, 300), ahead=st.integers(0, 60))
def test_what_becomes_known_later_changes_nothing_before(
    known: list[SignalSample], later: list[SignalSample], cut: int, ahead: int
):
    moments = list(range(-310, cut, 7))
    unknown_yet = [item for item in later if item.known_at >= START + timedelta(minutes=cut)]

    assert at(moments, *known, *unknown_yet, ahead=ahead) == at(moments, *known, ahead=ahead)


@given(samples=SAMPLES, ahead=st.integers(0, 60))
def test_the_alignment_is_what_its_words_say(samples: list[SignalSample], ahead: int):
    for minute in range(-310, 400, 13):
        moment = START + timedelta(minutes=minute)
        known = [item for item in samples if item.known_at <= moment]
        ranked = sorted(known, key=lambda item: (item.time, item.known_at, item.value, item.holds_seconds))
        by_time = {item.time: item for item in ranked}
        present = [item for time, item in by_time.items() if time <= moment][-1:]
        stands = [item for item in present if moment <= item.time + timedelta(seconds=item.holds_seconds)]
        soon = [item for time, item in by_time.items() if moment < time <= moment + timedelta(minutes=ahead)]
        greatest = max((item.value for item in [*stands, *soon]), default=None)
        assert at([minute], *samples, ahead=ahead) == [greatest]


def grid(end_minutes: int) -> Grid:
    end = int(START.timestamp()) + end_minutes * 60
    return Grid(end - 2 * 86_400, 300, 2 * 288)


def read(windows: SignalWindows, end_minutes: int) -> list[float]:
    return windows.read([NEWS], grid(end_minutes), ahead_seconds=600)[NEWS].tolist()


@given(
    steps=st.lists(st.integers(-3, 60), min_size=1, max_size=8),
    samples=st.lists(
        st.builds(sample, st.integers(-4000, 1500), st.just(2.0), known=st.integers(-4000, 1500)), max_size=20
    ),
)
@settings(max_examples=40, deadline=None)
def test_a_warm_read_equals_a_cold_one_when_nothing_came_late(steps: list[int], samples: list[SignalSample]):
    history = MemorySignalHistory()
    windows = SignalWindows(history)
    history.add(samples)
    end = 0
    for step in steps:
        end = max(end + step * 5, 0)
        np.testing.assert_array_equal(read(windows, end), read(SignalWindows(history), end))


def test_what_was_told_two_weeks_before_a_window_may_stand_in_it():
    history = MemorySignalHistory()
    week = 7 * 1440
    history.add([sample(-2 * 1440 + 10 - week, 5, known=-2 * 1440 + 10 - 2 * week, holds_minutes=week)])

    np.testing.assert_array_equal(read(SignalWindows(history), 0)[:3], [5, 5, NAN])


def test_a_late_sample_is_in_the_next_read_and_one_days_late_within_a_round():
    history = MemorySignalHistory()
    windows = SignalWindows(history)
    read(windows, 100)
    history.add([sample(90, 8)])
    assert read(windows, 105)[-1] == 8

    history.add([sample(-60 * hours, 1) for hours in (6, 20, 30, 45)])
    *_, last = [read(windows, minute) for minute in range(110, 105 + REREAD_PARTS * 60, 5)]
    np.testing.assert_array_equal(last, read(SignalWindows(history), 100 + REREAD_PARTS * 60))
