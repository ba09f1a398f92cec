"""Amounts in whole units, and the days that a time falls in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.ledger.amounts import NOTHING, Amount, by_day, of_hours, of_time

AMOUNTS = st.builds(
    Amount, cpu_ms=st.integers(0, 10**12), gpu_ms=st.integers(0, 10**12), io_bytes=st.integers(0, 10**15)
)
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(AMOUNTS, AMOUNTS)
def test_an_amount_is_the_lesser_and_what_is_beyond_it(some: Amount, other: Amount) -> None:
    assert some.least(other) + some.beyond(other) == some
    assert some.within(other) == (some + other.beyond(some) == other)
    assert (some + other) - other == some


def test_one_resource_beyond_is_enough() -> None:
    assert not Amount(cpu_ms=1, io_bytes=5).within(Amount(cpu_ms=9, io_bytes=4))


def test_budgets_and_requests_come_to_the_same_units() -> None:
    requests = Requests(cpu="500m", mem="1Gi", gpu=2)
    assert of_time(requests, 3_600_000) == of_hours(cpu_hours=0.5, gpu_hours=2, io_tib=0)
    assert of_hours(cpu_hours=0, gpu_hours=0, io_tib=1) == Amount(io_bytes=2**40)
    assert of_time(Requests(), 1000) == NOTHING


@given(MOMENTS, st.integers(0, 5 * 86_400_000))
def test_every_millisecond_falls_in_one_day(started: datetime, length: int) -> None:
    parts = by_day(started, started + timedelta(milliseconds=length))
    days = [day for day, _ in parts]
    assert sum(milliseconds for _, milliseconds in parts) == pytest.approx(length, abs=1)
    assert days == sorted(set(days))
    assert days[0] == started.date().isoformat()
    assert all(milliseconds == 86_400_000 for _, milliseconds in parts[1:-1])


def test_midnight_is_that_of_utc() -> None:
    new_york = timezone(timedelta(hours=-5))
    started = datetime(2026, 11, 20, 18, 59, 59, tzinfo=new_york)
    assert by_day(started, started + timedelta(seconds=3)) == [("2026-11-20", 1000), ("2026-11-21", 2000)]


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="cannot have ended"):
        by_day(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
