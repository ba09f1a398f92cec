from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid
from quantos.telemetry.sources import SourceBins, source_bins

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
GRID = Grid(int(MONDAY.timestamp()), 300, 12)


def sample(
    minutes: float, value: float, *, source: str = "a", series: str = "workload/x", goodbye: bool = False
) -> DemandSample:
    moment = MONDAY + timedelta(minutes=minutes)
    return DemandSample(series=series, time=moment, source=source, value=value, goodbye=goodbye)


def cells(found: SourceBins) -> set[tuple[int, str, float]]:
    names = [found.names[one] for one in found.sources]
    return set(zip(found.bins.tolist(), names, found.values.tolist(), strict=True))


def test_sources_and_moments_of_a_bin_add_up_and_an_empty_bin_is_unknown():
    sums = source_bins([sample(0, 1), sample(4, 2), sample(4, 4, source="b"), sample(10, 0)], GRID).sums()

    assert sums[0] == 7
    assert np.isnan(sums[1])
    assert sums[2] == 0
    assert np.isnan(sums[3:]).all()


def test_samples_outside_the_grid_are_left_out():
    assert np.isnan(source_bins([sample(-1, 1), sample(60, 1)], GRID).sums()).all()


def test_levels_add_over_sources_but_not_over_time():
    level = [sample(minute, 10, series="system/cpu") for minute in range(5)]
    other = [sample(2, 3, source="b", series="system/cpu")]

    assert source_bins([*level, *other], GRID).sums()[0] == 13


def test_a_goodbye_counts_nothing_and_makes_no_bin_known():
    found = source_bins([sample(0, 1), sample(5, 0, goodbye=True)], GRID)

    assert np.isnan(found.sums()[1])
    assert (found.left_bins.tolist(), found.left.tolist()) == ([1], [0])


def test_a_source_that_is_heard_after_its_goodbye_has_not_left():
    parting, alive, again = sample(0.2, 0, goodbye=True), sample(0, 1), sample(1, 1)

    assert len(source_bins([alive, parting], GRID).left)
    assert not len(source_bins([alive, parting, again], GRID).left)


samples = st.lists(
    st.builds(sample, st.integers(0, 59), st.sampled_from([0.0, 1.0, 7.0]), source=st.sampled_from(["a", "b", "c"]))
    | st.builds(sample, st.integers(0, 59), st.just(0.0), source=st.sampled_from(["a", "d"]), goodbye=st.just(True)),
    max_size=20,
)


@given(before=samples, after=samples, first=st.integers(0, 11), length=st.integers(0, 12))
def test_a_part_that_is_read_again_stands_in_for_what_was_there(
    before: list[DemandSample], after: list[DemandSample], first: int, length: int
):
    end = min(first + length, 12)
    part = Grid(GRID.start + first * 300, 300, end - first)

    found = source_bins(before, GRID).replaced(source_bins(after, part), first=first)

    inside = [one for one in after if first <= (one.time - MONDAY) // timedelta(minutes=5) < end]
    outside = [one for one in before if not first <= (one.time - MONDAY) // timedelta(minutes=5) < end]
    direct = source_bins([*outside, *inside], GRID)
    assert cells(found) == cells(direct)
    assert len(found.left) == len(direct.left)
    assert set(found.names) == set(direct.names)
    assert (np.diff(found.bins) >= 0).all()


@given(told=samples, by=st.integers(0, 12))
def test_a_window_that_moves_on_forgets_what_lies_before(told: list[DemandSample], by: int):
    later = Grid(GRID.start + by * 300, 300, 12)

    assert cells(source_bins(told, GRID).moved(by, count=12)) == cells(source_bins(told, later))
