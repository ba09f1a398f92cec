from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid
from quantos.telemetry.sources import source_bins
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.telemetry.windows.refresh import REREAD_PARTS, ReadSpan, joined_hours
from quantos.telemetry.windows.snapshot import KeptWindow, dumped, loaded, window_key
from tests.support.capacity_fakes import KeptBytes
from tests.support.demand_history import MemoryDemandHistory


class Counting(KeptBytes):
    puts = 0

    def put(self, key: str, content: bytes, /) -> None:
        self.puts += 1
        super().put(key, content)


START = datetime(2026, 3, 2, tzinfo=UTC)
SERIES = "workload/x"


def grid(end_minutes: int, *, days: int = 3) -> Grid:
    end = int(START.timestamp()) + end_minutes * 60
    return Grid(end - days * 86_400, 300, days * 288)


def sample(minutes: int, value: float = 1.0) -> DemandSample:
    return DemandSample(series=SERIES, time=START + timedelta(minutes=minutes), source="a", value=value)


def read_directly(history: MemoryDemandHistory, asked: Grid) -> np.ndarray:
    return source_bins(history.samples([SERIES], start=asked.starts_at, end=asked.ends_at)[SERIES], asked).sums()


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
        assert same(windows.read([SERIES], grid(end))[SERIES].sums(), read_directly(history, grid(end)))


def test_a_warm_read_asks_the_history_for_little():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    windows.read([SERIES], grid(5))[SERIES].sums()
    history.asked.clear()
    windows.read([SERIES], grid(10))[SERIES].sums()

    assert history.asked == [timedelta(hours=2, minutes=5)]


def test_a_sample_an_hour_late_is_in_the_next_read():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    windows.read([SERIES], grid(100))[SERIES].sums()
    history.add([sample(40, value=8)])

    assert np.nansum(windows.read([SERIES], grid(105))[SERIES].sums()) == 8


def test_a_sample_days_late_is_seen_within_the_hours_that_a_round_takes():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    windows.read([SERIES], grid(0))[SERIES].sums()
    history.add([sample(-60 * hours, value=1) for hours in (6, 20, 30, 45, 60)])

    minutes = range(5, REREAD_PARTS * 60 + 1, 5)
    *_, last = [windows.read([SERIES], grid(minute))[SERIES].sums() for minute in minutes]

    assert same(last, read_directly(history, grid(REREAD_PARTS * 60)))


def test_what_a_caller_does_with_a_window_stays_with_the_caller():
    history = MemoryDemandHistory()
    history.add([sample(-5, value=2)])
    windows = DemandWindows(history)

    windows.read([SERIES], grid(0))[SERIES].sums()[:] = 99

    assert np.nansum(windows.read([SERIES], grid(0))[SERIES].sums()) == 2


def test_a_new_process_goes_on_from_what_another_kept():
    history, store = MemoryDemandHistory(), KeptBytes()
    history.add([sample(minute, value=minute % 97) for minute in range(-3 * 1440, 2880, 5) if minute % 35])
    DemandWindows(history, store).read([SERIES], grid(5), keep=True)
    history.asked.clear()

    found = DemandWindows(history, store).read([SERIES], grid(40))[SERIES].sums()

    assert sum(history.asked, timedelta()) <= timedelta(hours=6)
    assert same(found, read_directly(history, grid(40)))


def test_a_late_sample_reaches_a_process_that_goes_on():
    history, store = MemoryDemandHistory(), KeptBytes()
    history.add([sample(minute) for minute in range(-3 * 1440, 0, 5)])
    DemandWindows(history, store).read([SERIES], grid(0), keep=True)
    history.add([DemandSample(series=SERIES, time=START - timedelta(days=2), source="late", value=5.0)])

    found = [DemandWindows(history, store).read([SERIES], grid(60 * hour), keep=True) for hour in range(1, 24)]

    assert same(found[-1][SERIES].sums(), read_directly(history, grid(60 * 23)))


