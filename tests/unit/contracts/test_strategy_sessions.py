"""Hours of a session by the wall clock: overnight, to midnight, and on the days it opens on."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.strategy import Session

FUTURES = Session(time_zone="America/Chicago", opens=time(17), closes=time(16), weekdays=(6, 0, 1, 2, 3))
BIN = 300


def is_open(session: Session, text: str, *, bin_seconds: int = BIN) -> bool:
    return session.is_open(datetime.fromisoformat(text), bin_seconds=bin_seconds)


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-03-01T16:55:00-06:00", False),
        ("2026-03-01T17:00:00-06:00", True),
        ("2026-03-02T03:00:00-06:00", True),
        ("2026-03-02T15:55:00-06:00", True),
        ("2026-03-02T16:00:00-06:00", False),
        ("2026-03-02T17:00:00-06:00", True),
        ("2026-03-06T15:55:00-06:00", True),
        ("2026-03-06T17:00:00-06:00", False),
        ("2026-03-07T03:00:00-06:00", False),
    ],
)
def test_an_overnight_session_belongs_to_the_day_it_opens_on(moment: str, opened: bool) -> None:
    assert is_open(FUTURES, moment) == opened


def test_midnight_as_close_is_the_end_of_the_day() -> None:
    late = Session(opens=time(9, 30), closes=time(0), weekdays=(0,))

    assert is_open(late, "2026-03-02T23:55:00+00:00")
    assert not is_open(late, "2026-03-03T00:00:00+00:00")
    assert not is_open(late, "2026-03-02T09:25:00+00:00")


def test_a_session_shorter_than_a_bin_opens_the_bin() -> None:
    short = Session(opens=time(9, 20), closes=time(9, 30))

    assert is_open(short, "2026-03-02T09:00:00+00:00", bin_seconds=3600)


@given(opens=st.times(), closes=st.times(), weekday=st.integers(0, 6), minutes=st.integers(0, 7 * 1440 - 1))
def test_a_session_is_open_from_its_opening_for_its_length(
    opens: time, closes: time, weekday: int, minutes: int
) -> None:
    session = Session(
        opens=opens.replace(second=0, microsecond=0),
        closes=closes.replace(second=0, microsecond=0),
        weekdays=(weekday,),
    )
    moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minutes)
    begin = datetime.combine(datetime(2026, 3, 2, tzinfo=UTC).date() + timedelta(days=weekday), session.opens, UTC)
    inside = any(begin <= moment - timedelta(days=days) < begin + session.length for days in (0, -7))

    assert session.is_open(moment, bin_seconds=60) == inside


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "Nowhere/At_All", "../../etc/passwd"])
def test_a_session_is_by_the_clock_of_a_place(zone: str) -> None:
    with pytest.raises(ValueError, match="IANA time zone"):
        Session(time_zone=zone, opens=time(9), closes=time(16))
