"""What people ask for is done once, for their own team only, and told with all that follows from it."""

from typing import Any

import pytest

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import (
    AccessError,
    NotAdmittedError,
    OrchestrationError,
    SubmissionClashError,
    SubmissionUnknownError,
    UnplaceableError,
)
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol import submitting
from quantos.orchestration.protocol.rows import AccountRow, RunKey
from tests.support.dags import submission as stated
from tests.support.desks import ANN, BOB, EVE, Place, settings

HOUR_MS = 3_600_000


def request(change: Any = None, **params: Any) -> SubmissionRequest:
    document = stated(**params)
    document["dag"]["nodes"][2]["resources"] = {"cpu": "2", "mem": "4Gi"}
    if change is not None:
        change(document["dag"])
    return SubmissionRequest.model_validate(document)


def costly(name: str) -> SubmissionRequest:
    """Something that holds four cores for two hours."""
    return request(submission_id=name)


@pytest.fixture
def place() -> Place:
    return Place(settings(budget={"cpu_hours": 10.0, "gpu_hours": 8.0, "io_tib": 4.0}))


def run(place: Place, name: str) -> None:
    """From the first node to the last, each succeeding."""
    place.dispatch(RunKey("research", name))
    for _ in range(3):
        place.finish(place.outside.orders[-1], used=(("2026-11-20", Amount(cpu_ms=240_000)),))


def account(place: Place) -> Amount:
    (row,) = (row for _, row in place.rows.world.rows if isinstance(row, AccountRow))
    return row.account.settled + row.account.held + row.account.drawn


def test_a_submission_is_accepted_with_its_routing_its_hold_and_its_price(place: Place) -> None:
    answer = place.desk.submit(request(), ANN)
    assert [route.node for route in answer.routing] == ["fetch_data", "compute_features", "train_model"]
    assert [route.chosen.pool for route in answer.routing] == ["memory", "memory", "cpu-spot"]
    assert answer.routing[2].other is not None
    assert (answer.job_class, answer.priority, answer.qos) == ("train", "normal", "spot_ok")
    assert answer.hold.state == "held"
    assert answer.hold.amount.cpu_ms == 4 * 2 * HOUR_MS, "the most that it can use: four cores for two hours"
    assert 0 < answer.expected_usd < 1
    assert not answer.dry_run


def test_a_dry_run_answers_the_same_and_holds_nothing(place: Place) -> None:
    dry = place.desk.submit(request(), ANN, dry_run=True)
    assert not any(isinstance(row, AccountRow) for _, row in place.rows.world.rows)
    assert place.inputs.pinned == []
    accepted = place.desk.submit(request(), ANN)
    assert dry == accepted.model_copy(update={"dry_run": True})


def test_the_same_submission_again_changes_nothing(place: Place) -> None:
    first = place.desk.submit(request(), ANN)
    before = place.rows.world
    assert place.desk.submit(request(), ANN) == first
    assert place.rows.world == before


def test_another_body_under_the_id_is_a_clash_that_says_what_differs(place: Place) -> None:
    place.desk.submit(request(), ANN)
    other = request(lambda dag: dag["slo"].update(max_runtime="3h"), priority="low")
    for dry_run in (False, True):
        with pytest.raises(SubmissionClashError) as error:
            place.desk.submit(other, BOB, dry_run=dry_run)
        assert "dag.slo.max_runtime: '2h' -> '3h'; params.priority: nothing -> 'low'" in str(error.value)


def test_an_id_is_one_teams_own(place: Place) -> None:
    place.desk.submit(request(), ANN)
    for ask in (place.desk.status, place.desk.cancel, place.desk.rerun, place.desk.approve, place.desk.why):
        with pytest.raises(SubmissionUnknownError):
            ask(EVE, "nightly-1")
    assert place.desk.runs(EVE).runs == ()
    place.desk.submit(request(lambda dag: dag.update(pipeline_id="other")), EVE)
    assert [listed.submitted_by for listed in place.desk.runs(EVE).runs] == ["eve"]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "A", "x" * 41, "x\ud800", "nightly-1/1"])