def test_the_store_is_written_once_an_hour_and_only_when_told():
    history, store = MemoryDemandHistory(), Counting()
    windows = DemandWindows(history, store)
    for minute in (0, 5, 10, 65, 70):
        windows.read([SERIES], grid(minute))
    assert store.puts == 0
    for minute in (75, 80, 125, 130):
        windows.read([SERIES], grid(minute), keep=True)
    assert store.puts == 2


@pytest.mark.parametrize("content", [b"", b"no archive", dumped(KeptWindow(ReadSpan(0, 300, 0), {}))[:-8]])
def test_what_cannot_be_read_is_read_from_the_history_again(content: bytes):
    history, store = MemoryDemandHistory(), KeptBytes()
    history.add([sample(-5)])
    store.put(window_key([SERIES], bin_seconds=300), content)

    assert same(DemandWindows(history, store).read([SERIES], grid(0))[SERIES].sums(), read_directly(history, grid(0)))


def test_only_a_correction_of_what_lay_before_counts_as_one():
    history = MemoryDemandHistory()
    windows = DemandWindows(history)
    since, until = START, START + timedelta(hours=6)
    history.add([sample(-5), sample(30)])
    history.add([sample(60).model_copy(update={"revision": 1, "known_at": START + timedelta(hours=2)})])
    history.add([sample(-5).model_copy(update={"revision": 1, "known_at": START - timedelta(minutes=1)})])
    assert not windows.corrected([SERIES], since=since, until=until)

    history.add([sample(-65).model_copy(update={"revision": 1, "known_at": START + timedelta(hours=2)})])
    assert windows.corrected([SERIES], since=since, until=until)
    assert not windows.corrected([SERIES], since=since, until=START + timedelta(hours=1))
    assert not windows.corrected(["workload/other"], since=since, until=until)


@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_a_kept_window_with_one_damaged_byte_is_none(place: float, bits: int):
    told = source_bins([sample(-5)], grid(0))
    whole = dumped(KeptWindow(ReadSpan(0, 300, 0), {SERIES: told}))
    damaged = bytearray(whole)
    damaged[int(place * len(whole))] ^= bits

    assert loaded(whole) is not None
    assert loaded(bytes(damaged)) is None


def test_the_key_is_of_the_set_of_series():
    both = ["workload/a", "workload/b"]

    assert window_key(both, bin_seconds=300) == window_key(both[::-1], bin_seconds=300)
    assert window_key(both, bin_seconds=300) != window_key(both, bin_seconds=60)
    assert window_key(both, bin_seconds=300) != window_key(both[:1], bin_seconds=300)


def test_a_correction_counts_from_when_it_was_known_and_a_replay_reads_what_was_known_then():
    history = MemoryDemandHistory()
    wrong = sample(-30, value=1e9)
    history.add([wrong, wrong.model_copy(update={"value": 4.0, "revision": 1, "known_at": START})])

    windows = DemandWindows(history)
    before, after = windows.read([SERIES], grid(-5))[SERIES].sums(), windows.read([SERIES], grid(0))[SERIES].sums()

    assert (np.nansum(before), np.nansum(after)) == (1e9, 4.0)
    assert np.nansum(DemandWindows(history).read([SERIES], grid(-5))[SERIES].sums()) == 1e9


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_correction_however_late_is_in_the_next_read_after_it_was_known(days: int):
    history, store = MemoryDemandHistory(), KeptBytes()
    wrong = sample(-days * 1440 - 200, value=1e9)
    history.add([sample(minute) for minute in range(-3 * 1440, 0, 5)])
    history.add([wrong])
    DemandWindows(history, store).read([SERIES], grid(0), keep=True)
    history.add([wrong.model_copy(update={"value": 1.0, "revision": 1, "known_at": START + timedelta(minutes=3)})])

    found = DemandWindows(history, store).read([SERIES], grid(5))[SERIES].sums()

    assert np.nanmax(found) == 1
    assert same(found, read_directly(history, grid(5)))


@given(hours=st.sets(st.integers(0, 40)))
def test_hours_to_read_again_are_joined_and_none_is_lost(hours: set[int]):
    spans = list(joined_hours({hour * 3600 for hour in hours}))

    assert {hour for start, end in spans for hour in range(start // 3600, end // 3600)} == hours
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
