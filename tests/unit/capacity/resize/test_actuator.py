from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.resize.actuator import Actuation, actuate
from quantos.contracts.plan import PlanDocument, ScalingPlan
from tests.support.plan_cases import ACTUATOR, NOW, document, make_plan

RANGES = {"cpu": 20}


def acted(
    plan: ScalingPlan, current: PlanDocument, floors: dict[int, dict[str, int]] | None = None, **ranges: int
) -> Actuation:
    return actuate(plan, current=current, floors=floors or {}, settings=ACTUATOR, ranges={**RANGES, **ranges})


def planned(*, minutes: int, floor: int) -> dict[int, dict[str, int]]:
    """Floors of a plan made so many minutes after NOW."""
    return {int((NOW + timedelta(minutes=minutes)).timestamp()): {"cpu": floor}}


def resized(*, minutes_ago: int, cpu: int) -> PlanDocument:
    return document(sequence=int((NOW - timedelta(minutes=minutes_ago)).timestamp()), cpu=cpu)


def test_a_change_of_one_node_is_within_the_dead_band() -> None:
    actuation = acted(make_plan(floors={"cpu": 3}), document(cpu=2))
    assert (actuation.act, "dead band" in actuation.reason) == (False, True)


def test_a_change_of_the_dead_band_acts() -> None:
    assert acted(make_plan(floors={"cpu": 4}), document(cpu=2)).act


def test_a_second_resize_waits_for_the_interval_to_end() -> None:
    early = acted(make_plan(floors={"cpu": 9}), resized(minutes_ago=59, cpu=2))
    later = acted(make_plan(floors={"cpu": 9}), resized(minutes_ago=60, cpu=2))
    assert (early.act, later.act) == (False, True)


def test_an_urgent_raise_ignores_the_interval_but_an_urgent_fall_does_not() -> None:
    rise = acted(make_plan(floors={"cpu": 9}, urgent=True), resized(minutes_ago=1, cpu=2))
    fall = acted(make_plan(floors={"cpu": 2}, urgent=True), resized(minutes_ago=1, cpu=9))
    assert (rise.act, fall.act) == (True, False)


def test_an_urgent_raise_ignores_the_dead_band_but_an_urgent_fall_does_not() -> None:
    assert acted(make_plan(floors={"gpu": 1}, urgent=True), document(gpu=0), gpu=20).act
    assert not acted(make_plan(floors={"gpu": 0}, urgent=True), document(gpu=1), gpu=20).act


@pytest.mark.parametrize(("pool_range", "acts"), [(1, True), (2, True), (3, True), (4, False), (20, False)])
def test_a_dead_band_is_at_most_half_of_the_pools_range(pool_range: int, acts: bool) -> None:
    assert acted(make_plan(floors={"gpu": 2}), document(gpu=1), gpu=pool_range).act is acts


def test_no_dead_band_keeps_a_pool_empty() -> None:
    assert acted(make_plan(floors={"gpu": 1}), document(gpu=0)).act


def test_a_floor_planned_within_the_hold_keeps_the_pool_up() -> None:
    actuation = acted(make_plan(floors={"cpu": 2}), document(cpu=9), planned(minutes=-20, floor=9))
    assert actuation.sizes["cpu"].floor == 9
    assert not actuation.act


def test_a_floor_older_than_the_hold_is_forgotten() -> None:
    actuation = acted(make_plan(floors={"cpu": 2}), document(cpu=9), planned(minutes=-30, floor=9))
    assert actuation.sizes["cpu"].floor == 2
    assert actuation.act


def test_a_refused_high_floor_does_not_linger() -> None:
    actuation = acted(make_plan(floors={"cpu": 3}), document(cpu=2), planned(minutes=-5, floor=19))
    assert actuation.sizes["cpu"].floor == 3


@given(
    current=st.integers(0, 20),
    target=st.integers(0, 20),
    recent=st.lists(st.tuples(st.integers(-60, 0), st.integers(0, 20)), max_size=6),
)
def test_the_held_floor_is_never_below_the_target_nor_above_both_target_and_standing(
    current: int, target: int, recent: list[tuple[int, int]]
) -> None:
    floors = {}
    for minutes, floor in recent:
        floors |= planned(minutes=minutes, floor=floor)
    held = acted(make_plan(floors={"cpu": target}), document(cpu=current), floors)
    assert target <= held.sizes["cpu"].floor <= max(target, current)
