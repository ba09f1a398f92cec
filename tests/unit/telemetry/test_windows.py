from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid, bin_sums
from quantos.telemetry.rereading import REREAD_PARTS
from quantos.telemetry.windows import DemandWindows
from tests.support.demand_history import MemoryDemandHistory

START = datetime(2026, 3, 2, tzinfo=UTC)
SERIES = "workload/x"


def grid(end_minutes: int, *, days: int = 3) -> Grid:
    end = int(START.timestamp()) + end_minutes * 60
    return Grid(end - days * 86_400, 300, days * 288)


def sample(minutes: int, value: float = 1.0) -> DemandSample:
    return DemandSample(series=SERIES, time=START + timedelta(minutes=minutes), source="a", value=value)


def read_directly(history: MemoryDemandHistory, asked: Grid) -> np.ndarray:
    return bin_sums(history.samples([SERIES], start=asked.starts_at, end=asked.ends_at)[SERIES], asked)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.array_equal(left, right, equal_nan=True))


@given(steps=st.lists(st.integers(-3, 400), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_warm_read_equals_a_cold_one_when_nothing_came_late(steps: list[int]):
    history = MemoryDemandHistory()
    history.add([sample(minute, value=minute % 97) for minute in range(-3 * 1440, 2880, 5) if minute % 35])
    windows = DemandWindows(history)
    end = 0
    for step in steps:
        end = max(end + step * 5, 0)
        assert same(windows.read([SERIES], grid(end))[SERIES], read_directly(history, grid(end)))


def test_a_warm_read_asks_the_history_for_little():
    asked: list[timedelta] = []

    class Recording(MemoryDemandHistory):
        def samples(
            self, series: Collection[str], *, start: datetime, end: datetime
        ) -> dict[str, tuple[DemandSample, ...]]:
            asked.append(end - start)
            return super().samples(series, start=start, end=end)

    windows = DemandWindows(Recording())
    windows.read([SERIES], grid(5))[SERIES]
    asked.clear()
    windows.read([SERIES], grid(10))[SERIES]

    assert asked == [timedelta(hours=2, minutes=5)]


def test_a_sample_an_hour_late_is_in_the_next_read():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    windows.read([SERIES], grid(100))[SERIES]
    history.add([sample(40, value=8)])

    assert np.nansum(windows.read([SERIES], grid(105))[SERIES]) == 8


def test_a_sample_days_late_is_seen_within_the_hours_that_a_round_takes():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    windows.read([SERIES], grid(0))[SERIES]
    history.add([sample(-60 * hours, value=1) for hours in (6, 20, 30, 45, 60)])

    for minute in range(5, REREAD_PARTS * 60 + 1, 5):
        found = windows.read([SERIES], grid(minute))[SERIES]

    assert same(found, read_directly(history, grid(REREAD_PARTS * 60)))


def test_what_a_caller_does_with_a_window_stays_with_the_caller():
    history = MemoryDemandHistory()
    history.add([sample(-5, value=2)])
    windows = DemandWindows(history)

    windows.read([SERIES], grid(0))[SERIES][:] = 99

    assert np.nansum(windows.read([SERIES], grid(0))[SERIES]) == 2
