"""Schedules fall on the ends of bins."""

import pytest

from components.schedule import cron_expression


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


@pytest.mark.parametrize("interval_seconds", [0, 30, 90, 420, 7200])
def test_an_interval_that_no_clock_repeats_every_hour_is_refused(interval_seconds: int) -> None:
    with pytest.raises(ValueError, match=f"{interval_seconds} s"):
        cron_expression(interval_seconds)
