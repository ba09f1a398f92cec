from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quantos.contracts.strategy import ExchangeSession, Session
from quantos.errors import ForecastError
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.exchange_hours import recorded_until
from quantos.telemetry.sessions.open_hours import open_bins

NEW_YORK = ZoneInfo("America/New_York")
XNYS = ExchangeSession(calendar="XNYS")


def day(year: int, month: int, number: int, *, bin_seconds: int = 300) -> Grid:
    return Grid(int(datetime(year, month, number, tzinfo=UTC).timestamp()), bin_seconds, 86_400 // bin_seconds)


def hours(session: ExchangeSession, grid: Grid) -> tuple[str, str] | None:
    """First and last open moment of a day, New York time."""
    found = np.flatnonzero(open_bins(session, grid))
    if not len(found):
        return None
    moments = (grid.start + int(found[0]) * grid.bin_seconds, grid.start + (int(found[-1]) + 1) * grid.bin_seconds)
    first, last = (datetime.fromtimestamp(moment, NEW_YORK) for moment in moments)
    return f"{first:%H:%M}", f"{last:%H:%M}"


def test_a_day_follows_the_clock_of_the_exchange():
    assert hours(XNYS, day(2026, 1, 14)) == ("09:30", "16:00")
    assert hours(XNYS, day(2026, 7, 15)) == ("09:30", "16:00")
    winter, summer = (int(open_bins(XNYS, day(2026, month, 14)).argmax()) for month in (1, 7))
    assert winter - summer == 12


def test_holidays_and_weekends_are_closed_and_half_days_short():
    assert hours(XNYS, day(2026, 11, 26)) is None
    assert hours(XNYS, day(2026, 11, 28)) is None
    assert hours(XNYS, day(2026, 11, 27)) == ("09:30", "13:00")


def test_what_runs_before_and_after_the_exchange_is_stated():
    wide = ExchangeSession(calendar="XNYS", opens_early_minutes=90, closes_late_minutes=30)
    assert hours(wide, day(2026, 11, 27)) == ("08:00", "13:30")


def test_old_days_are_known_too():
    assert hours(XNYS, day(2003, 10, 23)) == ("09:30", "16:00")


def test_an_unknown_calendar_is_refused_with_what_to_write():
    with pytest.raises(ValidationError, match="no exchange calendar; name one such as XNYS"):
        ExchangeSession(calendar="XNYC")


@given(offset_hours=st.integers(0, 24 * 365), bins=st.integers(1, 400), bin_seconds=st.sampled_from([60, 300, 3600]))
@settings(max_examples=40, deadline=None)
def test_on_ordinary_days_it_says_what_stated_hours_say(offset_hours: int, bins: int, bin_seconds: int):
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=offset_hours)
    grid = Grid(int(start.timestamp()), bin_seconds, bins)
    stated = open_bins(Session(time_zone="America/New_York", opens=time(9, 30), closes=time(16)), grid)
    known = open_bins(XNYS, grid)
    assert not (known & ~stated).any()


def test_beyond_the_last_recorded_holiday_weekdays_count_as_usual():
    """XSHG's holidays are recorded to the end of 2026 in the locked version of the package."""
    shanghai = ExchangeSession(calendar="XSHG")
    december = Grid(int(datetime(2026, 12, 28, tzinfo=UTC).timestamp()), 1800, 14 * 48)

    opened = open_bins(shanghai, december).reshape(14, 48).any(axis=1)

    assert opened.tolist() == [True] * 4 + [True, False, False] + [True] * 5 + [False, False]
    assert recorded_until(shanghai, december) == date(2026, 12, 31)
    assert recorded_until(XNYS, december) is None


def test_a_day_long_after_the_last_recorded_holiday_is_known_as_usual():
    monday = Grid(int(datetime(2030, 6, 3, tzinfo=UTC).timestamp()), 1800, 48)

    assert open_bins(ExchangeSession(calendar="XSHG"), monday).sum() == 11


def test_a_calendar_that_the_package_lists_and_cannot_make_is_an_error_of_ours():
    with pytest.raises(ForecastError, match="cannot make ASEX"):
        open_bins(ExchangeSession(calendar="ASEX"), Grid(0, 1800, 48))
