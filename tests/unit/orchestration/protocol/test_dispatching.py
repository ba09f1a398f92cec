"""What is claimed is created only while nobody has said otherwise in the meantime."""

from collections.abc import Callable

import pytest

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol import dispatching, effects, submitting
from quantos.orchestration.protocol.rows import AccountRow, Node, Submission
from quantos.orchestration.protocol.steps import Now
from tests.support.exploration import World, done
from tests.support.runs import RUN, node, rules, submission

TODAY, TOMORROW = Now("2026-11-20", 0), Now("2026-11-21", 86_400_000)
ESTIMATE = Amount(cpu_ms=6)


def opened(team: str, day: str) -> Account:
    return Account(team=team, day=day, budget=Amount(cpu_ms=10))


RULES = rules(opened)


def made(
    steps: effects.Steps[object], world: World, *, after: Callable[[effects.Effect, World], World | None]
) -> World:
    """The world once a handler has run; `after` each effect others may change it, or pause dispatch by None."""
    answer, paused = None, False
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration:
            return world
        if isinstance(effect, effects.AskPaused):
            answer = paused
            continue
        answer, world = (None, world) if isinstance(effect, effects.Send) else done(world, effect)
        changed = after(effect, world)
        paused = paused or changed is None
        world = changed or world


def alone(_: effects.Effect, world: World) -> World:
    return world


@pytest.fixture
def submitted() -> World:
    return made(submitting.submit(submission(), (node(),), day=TODAY.day, rules=RULES), World(), after=alone)


def claimed(world: World) -> bool:
    return any(isinstance(row, Node) and row.state == "claimed" for _, row in world.rows)


def dispatched(world: World, *, now: Now = TODAY, after: Callable[..., World | None] = alone) -> World:
    return made(dispatching.dispatch(RUN, now=now, rules=RULES), world, after=after)


def test_a_claim_is_followed_by_its_attempt(submitted: World) -> None:
    assert [job for _, job in dispatched(submitted).jobs] == ["running"]


def test_nothing_is_created_for_a_run_that_was_asked_to_end_since_its_claim(submitted: World) -> None:
    def cancelled(effect: effects.Effect, world: World) -> World:
        if isinstance(effect, effects.Commit) and claimed(world):
            return made(submitting.ask_to_end(RUN, "cancelled"), world, after=alone)
        return world

    world = dispatched(submitted, after=cancelled)
    assert claimed(world)
    assert world.jobs == frozenset()
    assert [job for _, job in dispatched(world).jobs] == ["cancelled"]


def test_nothing_is_created_once_dispatch_is_paused_and_it_goes_on_afterwards(submitted: World) -> None:
    def paused(effect: effects.Effect, world: World) -> World | None:
        return None if isinstance(effect, effects.Commit) and claimed(world) else world

    world = dispatched(submitted, after=paused)
    assert claimed(world)
    assert world.jobs == frozenset()
    assert [job for _, job in dispatched(world).jobs] == ["running"]


def test_a_run_that_goes_on_another_day_holds_there(submitted: World) -> None:
    world = dispatched(submitted, now=TOMORROW)
    accounts = {row.account.day: row.account for _, row in world.rows if isinstance(row, AccountRow)}
    assert accounts[TODAY.day] == opened("alpha", TODAY.day)
    assert accounts[TOMORROW.day].held + accounts[TOMORROW.day].drawn == ESTIMATE


def test_a_run_for_which_another_day_has_no_room_waits_for_quota(submitted: World) -> None:
    full = AccountRow(account=Account(team="alpha", day=TOMORROW.day, budget=Amount(cpu_ms=5)), version=1)
    world = dispatched(submitted.with_rows({**submitted.table(), full.key: full}), now=TOMORROW)
    (waiting,) = (row for _, row in world.rows if isinstance(row, Submission))
    assert waiting.reason == "quota"
    assert world.jobs == frozenset()
