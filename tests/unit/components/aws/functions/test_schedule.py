"""Schedules fall on the ends of bins."""

import pytest

from components.aws.functions.schedule import cron_expression


@pytest.mark.parametrize(
    ("interval_seconds", "expression"),
    [
        (60, "cron(0/1 * * * ? *)"),
        (300, "cron(0/5 * * * ? *)"),
        (1800, "cron(0/30 * * * ? *)"),
        (3600, "cron(0 * * * ? *)"),
    ],
)
def test_calls_fall_on_multiples_of_the_interval(interval_seconds: int, expression: str) -> None:
    assert cron_expression(interval_seconds) == expression


@pytest.mark.parametrize(
    ("interval_seconds", "offset_seconds", "expression"),
    [
        (86_400, 0, "cron(0 0 * * ? *)"),
        (86_400, 1800, "cron(30 0 * * ? *)"),
        (86_400, 5 * 3600 + 60, "cron(1 5 * * ? *)"),
        (3600, 300, "cron(5 * * * ? *)"),
        (900, 120, "cron(2/15 * * * ? *)"),
    ],
)
def test_calls_may_fall_a_while_after(interval_seconds: int, offset_seconds: int, expression: str) -> None:
    assert cron_expression(interval_seconds, offset_seconds=offset_seconds) == expression


@pytest.mark.parametrize("offset_seconds", [-60, 90, 86_400])
def test_an_offset_that_is_no_time_of_the_day_is_refused(offset_seconds: int) -> None:
    with pytest.raises(ValueError, match=f"{offset_seconds} s"):
        cron_expression(86_400, offset_seconds=offset_seconds)


@pytest.mark.parametrize("interval_seconds", [0, 30, 90, 420, 7200, 43_200])
def test_an_interval_that_no_clock_repeats_every_hour_is_refused(interval_seconds: int) -> None:
    with pytest.raises(ValueError, match=f"{interval_seconds} s"):
        cron_expression(interval_seconds)
