"""A source that falls silent is missed and its share held, for as long as it is expected, and no longer."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid
from quantos.telemetry.completeness import Expectation, Heard, SourceState, heard
from quantos.telemetry.sources import source_bins

DAY = 48
DAYS = 5
COUNT = DAYS * DAY
STALE, RETIRED = 2, 40
START = datetime(2026, 3, 2, tzinfo=UTC)
GRID = Grid(int(START.timestamp()), 1800, COUNT)
NOW = COUNT - 1

Course = Callable[[int], float | None]


def hump(index: int) -> float:
    return 100.0 + 50 * np.sin(index % DAY / DAY * 2 * np.pi)


def steady(level: float = 1.0, *, first: int = 0, last: int = NOW, every: int = 1) -> Course:
    """So many times the hump, from one bin to another."""
    return lambda index: level * hump(index) if first <= index <= last and (index - first) % every == 0 else None


def told(
    courses: Mapping[str, Course],
    *,
    left: Mapping[str, int] | None = None,
    declared: tuple[str, ...] = (),
    opened: np.ndarray | None = None,
) -> Heard:
    """What is known of a series whose sources tell these values by bin, and say goodbye in those bins."""
    moments = [START + timedelta(minutes=30 * index) for index in range(COUNT)]
    samples = [
        DemandSample(series="workload/x", time=moments[index], source=name, value=value)
        for name, course in courses.items()
        for index in range(COUNT)
        if (value := course(index)) is not None
    ]
    samples += [
        DemandSample(series="workload/x", time=moments[index], source=name, value=0, goodbye=True)
        for name, index in (left or {}).items()
    ]
    expected = Expectation(
        opened=np.ones(COUNT, dtype=np.bool_) if opened is None else opened,
        day_bins=DAY,
        stale_bins=STALE,
        retired_bins=RETIRED,
        declared=declared,
    )
    return heard(source_bins(samples, GRID), expected)


def state(found: Heard, name: str) -> SourceState:
    return next(item for item in found.sources if item.name == name)


def whole(*levels: float) -> np.ndarray:
    return sum(levels) * np.array([hump(index) for index in range(COUNT)])


@given(silent=st.integers(1, RETIRED), level=st.floats(0.05, 4), others=st.integers(1, 3))
def test_the_share_of_a_silent_source_is_held_as_if_it_had_gone_on(silent: int, level: float, others: int):
    courses = {f"gw-{index}": steady() for index in range(others)}

    found = told({**courses, "lost": steady(level, last=NOW - silent)})

    gone = slice(COUNT - silent, COUNT - silent + STALE - 1)
    assert np.delete(found.values, gone) == pytest.approx(np.delete(whole(*[1.0] * others, level), gone), rel=1e-6)
    assert (found.values[gone] >= whole(*[1.0] * others, level)[gone] - 1e-9).all()
    assert np.flatnonzero(~found.complete).tolist() == list(range(COUNT - silent, COUNT))
    assert state(found, "lost") == SourceState(
        name="lost",
        state="silent",
        last=NOW - silent,
        silent_bins=silent,
        held=pytest.approx(level * hump(NOW if silent >= STALE else max(NOW, NOW - silent, key=hump)), rel=1e-6),
    )


@given(silent=st.integers(1, RETIRED), values=st.lists(st.floats(0, 500), min_size=RETIRED, max_size=RETIRED))
def test_silence_never_lowers_what_is_known(silent: int, values: list[float]):
    def rest(index: int) -> float:
        return hump(index) if index <= NOW - silent else values[index - COUNT]

    found = told({"gw-1": rest, "lost": steady(last=NOW - silent)})

    measured = np.array([rest(index) for index in range(COUNT)])
    before = np.array([hump(index) for index in range(COUNT)])
    assert (found.values >= measured + np.where(found.complete, 0.0, before) - 1e-9).all()


def test_a_source_that_tells_zero_is_not_silent():
    found = told({"gw-1": steady(), "idle": lambda index: hump(index) if index < NOW - 9 else 0.0})

    assert found.complete.all()
    assert found.values[-1] == pytest.approx(hump(NOW))
    assert state(found, "idle").state == "heard"


def test_what_a_silent_source_had_is_held_also_where_the_others_tell_nothing_but_zero():
    found = told({"gw-1": lambda index: 0.0 if index > NOW - 9 else hump(index), "lost": steady(last=NOW - 9)})

    assert found.values[-1] == pytest.approx(hump(NOW))


def test_a_source_that_comes_back_was_missing_only_in_between():
    lost = steady()

    found = told({"gw-1": steady(), "flapping": lambda index: None if NOW - 20 < index < NOW - 5 else lost(index)})

    assert found.values == pytest.approx(whole(1, 1), rel=0.05)
    assert np.flatnonzero(~found.complete).tolist() == list(range(NOW - 19, NOW - 5))
    assert state(found, "flapping").state == "heard"


def test_a_source_that_flaps_is_missed_whenever_it_is_silent():
    flapping = {"gw-1": steady(), "flapping": lambda index: hump(index) if index % 10 < 7 else None}

    found = told(flapping)

    assert found.values[DAY:] == pytest.approx(whole(1, 1)[DAY:], rel=0.05)
    assert found.complete[DAY:].mean() == pytest.approx(0.7, abs=0.02)


def test_a_source_that_always_told_every_sixth_bin_is_not_missed_in_between():
    found = told({"gw-1": steady(), "slow": steady(every=6)})

    assert found.complete.all()
    assert not told({"gw-1": steady(), "slow": steady(every=6, last=NOW - 8)}).complete[-1]


def test_a_source_that_said_goodbye_is_not_missed():
    found = told({"gw-1": steady(), "pod": steady(last=NOW - 9)}, left={"pod": NOW - 9})

    assert found.complete.all()
    assert found.values[-1] == pytest.approx(hump(NOW))
    assert state(found, "pod").state == "left"


def test_one_that_is_retired_by_a_person_was_missing_at_no_time_since_it_was_heard():
    found = told({"gw-1": steady(), "pod": steady(last=NOW - 9)}, left={"pod": NOW - 1})

    assert found.complete.all()


def test_after_a_goodbye_a_source_that_is_heard_again_is_expected_again():
    back = steady()

    def course(index: int) -> float | None:
        return None if NOW - 30 < index < NOW - 20 or index > NOW - 3 else back(index)

    found = told({"gw-1": steady(), "pod": course}, left={"pod": NOW - 30})

    assert np.flatnonzero(~found.complete).tolist() == [NOW - 2, NOW - 1, NOW]


def test_after_the_stated_time_a_source_is_given_up_unless_it_is_declared():
    courses = {"gw-1": steady(), "lost": steady(last=NOW - RETIRED - 3)}

    discovered, declared = told(courses), told(courses, declared=("lost", "gw-1"))

    assert np.flatnonzero(~discovered.complete).tolist() == list(range(COUNT - RETIRED - 3, COUNT - 3))
    assert state(discovered, "lost").state == "retired"
    assert discovered.values[-1] == pytest.approx(hump(NOW))
    assert not declared.complete[-1]
    assert state(declared, "lost").state == "silent"
    assert declared.values[-1] == pytest.approx(2 * hump(NOW))


def test_a_declared_source_that_was_never_heard_is_told_and_nothing_is_held_for_it():
    found = told({"gw-1": steady()}, declared=("gw-1", "gw-2"))

    assert found.complete.all()
    assert (state(found, "gw-2").state, state(found, "gw-2").last, state(found, "gw-2").held) == ("silent", None, 0.0)


@pytest.mark.parametrize("overlap", [-2, 0, 1], ids=["later", "at-once", "side-by-side"])
def test_a_pod_that_was_rolled_is_not_counted_twice(overlap: int):
    rolled = NOW - 20
    courses = {"gw-1": steady(), "pod-a": steady(last=rolled), "pod-b": steady(first=rolled + 1 - overlap)}

    found = told(courses)

    both = slice(rolled + 1 - min(overlap, 0), None)
    assert found.values[both] == pytest.approx(whole(1, 1)[both])
    assert found.complete[both].all()
    assert state(found, "pod-a").state == "succeeded"


def test_a_chain_of_rolled_pods_is_missed_nowhere_but_where_the_last_of_it_ends():
    lived = 30
    pods = {f"pod-{index}": steady(first=index * lived, last=(index + 1) * lived - 1) for index in range(6)}

    found = told({"gw-1": steady(), **pods})

    assert np.flatnonzero(~found.complete).tolist() == list(range(6 * lived, 6 * lived + RETIRED))
    assert found.values[: 6 * lived] == pytest.approx(whole(1, 1)[: 6 * lived])


def test_one_new_source_succeeds_one_silent_source_only():
    lost = {"pod-a": steady(last=NOW - 20), "pod-b": steady(last=NOW - 20)}

    found = told({"gw-1": steady(), **lost, "pod-c": steady(first=NOW - 19)})

    assert found.values[-1] == pytest.approx(3 * hump(NOW))
    assert not found.complete[-1]


def test_a_new_source_that_brings_little_leaves_the_rest_held():
    found = told({"gw-1": steady(), "lost": steady(last=NOW - 20), "small": steady(0.2, first=NOW - 15)})

    assert found.values[-1] == pytest.approx(2 * hump(NOW))
    assert state(found, "lost").held == pytest.approx(0.8 * hump(NOW))


def test_a_new_source_where_none_is_silent_is_demand():
    found = told({"gw-1": steady(), "new": steady(first=NOW - 5)})

    assert found.complete.all()
    assert found.values[-1] == pytest.approx(2 * hump(NOW))


def test_one_of_many_pods_is_held_by_its_own_share():
    pods = {f"pod-{index}": steady(0.1, last=NOW - 4 * (index == 3)) for index in range(20)}

    found = told(pods)

    assert found.values[-1] == pytest.approx(2 * hump(NOW))
    assert state(found, "pod-3").held == pytest.approx(0.1 * hump(NOW))


def test_where_all_are_silent_nothing_is_known_here():
    found = told({"gw-1": steady(last=NOW - 3), "gw-2": steady(last=NOW - 3)})

    assert np.isnan(found.values[-3:]).all()


def test_silence_outside_the_session_is_no_fault():
    opened = np.array([16 <= index % DAY < 36 for index in range(COUNT)])

    def course(index: int) -> float | None:
        return hump(index) if opened[index] else None

    found = told({"gw-1": course, "gw-2": course}, opened=opened)
    lost = told({"gw-1": course, "gw-2": lambda i: course(i) if i < 4 * DAY + 18 else None}, opened=opened)

    assert found.complete.all()
    assert {item.state for item in found.sources} == {"heard"}
    assert np.flatnonzero(~lost.complete).tolist() == list(range(4 * DAY + 18, 4 * DAY + 36))


def test_a_source_heard_once_or_twice_is_never_missed():
    orders = {f"order-{index}": steady(first=index, last=index) for index in range(DAY, NOW - 5)}

    found = told({"gw-1": steady(), **orders})

    assert found.complete.all()
    assert found.values[-1] == pytest.approx(hump(NOW))


@given(cut=st.integers(DAY, COUNT), silent=st.integers(1, 60), first=st.integers(0, 60))
def test_no_bin_looks_ahead(cut: int, silent: int, first: int):
    courses = {"gw-1": steady(), "lost": steady(0.7, last=NOW - silent), "new": steady(0.5, first=NOW - first)}
    later = told(courses)
    before = told({name: lambda i, course=course: course(i) if i < cut else None for name, course in courses.items()})

    assert later.values[:cut] == pytest.approx(before.values[:cut], nan_ok=True)
    assert later.complete[:cut].tolist() == before.complete[:cut].tolist()
