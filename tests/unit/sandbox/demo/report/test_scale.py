from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.demo.report.curves import excess, line, step_area, steps
from sandbox.demo.report.scale import Plot, round_steps
from sandbox.demo.report.wording import day_span, duration, percent

START = datetime(2003, 10, 23, tzinfo=UTC)
BIN = timedelta(hours=1)
PLOT = Plot(left=0, right=240, top=0, bottom=100, start=START, end=START + timedelta(days=1), top_vcpu=50)


@given(st.floats(min_value=1e-3, max_value=1e6), st.integers(min_value=2, max_value=10))
def test_round_steps_reach_the_largest_in_few_even_steps(largest, at_most):
    found = round_steps(largest, at_most=at_most)
    assert found[0] == 0
    assert found[-1] >= largest * (1 - 1e-6)
    assert 2 <= len(found) <= at_most + 1
    assert all(b - a == pytest.approx(found[1]) for a, b in pairwise(found))


@pytest.mark.parametrize(("apart", "hours"), [(9, 1), (19, 2), (29, 3), (59, 6), (100, 12), (1000, 24)])
def test_ticks_are_round_hours_with_room_between(apart, hours):
    ticks = list(PLOT.ticks(apart=apart))
    assert ticks[0] == START
    assert {b - a for a, b in pairwise(ticks)} == {timedelta(hours=hours)}


def test_ticks_of_a_part_of_a_day_stay_inside_and_round():
    plot = Plot(
        left=0, right=100, top=0, bottom=9, start=START + 7.25 * BIN, end=START + 11 * BIN, top_vcpu=1,
    )  # fmt: skip
    assert [tick.hour for tick in plot.ticks(apart=20)] == [8, 9, 10, 11]


def test_steps_hold_a_value_for_its_bin_and_gaps_stay_gaps():
    series = [
        (START, 10.0),
        (START + BIN, 10.0),
        (START + 2 * BIN, 20.0),
        (START + 3 * BIN, None),
        (START + 4 * BIN, 5.0),
    ]
    assert steps(PLOT, series, width=BIN) == "M0 80H20V60H30M40 90H50"
    assert step_area(PLOT, series[:3], width=BIN) == "M0 80H20V60H30V100H0Z"
    assert line(PLOT, series) == "M0 80L10 80L20 60M40 90h1"


def test_excess_is_drawn_only_above():
    series = [(START, 10.0), (START + BIN, 30.0), (START + 2 * BIN, None)]
    assert excess(PLOT, series, [10.0, 20.0, 0.0], width=BIN) == "M10 40H20V60H10Z"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-7, "under 0.01 %"), (0.0002, "0.02 %"), (0.031, "3.1 %"), (0.412, "41 %"), (1.2, "120 %")],
)
def test_a_share_that_is_not_nothing_never_reads_as_nothing(share, text):
    assert percent(share).replace("\u00a0", " ") == text


def test_spans_of_days():
    first, last, later = START.date(), (START + timedelta(days=1)).date(), (START + timedelta(days=9)).date()
    assert day_span([first]) == "23 October 2003"
    assert day_span([first, last]) == "23\u201324 October 2003"
    assert day_span([first, later]) == "23 October \u2013 1 November 2003"
    assert day_span([]) == "no days"


def test_durations():
    assert duration(4.26).replace("\u00a0", " ") == "4.3 s"
    assert duration(199.6).replace("\u00a0", " ") == "3 min 20 s"