def test_what_can_be_no_id_is_unknown(place: Place, name: str) -> None:
    place.desk.submit(request(), ANN)
    with pytest.raises(SubmissionUnknownError):
        place.desk.status(ANN, name)


def test_a_pipeline_belongs_to_the_team_that_used_it_first(place: Place) -> None:
    place.desk.submit(request(), ANN)
    with pytest.raises(AccessError, match="belongs to another team"):
        place.desk.submit(request(), EVE)


def test_a_run_goes_through_its_nodes_and_its_ledger_comes_out_even(place: Place) -> None:
    place.desk.submit(request(), ANN)
    run(place, "nightly-1")
    status = place.desk.status(ANN, "nightly-1")
    assert status.state == "succeeded"
    assert [node.state for node in status.nodes] == ["succeeded"] * 3
    assert [node.id for node in status.nodes] == ["fetch_data", "compute_features", "train_model"]
    assert status.used.cpu_ms == 720_000
    assert account(place) == Amount(cpu_ms=720_000)
    assert status.ran_seconds == 180
    assert status.spent_usd == pytest.approx(sum(node.spent_usd for node in status.nodes))
    assert [order.inputs for order in place.outside.orders[1:]] == [
        (order.node.last_attempt,) for order in place.outside.orders[:-1]
    ]


def test_what_a_day_has_no_room_for_waits_and_says_who_holds_it(place: Place) -> None:
    place.desk.submit(costly("first"), ANN)
    answer = place.desk.submit(costly("second"), BOB)
    assert (answer.hold.state, answer.hold.reason) == ("waiting", "quota")
    why = place.desk.why(ANN, "second")
    assert why.missing.cpu_ms == 6 * HOUR_MS
    assert [holder.split()[0] for holder in why.holders] == ["first"]
    assert "6 CPU-hours" in why.sentence
    run(place, "first")
    place.dispatch(RunKey("research", "second"))
    assert place.desk.status(ANN, "second").state == "running"


def test_why_says_that_dispatch_is_paused_and_what_runs_meanwhile(place: Place) -> None:
    place.desk.submit(request(), ANN)
    assert "about to be dispatched" in place.desk.why(ANN, "nightly-1").sentence
    place.outside.is_paused = True
    paused = "dispatch is paused until `quantos resume`; 0 nodes run meanwhile"
    assert place.desk.why(ANN, "nightly-1").sentence == paused


def test_why_says_until_when_a_node_is_not_tried_again_and_what_ended_it(place: Place) -> None:
    place.desk.submit(request(), ANN)
    place.dispatch(RunKey("research", "nightly-1"))
    place.finish(place.outside.orders[-1], "failure")
    sentence = place.desk.why(ANN, "nightly-1").sentence
    assert sentence.startswith("fetch_data is tried again at 12:02:00 UTC after failure")


def test_a_pool_that_there_is_not_is_refused_with_the_nearest(place: Place) -> None:
    for binding in ("preferred", "required"):
        wrong = request(affinity={"compute_pool": "memori", "binding": binding})
        with pytest.raises(NotAdmittedError, match="dev has no pool memori for runs; did you mean memory"):
            place.desk.submit(wrong, ANN)
    place.desk.submit(request(affinity={"compute_pool": "gpu"}), ANN)


def test_what_no_day_could_ever_hold_is_refused(place: Place) -> None:
    with pytest.raises(NotAdmittedError, match="96 CPU-hours"):
        place.desk.submit(request(lambda dag: dag["slo"].update(max_runtime="1d")), ANN)


def test_what_only_credit_could_pay_waits_for_approval(place: Place) -> None:
    long = request(lambda dag: dag["slo"].update(max_runtime="3h"))
    assert place.desk.submit(long, ANN).hold.reason == "approval"
    place.dispatch(RunKey("research", "nightly-1"))
    assert place.desk.status(ANN, "nightly-1").hold.reason == "approval", "it does not wait for the next day's budget"
    with pytest.raises(SubmissionClashError, match="misses 2 CPU-hours"):
        place.desk.approve(BOB, "nightly-1")


