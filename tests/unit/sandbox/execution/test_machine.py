"""Whatever is asked for in whichever order: what runs never takes more than the machine has."""

from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.spec import Requests
from sandbox.execution.machine import LEAST_MEMORY_BYTES, Machine, Room, room_of

ROOMS = st.builds(
    Room,
    milli_cores=st.integers(0, 20_000),
    memory_bytes=st.integers(0, 2**36),
    gpus=st.integers(0, 4),
)
ASKED = st.builds(
    lambda milli, mib, gpus: Requests(cpu=f"{milli}m", mem=f"{mib}Mi", gpu=gpus),
    st.integers(1, 64_000),
    st.integers(1, 2**20),
    st.integers(0, 8),
)


@given(ROOMS, st.lists(st.tuples(ROOMS, st.booleans()), max_size=20))
def test_the_room_is_never_exceeded(room: Room, steps: list[tuple[Room, bool]]) -> None:
    machine, taken = Machine(room=room), list[Room]()
    for wanted, ends in steps:
        if machine.has_room(wanted, taken=taken):
            taken.append(wanted)
        assert sum(taken, Room()).within(room)
        if ends and taken:
            taken.pop(0)


@given(ROOMS)
def test_an_empty_machine_has_room_for_all_that_it_has(room: Room) -> None:
    assert Machine(room=room).has_room(room, taken=[])


@given(ASKED, st.floats(0.01, 1.0))
def test_nobody_is_given_more_than_asked_for_but_a_core(requests: Requests, scale: float) -> None:
    asked, given_now = room_of(requests), Machine(room=Room(), resource_scale=scale).given(requests, time_ms=1)
    assert 1 <= given_now.cores <= max(1, asked.milli_cores // 1000)
    assert min(asked.memory_bytes, LEAST_MEMORY_BYTES) <= given_now.memory_bytes <= asked.memory_bytes
    assert given_now.gpus == asked.gpus
