"""What a run left is removed once its ttl is over, and said to be only when nothing is left."""

from dataclasses import replace

import pytest

from quantos.orchestration.protocol.clearing import clear
from quantos.orchestration.protocol.effects import Clear, Commit, Effect
from quantos.orchestration.protocol.rows import DAY_MS, AttemptKey, RunKey, Submission, submission_key
from tests.support.exploration import World, done
from tests.support.runs import RUN, node, submission, terms

ENDED_MS = 1_000
OVER_MS = ENDED_MS + 7 * DAY_MS + 1
ENDED = submission(ended="failed", ended_ms=ENDED_MS, terms=terms(ttl_days=7), version=4)


def world(row: Submission) -> World:
    rows = (
        row,
        node("a", attempt=2),
        node("b"),
        node("c", attempt=1),
        node("a", run=RunKey("alpha", "x", 10), attempt=5),
        node("z", digest="another", attempt=1),
    )
    return World().with_rows({each.key: each for each in rows})


def cleared(first: World, *, now_ms: int = OVER_MS, left: bool = False) -> tuple[list[Effect], World, bool]:
    """The effects that were done, the world after them, and the answer; `left` says that something is not removed."""
    effects: list[Effect] = []
    steps, answer, after = clear(RUN, now_ms=now_ms), None, first
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as end:
            return effects, after, end.value
        effects.append(effect)
        answer, after = (False, after) if left and isinstance(effect, Clear) else done(after, effect)


def row_of(after: World) -> Submission:
    (row,) = (row for key, row in after.rows if key == submission_key(RUN))
    assert isinstance(row, Submission)
    return row


def test_all_attempts_of_the_run_are_named_and_then_its_row_says_that_they_are_gone() -> None:
    effects, after, whole = cleared(world(ENDED))
    (asked,) = (effect for effect in effects if isinstance(effect, Clear))
    assert asked == Clear(ENDED, (AttemptKey(RUN, "a", 1), AttemptKey(RUN, "a", 2), AttemptKey(RUN, "c", 1)))
    assert effects.index(asked) < next(n for n, effect in enumerate(effects) if isinstance(effect, Commit))
    assert row_of(after) == replace(ENDED, cleared_ms=OVER_MS, version=5)
    assert whole


def test_a_run_of_which_something_is_left_is_not_said_to_be_cleared() -> None:
    _, after, whole = cleared(world(ENDED), left=True)
    assert row_of(after) == ENDED
    assert not whole


@pytest.mark.parametrize(
    ("row", "now_ms"),
    [
        (submission(), OVER_MS),
        (ENDED, OVER_MS - 1),
        (replace(ENDED, cleared_ms=OVER_MS), OVER_MS + 1),
    ],
    ids=["goes-on", "on-its-last-day", "cleared-before"],
)
def test_nothing_is_removed_before_the_ttl_is_over_or_again(row: Submission, now_ms: int) -> None:
    effects, after, whole = cleared(world(row), now_ms=now_ms)
    assert not any(isinstance(effect, Clear | Commit) for effect in effects)
    assert (row_of(after), whole) == (row, True)


def test_a_run_that_is_not_there_is_none() -> None:
    assert cleared(World())[1:] == (World(), True)


@pytest.mark.parametrize(("ended_ms", "until_ms"), [(None, None), (5, 5 + 7 * DAY_MS)])
def test_what_a_run_leaves_is_kept_from_its_end_on(ended_ms: int | None, until_ms: int | None) -> None:
    assert replace(ENDED, ended_ms=ended_ms).kept_until_ms == until_ms
