"""Where both halves meet: what runs need is told by each sweep, and the next plan holds it before any of it waits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from lambdas import runtime
from lambdas.forecast.handler import handler as forecast
from lambdas.ingest.handler import handler as ingest
from lambdas.orchestration import Composed, compose
from lambdas.sweep.handler import handler as sweep
from quantos.contracts import topics
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.contracts.plan import ScalingPlan
from quantos.environment import functions
from quantos.messaging.adapters.memory import MemoryBus
from quantos.orchestration.adapters.rules import most_of_a_day
from quantos.orchestration.protocol import observing
from quantos.orchestration.protocol.dispatching import dispatch
from quantos.orchestration.protocol.rows import AttemptKey, Finished, RunKey
from quantos.orchestration.submission.desk import Desk
from quantos.orchestration.submission.ports import Caller
from sandbox.events.events import Account, local_context, msk_event, schedule_event
from tests.support.dags import stated, task
from tests.support.desks import Inputs
from tests.support.telemetry_account import create_table, telemetry_account

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CALLER = Caller("research", "ada")
RUN = RunKey("research", "x")
WIDE = [f"w{number}" for number in range(8)]


@dataclass
class Halves:
    """An account with both halves in it, whose clock a test sets."""

    bus: MemoryBus
    now: datetime = NOON
    taken: dict[str, int] = field(default_factory=dict)

    def composed(self) -> Composed:
        return compose(runtime.current(), function=functions.SUBMIT, report=lambda undelivered: None)

    def desk(self) -> Desk:
        composed = self.composed()
        return Desk(
            environment="dev",
            urgent={},
            budget=lambda team: most_of_a_day(composed.current.settings, team),
            offers=composed.offers,
            rules=composed.rules,
            surroundings=composed.surroundings,
            index=composed.rows,
            specs=composed.specs,
            inputs=Inputs(),
            clock=composed.current.clock,
        )

    def swept(self, at: datetime) -> dict[str, int]:
        """What a sweep answers."""
        self.now = at
        context = local_context("any", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()
        return sweep(schedule_event("dev-capacity", at), context)

    def swept_and_decided(self, at: datetime) -> ScalingPlan:
        """A sweep half a minute before a bin ends, what it told taken in, and the plan of the bin."""
        context = local_context("any", account=ACCOUNT, invocation=1, timeout_seconds=600).as_lambda_context()
        self.now = at - timedelta(seconds=30)
        sweep(schedule_event("dev-capacity", self.now), context)
        for topic in (topics.TELEMETRY_WORKLOAD, topics.TELEMETRY_SIGNAL):
            records = self.bus.records(topic)
            fresh = records[self.taken.get(topic, 0) :]
            self.taken[topic] = len(records)
            assert ingest(msk_event(fresh, account=ACCOUNT, bootstrap_servers="b-1:9098"), context)["rejected"] == 0
        self.now = at
        answer = forecast(schedule_event("dev-capacity", at), context)
        plan = ScalingPlan.model_validate_json(self.bus.records(topics.CAPACITY_PLANS)[-1].value)
        assert answer == {"plan_id": plan.plan_id}
        return plan


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> Iterator[Halves]:
    with telemetry_account(monkeypatch, now=NOON) as bus:
        made, told = Halves(bus), runtime.current()
        names = told.settings.names()
        for table in (names.orchestration_table, names.switch_table):
            create_table(table, region="us-east-1")
        boto3.client("s3", "us-east-1").create_bucket(Bucket=names.bucket("artifacts"))
        clock = lambda: made.now  # noqa: E731 - both clocks are the one that the test sets
        runtime.use(
            runtime.Runtime(settings=told.settings, catalog=told.catalog, publisher=bus, clock=clock, wall_clock=clock)
        )
        yield made


def request() -> SubmissionRequest:
    """Half an hour of one node of 2 cores, then half an hour of eight of 4 at once."""
    dag = stated([("first", name) for name in WIDE], nodes=[])
    dag["nodes"] = [
        task("first", resources={"cpu": "2", "mem": "1Gi"}),
        *(task(name, resources={"cpu": "4", "mem": "1Gi"}) for name in WIDE),
    ]
    return SubmissionRequest.model_validate({"dag": dag, "params": {"submission_id": "x", "env": "dev"}})


def test_a_plan_rises_for_what_was_submitted_before_it_waits_and_falls_once_that_has_ended(halves: Halves):
    without = halves.swept_and_decided(NOON)
    halves.desk().submit(request(), CALLER)
    risen = halves.swept_and_decided(NOON + timedelta(minutes=5))
    halves.desk().cancel(CALLER, "x")
    _end(halves.composed(), AttemptKey(RUN, "first", 1))
    fallen = halves.swept_and_decided(NOON + timedelta(minutes=10))

    assert without.explanation.pools == ()
    assert risen.sizes["cpu"].floor == 5 > without.sizes["cpu"].floor == 1
    (reasoning,) = risen.explanation.pools
    assert (reasoning.pool, reasoning.strategies) == ("cpu", ("orch-cpu",))
    assert reasoning.scheduled_vcpu == 32.0
    assert reasoning.demand_now_vcpu == 2.0
    assert reasoning.binding == "what runs that were submitted are known to need"
    assert "runs that were submitted need up to 32 vCPU of cpu until 13:35 UTC" in risen.explanation.sentence
    assert fallen.sizes == without.sizes
    assert fallen.explanation == without.explanation


def test_what_a_run_left_is_removed_by_the_first_sweep_after_its_ttl_and_told_once(halves: Halves):
    halves.desk().submit(request(), CALLER)
    composed = halves.composed()
    composed.surroundings.run(dispatch(RUN, now=composed.now(), rules=composed.rules))
    halves.desk().cancel(CALLER, "x")
    _end(composed, AttemptKey(RUN, "first", 1))
    composed.objects.put_once(f"workspaces/{RUN}/first/1/log/000000.txt", b"a line")
    assert [halves.swept(NOON + timedelta(days=days))["cleared"] for days in (30, 30.01, 31)] == [0, 1, 0]
    assert composed.objects.keys("workspaces/") == []
    (status,) = (halves.desk().status(CALLER, "x"),)
    assert status.cleared_at == NOON + timedelta(days=30.01)
    records = [json.loads(record.value) for record in halves.bus.records(topics.AUDIT_RECORDS)]
    assert [record["actor"] for record in records if record["body"].get("cleared")] == ["sweep"]


def _end(composed: Composed, attempt: AttemptKey) -> None:
    """The executor stopped the only attempt, and nothing is left of the run."""
    now = composed.now()
    message = Finished(attempt, "cancelled", ended_ms=now.milliseconds)
    composed.surroundings.run(observing.finished(message, now_ms=now.milliseconds, opened=composed.rules.opened))
    composed.surroundings.run(dispatch(attempt.run, now=now, rules=composed.rules))
    assert list(composed.rows.open_runs()) == []
