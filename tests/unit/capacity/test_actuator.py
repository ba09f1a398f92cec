from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.actuator import actuate, remember_plan, remember_resize
from quantos.capacity.ports import ActuatorMemory
from tests.support.capacity_fakes import ACTUATOR, NOW, document, make_plan

EMPTY = ActuatorMemory(floors={}, last_resize_sequence=0)


def planned(memory: ActuatorMemory, *, minutes: int, floor: int) -> ActuatorMemory:
    plan = make_plan(at=NOW + timedelta(minutes=minutes), floors={"cpu": floor})
    return remember_plan(memory, plan, settings=ACTUATOR)


def test_a_change_of_one_node_is_within_the_dead_band() -> None:
    actuation = actuate(make_plan(floors={"cpu": 3}), current=document(cpu=2), memory=EMPTY, settings=ACTUATOR)
    assert (actuation.act, "dead band" in actuation.reason) == (False, True)


def test_a_change_of_the_dead_band_acts() -> None:
    assert actuate(make_plan(floors={"cpu": 4}), current=document(cpu=2), memory=EMPTY, settings=ACTUATOR).act


def test_a_second_resize_waits_for_the_interval_to_end() -> None:
    memory = remember_resize(EMPTY, sequence=int((NOW - timedelta(minutes=59)).timestamp()))
    early = actuate(make_plan(floors={"cpu": 9}), current=document(cpu=2), memory=memory, settings=ACTUATOR)
    memory = remember_resize(EMPTY, sequence=int((NOW - timedelta(minutes=60)).timestamp()))
    later = actuate(make_plan(floors={"cpu": 9}), current=document(cpu=2), memory=memory, settings=ACTUATOR)
    assert (early.act, later.act) == (False, True)


def test_an_urgent_raise_ignores_the_interval_but_an_urgent_fall_does_not() -> None:
    memory = remember_resize(EMPTY, sequence=int(NOW.timestamp()) - 60)
    rise = actuate(make_plan(floors={"cpu": 9}, urgent=True), current=document(cpu=2), memory=memory, settings=ACTUATOR)
    fall = actuate(make_plan(floors={"cpu": 2}, urgent=True), current=document(cpu=9), memory=memory, settings=ACTUATOR)
    assert (rise.act, fall.act) == (True, False)


def test_a_floor_planned_within_the_hold_keeps_the_pool_up() -> None:
    memory = planned(EMPTY, minutes=-20, floor=9)
    actuation = actuate(make_plan(floors={"cpu": 2}), current=document(cpu=9), memory=memory, settings=ACTUATOR)
    assert actuation.sizes["cpu"].floor == 9
    assert not actuation.act


def test_a_floor_older_than_the_hold_is_forgotten() -> None:
    memory = planned(EMPTY, minutes=-30, floor=9)
    actuation = actuate(make_plan(floors={"cpu": 2}), current=document(cpu=9), memory=memory, settings=ACTUATOR)
    assert actuation.sizes["cpu"].floor == 2
    assert actuation.act


def test_a_refused_high_floor_does_not_linger() -> None:
    memory = planned(EMPTY, minutes=-5, floor=19)
    actuation = actuate(make_plan(floors={"cpu": 3}), current=document(cpu=2), memory=memory, settings=ACTUATOR)
    assert actuation.sizes["cpu"].floor == 3


@given(
    current=st.integers(0, 20),
    target=st.integers(0, 20),
    recent=st.lists(st.tuples(st.integers(-60, 0), st.integers(0, 20)), max_size=6),
)
def test_the_held_floor_is_never_below_the_target_nor_above_both_target_and_standing(
    current: int, target: int, recent: list[tuple[int, int]]
) -> None:
    memory = EMPTY
    for minutes, floor in recent:
        memory = planned(memory, minutes=minutes, floor=floor)
    held = actuate(make_plan(floors={"cpu": target}), current=document(cpu=current), memory=memory, settings=ACTUATOR)
    assert target <= held.sizes["cpu"].floor <= max(target, current)
