"""The protocol explored: every state that crashes, redeliveries and races of its handlers can bring about.

Whatever happens, each run ends once, no node runs twice at a time or again after it succeeded, no account is overdrawn,
accounts say what runs hold, nothing is removed of what may still be wanted, and from everywhere the end can still be
reached.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol import clearing, dispatching, observing, submitting
from quantos.orchestration.protocol.rows import DAY_MS, AccountRow, AttemptKey, Node, RunKey, Started, Submission
from quantos.orchestration.protocol.steps import Now
from tests.support.exploration import Graph, Handlers, Model, Request, World, explored
from tests.support.runs import node, rules, terms

DAY, ENDED_LONG_AGO_MS = "2026-11-20", 40 * DAY_MS
USED, MOST_USED = Amount(cpu_ms=6), Amount(cpu_ms=16)
CREDIT = Amount(cpu_ms=4)
BUDGET, ESTIMATE, CAP = (Amount(cpu_ms=number) for number in (13, 7, 9))


def opened(team: str, day: str) -> Account:
    return Account(team=team, day=day, budget=BUDGET)


RULES = rules(opened, credit=CREDIT)


def key(name: str) -> RunKey:
    return RunKey("alpha", name)


ONE, CHAIN, FORK = ((),), ((), (0,)), ((), ())
"""Nodes, each by the numbers of those that run before it."""
Nodes: TypeAlias = Sequence[Sequence[int]]


def handlers(nodes: Mapping[str, Nodes], max_attempts: int) -> Handlers:
    """Of submissions by name; a name with a dot is another body under the same id."""

    def stated(name: str) -> tuple[Submission, tuple[Node, ...]]:
        run, digest = key(name.partition(".")[0]), f"{name}/{len(nodes[name])}"
        submission = Submission(run=run, digest=digest, terms=terms(), estimate=ESTIMATE, cap=CAP)
        rows = tuple(
            node(
                f"n{number}",
                run=run,
                digest=digest,
                upstream=tuple(f"n{before}" for before in upstream),
                max_attempts=max_attempts,
            )
            for number, upstream in enumerate(nodes[name])
        )
        return submission, rows

    def asked(request: Request):
        kind, about = request
        match kind:
            case "submit":
                return submitting.submit(*stated(about), day=DAY, rules=RULES)
            case "cancelled" | "expired":
                return submitting.ask_to_end(key(about), kind)
            case "approve":
                return submitting.approve(key(about), by="bob", day=DAY, rules=RULES)
            case "rerun":
                return submitting.rerun(RunKey("alpha", about, 2), *stated(about), day=DAY, rules=RULES)
            case "clear":
                return clearing.clear(about, now_ms=ENDED_LONG_AGO_MS)
            case "work":
                return dispatching.dispatch(about, now=Now(DAY, 0), rules=RULES)
        if isinstance(about, Started):
            return observing.started(about)
        return observing.finished(about, now_ms=0, opened=opened)

    return asked


def held_together(before: World, after: World) -> None:
    """What holds in every world, and of every step."""
    if (after.rows, after.jobs, after.cleared) == (before.rows, before.jobs, before.cleared):
        return
    runs = {row.run: row for _, row in after.rows if isinstance(row, Submission)}
    nodes = [
        row for _, row in after.rows if isinstance(row, Node) and row.run in runs and row.digest == runs[row.run].digest
    ]
    for _, row in before.rows:
        if isinstance(row, Submission) and row.ended is not None:
            cleared = replace(row, cleared_ms=ENDED_LONG_AGO_MS, version=row.version + 1)
            assert runs[row.run] in ({row} if row.cleared_ms else {row, cleared}), "what has ended changed"
    accounts_hold(after, runs, nodes)
    running = Counter((attempt.run, attempt.node) for attempt, job in after.jobs if job == "running")
    assert set(running.values()) <= {1}, "a node runs twice at a time"
    done = {(node.run, node.id) for node in nodes if node.state == "succeeded"}
    assert not done & set(running), "a node runs again that has succeeded"
    for run, row in runs.items():
        assert sum(node.run == run for node in nodes) == int(row.digest.rpartition("/")[2]), "nodes of another body"
        assert row.live == sum(node.live for node in nodes if node.run == run)
        assert row.cleared_ms is None or run in after.cleared, "what is said to be gone is there"
        if row.ended is None:
            assert run not in after.cleared, "what is gone may still be wanted"
        else:
            assert not any(of == run for of, _ in running), "something runs of what has ended"
            states = {node.state for node in nodes if node.run == run}
            assert row.ended != "succeeded" or states == {"succeeded"}
            assert row.ended != "failed" or "failed" in states


def accounts_hold(world: World, runs: Mapping[RunKey, Submission], nodes: Sequence[Node]) -> None:
    for _, row in world.rows:
        if isinstance(row, AccountRow):
            account = row.account
            taken = account.owed + account.held + account.drawn + account.settled
            assert taken.within(account.budget + account.debt), "an account is overdrawn"
            holds = [run.hold for run in runs.values() if run.hold is not None and run.hold.day == account.day]
            assert account.held == sum((hold.left for hold in holds), NOTHING)
            assert account.drawn == (sum((node.drawn for node in nodes), NOTHING) if account.day == DAY else NOTHING)
            assert account.debt.within(sum((MOST_USED for _ in world.jobs), NOTHING)), "debt has no bound"


def at_rest(world: World) -> bool:
    """Everything that was asked for has ended, and nothing is on its way."""
    runs = [row for _, row in world.rows if isinstance(row, Submission)]
    return bool(runs) and all(run.ended for run in runs) and not world.busy and not world.messages


def all_are_cleared(world: World) -> bool:
    return all(row.cleared_ms is not None for _, row in world.rows if isinstance(row, Submission))


YESTERDAY = AccountRow(account=Account(team="alpha", day="2026-11-19", budget=CREDIT), version=1)
"""It left credit."""


def explore(
    nodes: Mapping[str, Nodes],
    *,
    once: Sequence[Request] = (),
    clears: bool = False,
    first: World | None = None,
    ends: Sequence[str] = ("succeeded",),
    max_attempts: int = 1,
    busy: int = 2,
    used: Amount = USED,
) -> Graph:
    model = Model(
        handlers=handlers(nodes, max_attempts),
        requests=[("submit", name) for name in nodes] if first is None else (),
        once=once,
        clears=clears,
        ends=ends,
        used=lambda attempt, end: ((DAY, used),),
        most_busy=busy,
    )
    return explored(model, held_together, first=first or World().with_rows({YESTERDAY.key: YESTERDAY}), most=400_000)


def check(graph: Graph, used: Amount, *, clears: bool = False) -> None:
    good = [world for world in graph.worlds if at_rest(world) and (not clears or all_are_cleared(world))]
    assert graph.stuck(set(good).__contains__) == []
    for world in filter(at_rest, graph.worlds):
        accounts = [row.account for _, row in world.rows if isinstance(row, AccountRow)]
        ran = [attempt for attempt, job in world.jobs if job == "forgotten"]
        assert sum((account.settled for account in accounts), NOTHING) == sum((used for _ in ran), NOTHING)
        assert all(account.held == account.drawn == NOTHING for account in accounts)


FAILS = ("succeeded", "failure")


@pytest.mark.parametrize(
    ("nodes", "options"),
    [
        pytest.param({"x": ONE}, {"used": MOST_USED}, id="two-handlers-at-a-time-and-use-beyond-all"),
        pytest.param({"x": ONE}, {"ends": FAILS, "max_attempts": 2, "busy": 1}, id="node-that-is-tried-again"),
        pytest.param({"x": CHAIN}, {"busy": 1, "once": [("cancelled", "x")]}, id="chain-that-is-cancelled"),
        pytest.param({"x": FORK}, {"ends": FAILS, "busy": 1}, id="one-of-two-that-fails"),
        pytest.param({"x": ONE, "y": ONE}, {"busy": 1, "once": [("expired", "y")]}, id="two-with-room-for-one"),
        pytest.param({"x": ONE, "y": ONE}, {"busy": 1, "once": [("approve", "y")]}, id="two-of-which-one-has-credit"),
        pytest.param({"x": ONE, "x.b": CHAIN}, {"busy": 1}, id="two-bodies-under-one-id"),
        pytest.param(
            {"x": ONE},
            {"ends": FAILS, "busy": 1, "once": [("rerun", "x")], "clears": True},
            id="one-that-is-run-again-around-its-clearing",
        ),
    ],
)
def test_every_state_keeps_its_promises(nodes: Mapping[str, Nodes], options: Mapping[str, Any]) -> None:
    check(explore(nodes, **options), options.get("used", USED), clears=options.get("clears", False))


def test_what_a_run_left_is_removed_by_two_at_a_time() -> None:
    ended = [world for world in explore({"x": ONE}, busy=1).worlds if at_rest(world)]
    assert ended
    for world in ended:
        check(explore({"x": ONE}, clears=True, first=world), USED, clears=True)


def test_an_attempt_is_known_by_the_text_of_its_key() -> None:
    assert str(AttemptKey(key("x"), "n0", 2)) == "alpha/x/1/n0/2"