def test_another_person_grants_credit_that_earlier_days_left(place: Place) -> None:
    place.now = place.now.replace(day=19)
    place.desk.submit(costly("yesterday"), ANN)
    run(place, "yesterday")
    place.wait(days=1)
    place.desk.submit(costly("first"), ANN)
    place.desk.submit(costly("second"), ANN)
    with pytest.raises(AccessError, match="ann submitted second"):
        place.desk.approve(ANN, "second")
    with pytest.raises(SubmissionClashError, match="credit is"):
        place.desk.approve(BOB, "second")
    place.desk.cancel(ANN, "first")
    place.dispatch(RunKey("research", "first"))
    long = request(lambda dag: dag["slo"].update(max_runtime="3h"), submission_id="long")
    place.desk.submit(long, ANN)
    place.desk.cancel(ANN, "second")
    place.dispatch(RunKey("research", "second"))
    approved = place.desk.approve(BOB, "long")
    assert (approved.state, approved.approved_by) == ("running", "bob")
    with pytest.raises(SubmissionClashError, match="waits for no room"):
        place.desk.approve(BOB, "long")


def test_high_priority_is_for_who_is_named_and_may_take_credit_at_once() -> None:
    place = Place(settings(budget={"cpu_hours": 10.0, "io_tib": 4.0}, urgent_subjects=("ann",)))
    with pytest.raises(AccessError, match="high priority"):
        place.desk.submit(request(priority="high"), BOB)
    place.now = place.now.replace(day=19)
    place.desk.submit(costly("yesterday"), ANN)
    run(place, "yesterday")
    place.wait(days=1)
    place.desk.submit(request(lambda dag: dag["slo"].update(max_runtime="1h"), submission_id="first"), BOB)
    urgent = request(lambda dag: dag["slo"].update(max_runtime="2h"), submission_id="urgent", priority="high")
    assert place.desk.submit(urgent, ANN).hold.state == "held"


def test_only_what_ended_without_success_is_run_again_under_the_next_number(place: Place) -> None:
    place.desk.submit(request(), ANN)
    with pytest.raises(SubmissionClashError, match="run 1 of nightly-1 is running"):
        place.desk.rerun(ANN, "nightly-1")
    place.desk.cancel(ANN, "nightly-1")
    place.dispatch(RunKey("research", "nightly-1"))
    again = place.desk.rerun(BOB, "nightly-1")
    assert (again.run, again.state, again.submitted_by) == (2, "running", "bob")
    assert place.desk.status(ANN, "nightly-1", run=1).state == "cancelled"
    place.dispatch(RunKey("research", "nightly-1", 2))
    for _ in range(3):
        place.finish(place.outside.orders[-1])
    with pytest.raises(SubmissionClashError, match="run 2 of nightly-1 is succeeded"):
        place.desk.rerun(ANN, "nightly-1")
    assert place.inputs.pinned == [RunKey("research", "nightly-1"), RunKey("research", "nightly-1", 2)]


@pytest.mark.parametrize("ending", ["cancelled", "expired", "failed"])
def test_no_node_waits_once_its_run_has_ended(place: Place, ending: Any) -> None:
    place.desk.submit(request(), ANN)
    key = RunKey("research", "nightly-1")
    if ending == "failed":
        place.dispatch(key)
        while place.desk.status(ANN, "nightly-1").state == "running":
            place.finish(place.outside.orders[-1], "failure")
            place.wait(hours=1)
            place.dispatch(key)
    else:
        place.surroundings.run(submitting.ask_to_end(key, ending))
        assert {node.state for node in place.desk.status(ANN, "nightly-1").nodes} == {"waiting"}
        place.dispatch(key)
    answer = place.desk.status(ANN, "nightly-1")
    first = "failed" if ending == "failed" else "cancelled"
    assert (answer.state, [node.state for node in answer.nodes]) == (ending, [first, "cancelled", "cancelled"])
    assert [node.attempt for node in answer.nodes][1:] == [0, 0]


