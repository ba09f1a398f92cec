from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from lambdas.forecast.handler import handler, service
from quantos.capacity.adapters.decisions import compose_replayer
from quantos.capacity.decision.record import unpacked
from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import ScalingPlan
from quantos.contracts.strategy import Session, StrategyBook
from quantos.errors import SettingsError
from quantos.messaging.adapters.memory import MemoryBus
from sandbox.events.events import Account, local_context, schedule_event
from tests.support.demand_cases import make_strategy
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 2, 14, 32, 7, tzinfo=UTC)
BIN_END = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SESSION = Session(opens=time(13), closes=time(16))
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("forecast", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        moments = [BIN_END - timedelta(minutes=5 * index) for index in range(1, 5 * 288)]
        service().history.add(
            [
                DemandSample(series="workload/orders", time=moment, source="gw", value=400.0 + moment.minute)
                for moment in moments
                if SESSION.is_open(moment, bin_seconds=300)
            ]
        )
        yield found


def state(*, ceiling_usd_per_hour: float = 12.0, min_throughput_units: float = 0.0) -> None:
    strategy = make_strategy(
        session=SESSION, ceiling_usd_per_hour=ceiling_usd_per_hour, min_throughput_units=min_throughput_units
    )
    service().registry.replace(StrategyBook(strategies=(strategy,)))


def test_a_schedule_makes_one_signed_plan_and_answers_its_id(bus: MemoryBus):
    state()

    answer = handler(schedule_event("dev-capacity", NOW), CONTEXT)
    again = handler(schedule_event("dev-capacity", NOW), CONTEXT)

    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    assert answer == again == {"plan_id": plan.plan_id}
    assert service().archive.get(plan.plan_id) == plan
    assert service().signer.verify(plan.signed_bytes(), signature=plan.signature)
    assert plan.created_at == BIN_END
    assert plan.sizes["cpu"].floor >= 400 / 10 / 8
    assert plan.explanation.expected_violations == ()
    assert len(bus.records(topics.AUDIT_RECORDS)) == 2


def test_a_published_plan_can_be_replayed_from_what_the_buckets_and_tables_hold(bus: MemoryBus):
    state()
    handler(schedule_event("dev-capacity", NOW), CONTEXT)
    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    content = service().records.get(plan.plan_id)
    assert content is not None

    found = compose_replayer(service().settings, catalog=load_catalog()).replay(unpacked(content), plan)

    assert {item.verdict for item in found} == {"same"}


def test_the_planner_foresees_what_the_cost_pack_will_refuse(bus: MemoryBus):
    state(ceiling_usd_per_hour=0.5, min_throughput_units=400.0)

    handler(schedule_event("dev-capacity", NOW), CONTEXT)

    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    (foreseen,) = plan.explanation.expected_violations
    assert "strategy orders would cost" in foreseen


def test_once_applied_there_is_nothing_to_answer(bus: MemoryBus):
    state()
    handler(schedule_event("dev-capacity", NOW), CONTEXT)
    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    service().ledger.replace(plan.document(), expected_version=None)

    assert handler(schedule_event("dev-capacity", NOW), CONTEXT) == {"plan_id": None}


def test_a_wrong_event_or_stack_is_refused(bus: MemoryBus):
    with pytest.raises(ValidationError):
        handler({"stack": "dev-capacity"}, CONTEXT)
    with pytest.raises(SettingsError):
        handler(schedule_event("dev-control", NOW), CONTEXT)
