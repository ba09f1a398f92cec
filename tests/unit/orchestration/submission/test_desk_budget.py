"""A team uses a few budgets at most whatever it submits, and what it was granted goes with the run that has it."""

from typing import Any

import pytest

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import NotAdmittedError, SubmissionClashError
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol import observing
from quantos.orchestration.protocol.rows import AccountRow, RunKey, Started, account_key
from quantos.orchestration.submission.assessment import LEAST_HELD
from tests.support.desks import ANN, BOB, Place, settings

HOUR_MS = 3_600_000
DAY = "2026-11-20"


def wide(
    name: str, *, nodes: int = 1, hours: int = 1, resources: Any = None, kind: str = "python_task", **params: Any
) -> SubmissionRequest:
    """Nodes beside each other, of one pipeline."""
    of_kind = {"params": {"sql_uri": "s3://q/a.sql"}} if kind == "trino_sql" else {"image": "a/b:1"}
    each = {"kind": kind, **of_kind, "resources": resources or {"cpu": "2", "mem": "2Gi"}}
    dag = {
        "version": 1,
        "pipeline_id": "wide",
        "slo": {"max_runtime": f"{hours}h"},
        "nodes": [{"id": f"n{number}", **each} for number in range(nodes)],
        "edges": [],
    }
    return SubmissionRequest.model_validate({"dag": dag, "params": {"submission_id": name, "env": "dev", **params}})


def succeed(place: Place, name: str, *, cpu_ms: int) -> None:
    """Have a run of one node use so much."""
    place.desk.submit(wide(name, hours=4), ANN)
    place.dispatch(RunKey("research", name))
    day = place.now.date().isoformat()
    place.finish(place.outside.orders.pop(), used=((day, Amount(cpu_ms=cpu_ms)),), seconds=1)
    assert place.desk.status(ANN, name).state == "succeeded"


def late_with_credit() -> Place:
    """Half a minute before midnight, with the credit of four days that used next to nothing."""
    place = Place(settings())
    for _ in range(4):
        succeed(place, f"earn-{place.now.day}", cpu_ms=1)
        place.wait(days=1)
    place.now = place.now.replace(hour=23, minute=59, second=30)
    return place


def account(place: Place, day: str) -> AccountRow:
    (row,) = place.rows.load([account_key("research", day)])
    assert isinstance(row, AccountRow)
    return row


def test_a_pipeline_holds_what_most_of_its_runs_stayed_within() -> None:
    place = Place(settings(budget={"cpu_hours": 100.0, "gpu_hours": 8.0, "io_tib": 4.0}))
    for number in range(10):
        succeed(place, f"run-{number}", cpu_ms=2 * HOUR_MS if number != 4 else 7 * HOUR_MS)
    assert place.desk.submit(wide("next", hours=4), ANN).hold.amount.cpu_ms == 2 * HOUR_MS


def test_small_runs_of_a_pipeline_let_no_greater_ones_in() -> None:
    place = Place(settings())
    for number in range(5):
        succeed(place, f"run-{number}", cpu_ms=1)
    monster = {"nodes": 60, "hours": 24, "resources": {"cpu": "2", "mem": "2Gi", "gpu": 1}}
    with pytest.raises(NotAdmittedError, match="GPU-hours"):
        place.desk.submit(wide("monster", **monster), ANN)


@pytest.mark.parametrize(
    ("asked", "amounts", "ways"),
    [
        ({"nodes": 80, "resources": {"cpu": "2", "mem": "2Gi"}}, ["CPU-hours"], "resources.cpu"),
        ({"nodes": 80, "resources": {"cpu": "0.1", "mem": "2Gi", "gpu": 1}}, ["GPU-hours"], "resources.gpu"),
        (
            {"nodes": 80, "resources": {"cpu": "2", "mem": "2Gi", "gpu": 1}},
            ["CPU-hours", "GPU-hours"],
            "resources.cpu, resources.gpu",
        ),
        ({"kind": "trino_sql", "nodes": 9}, ["TiB of I/O"], "the trino_sql nodes that may run together"),
    ],
)
def test_amounts_that_no_day_has_are_named_and_no_other(asked: Any, amounts: list[str], ways: str) -> None:
    place = Place(settings(budget={"cpu_hours": 500.0, "gpu_hours": 100.0, "io_tib": 4.0}))
    with pytest.raises(NotAdmittedError) as caught:
        place.desk.submit(wide("monster", hours=24, **asked), ANN)
    for amount in ("CPU-hours", "GPU-hours", "TiB of I/O"):
        assert caught.value.what.count(amount) == (3 if amount in amounts else 0)
    assert caught.value.remedy == f"shorten slo.max_runtime, lessen {ways}, or split it"


def test_what_a_day_lets_in_can_use_a_few_budgets_at_most() -> None:
    place = Place(settings(budget={"cpu_hours": 10.0, "gpu_hours": 8.0, "io_tib": 4.0}))
    for number in range(5):
        succeed(place, f"run-{number}", cpu_ms=1)
    for number in range(50):
        place.desk.submit(wide(f"more-{number}", hours=4), ANN)
    holding = [name for number in range(50) if place.desk.status(ANN, name := f"more-{number}").state == "running"]
    assert len(holding) * 8 * HOUR_MS <= 10 * HOUR_MS / LEAST_HELD
    assert len(holding) == 12


def test_credit_goes_with_a_run_over_midnight() -> None:
    place = late_with_credit()
    evening = place.now.date().isoformat()
    place.desk.submit(wide("burst", nodes=30, hours=10), ANN)
    place.desk.approve(BOB, "burst")
    granted = account(place, evening).account.burst
    assert granted != NOTHING
    place.wait(minutes=1)
    place.dispatch(RunKey("research", "burst"))
    assert len(place.outside.orders) == 30
    morning = place.now.date().isoformat()
    assert account(place, evening).account.burst == NOTHING
    assert account(place, evening).account.held == NOTHING
    assert account(place, morning).account.burst == granted


def test_what_waits_with_another_days_hold_is_let_in_by_approval() -> None:
    place = late_with_credit()
    place.desk.submit(wide("late", nodes=20, hours=10), ANN)
    place.wait(minutes=1)
    place.desk.submit(wide("early", nodes=20, hours=10), ANN)
    place.dispatch(RunKey("research", "late"))
    assert place.outside.orders == []
    why = place.desk.why(ANN, "late")
    assert why.missing.cpu_ms == 300 * HOUR_MS
    assert "approval would let it in now" in why.sentence
    place.desk.approve(BOB, "late")
    place.dispatch(RunKey("research", "late"))
    assert len(place.outside.orders) == 20
    with pytest.raises(SubmissionClashError):
        place.desk.approve(BOB, "late")


def test_a_limit_of_cost_holds_after_a_node_has_failed() -> None:
    place = Place(settings())
    expected = place.desk.submit(wide("costly", nodes=4), ANN, dry_run=True).expected_usd
    place.desk.submit(wide("costly", nodes=4, max_cost_usd=expected * 1.01), ANN)
    run = RunKey("research", "costly")
    place.dispatch(run)
    failed, *others = place.outside.orders
    began = round(place.now.timestamp() * 1000)
    for order in others:
        place.surroundings.run(observing.started(Started(order.node.last_attempt, began)))
    place.finish(failed, "failure", seconds=1)
    place.dispatch(run)
    assert place.outside.stopped == []
    place.wait(hours=1)
    place.dispatch(run)
    assert {attempt.node for attempt in place.outside.stopped} == {order.node.id for order in others}