def test_a_run_is_begun_under_the_number_that_its_inputs_were_pinned_for_or_not_at_all(place: Place) -> None:
    place.desk.submit(request(), ANN)
    for number in (1, 2):
        place.desk.cancel(ANN, "nightly-1")
        place.dispatch(RunKey("research", "nightly-1", number))
        late = place.desk.submission(ANN, "nightly-1", run=1)
        again = submitting.rerun(RunKey("research", "nightly-1", 2), late, (), day="2026-11-20", rules=place.rules)
        if number == 1:
            place.desk.rerun(ANN, "nightly-1")
    assert place.surroundings.run(again) == submitting.Contended()
    assert place.desk.status(ANN, "nightly-1").run == 2


def test_a_cancel_that_could_not_be_written_is_told_to_be_asked_again(place: Place, monkeypatch: Any) -> None:
    place.desk.submit(request(), ANN)
    monkeypatch.setattr(place.rows, "commit", lambda writes, removes: False)
    with pytest.raises(OrchestrationError, match="faster each time") as error:
        place.desk.cancel(ANN, "nightly-1")
    assert error.value.retryable


def test_a_run_that_has_run_for_as_long_as_it_may_ends(place: Place) -> None:
    place.desk.submit(request(), ANN)
    place.dispatch(RunKey("research", "nightly-1"))
    place.finish(place.outside.orders[-1], seconds=3 * 3600)
    place.dispatch(RunKey("research", "nightly-1"))
    assert place.desk.status(ANN, "nightly-1").state == "expired"


def test_waiting_is_no_running(place: Place) -> None:
    place.desk.submit(request(), ANN)
    place.wait(hours=5)
    run(place, "nightly-1")
    assert place.desk.status(ANN, "nightly-1").state == "succeeded"


def test_a_run_costs_no_more_than_it_may(place: Place) -> None:
    with pytest.raises(NotAdmittedError, match=r"max_cost_usd is 0\.01"):
        place.desk.submit(request(max_cost_usd=0.01), ANN)
    answer = place.desk.submit(request(), ANN, dry_run=True)
    place.desk.submit(request(max_cost_usd=answer.expected_usd * 1.01), ANN)
    place.dispatch(RunKey("research", "nightly-1"))
    order = place.outside.orders[-1]
    assert order.node.placement is not None
    limit_usd = order.node.placement.chosen.usd_per_hour * order.node.limit_ms / HOUR_MS
    assert limit_usd <= answer.expected_usd * 1.01
    place.finish(order, seconds=order.node.limit_ms / 1000)
    place.dispatch(RunKey("research", "nightly-1"))
    assert place.desk.status(ANN, "nightly-1").state in {"expired", "running"}


def test_another_environment_is_refused(place: Place) -> None:
    with pytest.raises(NotAdmittedError, match=r"params\.env is prod, and this is dev"):
        place.desk.submit(request(env="prod"), ANN)


def test_what_has_room_on_no_node_is_refused(place: Place) -> None:
    with pytest.raises(UnplaceableError):
        place.desk.submit(request(lambda dag: dag["nodes"][2].update(resources={"cpu": "64", "mem": "4Gi"})), ANN)


def test_who_may_not_submit_with_high_priority_may_not_run_it_again_either() -> None:
    place = Place(settings(urgent_subjects=["bob"]))
    place.desk.submit(request(priority="high"), BOB)
    place.desk.cancel(BOB, "nightly-1")
    place.dispatch(RunKey("research", "nightly-1"))
    with pytest.raises(AccessError, match="ann may not submit with high priority"):
        place.desk.rerun(ANN, "nightly-1")
    assert place.desk.rerun(BOB, "nightly-1").run == 2
