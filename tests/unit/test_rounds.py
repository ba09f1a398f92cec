"""Calls that are made beside one another: they overlap, all have ended at the end, and the first error goes up."""

from threading import Barrier

import pytest

from quantos.errors import BusError, CapacityError
from quantos.rounds import AT_ONCE, both, every

PATIENCE_SECONDS = 20.0


def test_two_calls_are_under_way_at_once():
    meeting = Barrier(2)
    assert len(set(both(lambda: meeting.wait(PATIENCE_SECONDS), lambda: meeting.wait(PATIENCE_SECONDS)))) == 2


def test_many_calls_are_under_way_at_once_and_answer_in_order():
    meeting = Barrier(AT_ONCE)

    def met(number: int) -> int:
        meeting.wait(PATIENCE_SECONDS)
        return number * number

    assert every(met, range(2 * AT_ONCE)) == [number * number for number in range(2 * AT_ONCE)]


def test_of_two_errors_the_first_goes_up_and_the_second_call_has_ended():
    ended: list[str] = []

    def first() -> None:
        raise CapacityError("the first", remedy="wait")

    def second() -> None:
        ended.append("second")
        raise BusError("the second", remedy="wait")

    with pytest.raises(CapacityError, match="the first"):
        both(first, second)
    assert ended == ["second"]


def test_an_error_of_the_second_goes_up_too():
    def second() -> None:
        raise BusError("the second", remedy="wait")

    with pytest.raises(BusError, match="the second"):
        both(lambda: 1, second)


def test_nothing_is_called_for_nothing():
    assert every(lambda _: pytest.fail("called"), ()) == []
