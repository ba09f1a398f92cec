from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest

from quantos.contracts.demand import DemandSample
from quantos.contracts.strategy import Session
from quantos.telemetry.bins import Grid, demand_in_session, floor_to_bin
from quantos.telemetry.sessions.open_hours import open_bins

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NEW_YORK = Session(time_zone="America/New_York", opens=time(9, 30), closes=time(16))


def grid(hours: int = 1, *, start: datetime = MONDAY, bin_seconds: int = 300) -> Grid:
    return Grid(int(start.timestamp()), bin_seconds, hours * 3600 // bin_seconds)


def sample(minutes: float, value: float, *, source: str = "a", series: str = "workload/x") -> DemandSample:
    return DemandSample(series=series, time=MONDAY + timedelta(minutes=minutes), source=source, value=value)


def test_a_session_follows_its_time_zone_over_a_clock_change():
    before = open_bins(NEW_YORK, grid(24, start=datetime(2026, 3, 6, tzinfo=UTC)))
    after = open_bins(NEW_YORK, grid(24, start=datetime(2026, 3, 9, tzinfo=UTC)))

    assert np.flatnonzero(before)[0] == (14 * 60 + 30) // 5
    assert np.flatnonzero(after)[0] == (13 * 60 + 30) // 5
    assert before.sum() == after.sum() == 78


def test_a_weekend_is_closed_and_no_session_is_always_open():
    saturday = grid(24, start=datetime(2026, 3, 7, tzinfo=UTC))

    assert not open_bins(NEW_YORK, saturday).any()
    assert open_bins(None, saturday).all()


@pytest.mark.parametrize("bin_seconds", [60, 300, 900, 3600])
def test_open_bins_agree_with_the_session_bin_by_bin(bin_seconds: int):
    asked = grid(31, start=MONDAY + timedelta(hours=11), bin_seconds=bin_seconds)

    expected = [
        NEW_YORK.is_open(asked.starts_at + timedelta(seconds=index * bin_seconds), bin_seconds=bin_seconds)
        for index in range(asked.count)
    ]

    assert open_bins(NEW_YORK, asked).tolist() == expected


def test_closed_is_zero_open_is_unknown_and_measured_is_measured():
    sums = np.array([np.nan, np.nan, 3.0, 4.0])

    demand = demand_in_session(sums, opened=np.array([False, True, True, False]))

    assert demand[0] == 0
    assert np.isnan(demand[1])
    assert demand[2:].tolist() == [3, 4]


def test_a_moment_belongs_to_the_bin_that_ended_last():
    assert floor_to_bin(MONDAY + timedelta(seconds=299), bin_seconds=300) == int(MONDAY.timestamp())
    assert floor_to_bin(MONDAY + timedelta(seconds=300), bin_seconds=300) == int(MONDAY.timestamp()) + 300
