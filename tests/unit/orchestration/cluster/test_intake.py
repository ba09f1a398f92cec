"""Nothing of a topic is forgotten before what it asks is done."""

from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.cluster.intake import Intake
from quantos.orchestration.protocol.rows import AttemptKey, RunKey

RUN = RunKey("research", "x")


def attempt(number: int) -> AttemptKey:
    return AttemptKey(RUN, "train", number)


def test_records_before_the_first_that_waits_may_go() -> None:
    intake = Intake()
    for offset, number in enumerate([1, 2, 1, 3]):
        intake.took(0, offset + 10, attempt(number))
    intake.took(1, 5, None)
    assert intake.settled(lambda key: key.attempt == 2) == {0: 11, 1: 6}
    assert intake.settled(lambda key: key.attempt == 2) == {}
    assert intake.settled(lambda key: False) == {0: 14}


def test_a_partition_that_another_has_is_forgotten() -> None:
    intake = Intake()
    intake.took(0, 1, attempt(1))
    intake.lost(0)
    assert intake.settled(lambda key: False) == {}


@given(
    numbers=st.lists(st.integers(1, 5), max_size=20),
    waiting=st.lists(st.sets(st.integers(1, 5)), max_size=6),
)
def test_no_record_of_what_waits_lies_before_what_is_settled(numbers: list[int], waiting: list[set[int]]) -> None:
    intake, begin = Intake(), 0
    for offset, number in enumerate(numbers):
        intake.took(0, offset, attempt(number))
    for still in waiting:

        def waits(key: AttemptKey, still: set[int] = still) -> bool:
            return key.attempt in still

        begin = max(begin, intake.settled(waits).get(0, begin))
        assert begin == len(numbers) or numbers[begin] in still
