"""A day is learnt by one message a set of pools, however often and in whatever order they come."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import boto3
import pytest
from pydantic import ValidationError

from lambdas.forecast import handler as forecast
from lambdas.learn.handler import handler, service
from quantos.capacity.demand import fit_repository
from quantos.capacity.pools.lead_times import order_series
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.learning import LearningTask
from quantos.contracts.plan import ScalingPlan
from quantos.contracts.strategy import Session, StrategyBook
from quantos.environment.functions import LEARN, function_table
from quantos.errors import ForecastError, SettingsError
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.events.bus import MemoryEventBus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account, Event, local_context, msk_event, schedule_event
from sandbox.events.loop import EventLoop, Faults, load_functions
from tests.support.demand_cases import make_strategy
from tests.support.environments import make_settings
from tests.support.telemetry_account import telemetry_account

DAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
SESSION = Session(opens=time(13), closes=time(16))
POOLS = (("cpu",), ("cpu", "cpu-spot"), ("cpu-spot",))
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("learn", account=ACCOUNT, invocation=1, timeout_seconds=300).as_lambda_context()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        moments = [NOW - timedelta(minutes=5 * index) for index in range(1, 6 * 288)]
        service().history.add(
            [
                DemandSample(series="workload/orders", time=moment, source="gw", value=400.0 + moment.minute)
                for moment in moments
                if SESSION.is_open(moment, bin_seconds=300)
            ]
        )
        strategies = tuple(make_strategy("-".join(pools), pools=pools, session=SESSION) for pools in POOLS)
        service().registry.replace(StrategyBook(strategies=strategies))
        yield found


def slow_orders(seconds: float) -> list[DemandSample]:
    """Thirty orders of the day before, all ended by their node being Ready."""
    ordered_at = [NOW - timedelta(hours=5, minutes=count) for count in range(30)]
    return [
        DemandSample(series=order_series("cpu").ready, time=moment, source="i-1", value=seconds)
        for moment in ordered_at
    ]


def stored() -> dict[str, bytes]:
    settings = make_settings()
    client, bucket = boto3.client("s3", settings.region), settings.names().bucket("plans")
    keys = [item["Key"] for item in client.list_objects_v2(Bucket=bucket, Prefix="fits/").get("Contents", ())]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def forget() -> None:
    settings = make_settings()
    for key in stored():
        boto3.client("s3", settings.region).delete_object(Bucket=settings.names().bucket("plans"), Key=key)


def midnight_passes(bus: MemoryBus, *, faults: Faults | None = None) -> EventLoop:
    clock = ReplayClock(NOW - timedelta(minutes=1))
    functions = load_functions(spec for spec in function_table(make_settings()) if spec.name == LEARN)
    loop = EventLoop(MemoryEventBus(bus), functions, clock=clock, account=ACCOUNT, faults=faults)
    loop.advance_to(NOW + timedelta(minutes=1))
    return loop


def event_of(task: LearningTask) -> Event:
    bus = MemoryBus({topics.CAPACITY_LEARNING: 1})
    bus.publish([Message(topics.CAPACITY_LEARNING, "+".join(task.pools), task.to_json())])
    return msk_event(bus.records(topics.CAPACITY_LEARNING), account=ACCOUNT, bootstrap_servers="memory")


def test_at_half_past_midnight_each_set_of_pools_is_learnt_by_a_message_of_its_own(bus: MemoryBus) -> None:
    loop = midnight_passes(bus)

    tasks = [LearningTask.model_validate_json(record.value) for record in bus.records(topics.CAPACITY_LEARNING)]
    assert loop.abandoned == ()
    assert sorted(task.pools for task in tasks) == sorted(POOLS)
    assert {(task.stack, task.day) for task in tasks} == {("dev-capacity", DAY)}
    places = [key.split("/") for key in stored()]
    assert sorted(place[1] for place in places) == sorted("+".join(pools) for pools in POOLS)
    assert {place[3] for place in places} == {"2026-03-03.json"}


def test_twice_and_shuffled_leaves_the_same(bus: MemoryBus) -> None:
    midnight_passes(bus)
    straight = stored()
    forget()

    loop = midnight_passes(bus, faults=Faults(rng=Random(5), copies=3))

    assert loop.abandoned == ()
    assert stored() == straight


def test_what_is_stored_is_not_learnt_again(bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> None:
    event = event_of(LearningTask(stack="dev-capacity", day=DAY, pools=("cpu",)))
    assert handler(event, CONTEXT) == {"cpu": "learnt"}

    def learn_again(*_args: object, **_options: object) -> None:
        raise AssertionError("it was learnt again")

    monkeypatch.setattr(fit_repository, "fit", learn_again)
    assert handler(event, CONTEXT) == {"cpu": "known"}


@pytest.mark.parametrize(("seconds", "horizon_seconds"), [(None, 5400), (7200.0, 12_000)])
def test_decisions_of_the_day_serve_what_was_learnt(
    seconds: float | None, horizon_seconds: int, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seconds is not None:
        service().history.add(slow_orders(seconds))
    midnight_passes(bus)
    monkeypatch.setattr(fit_repository, "fit", None)

    forecast.handler(schedule_event("dev-capacity", NOW + timedelta(hours=1)), CONTEXT)

    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    assert {pool.degraded for pool in plan.explanation.pools} == {None}
    assert {pool.horizon_seconds for pool in plan.explanation.pools if pool.pool == "cpu"} == {horizon_seconds}


def test_pools_that_no_strategy_names_any_more_are_left_alone(bus: MemoryBus) -> None:
    event = event_of(LearningTask(stack="dev-capacity", day=DAY, pools=("memory",)))

    assert handler(event, CONTEXT) == {"memory": "unnamed"}
    assert stored() == {}


def test_a_day_that_has_not_begun_and_another_stack_are_refused(bus: MemoryBus) -> None:
    tomorrow = LearningTask(stack="dev-capacity", day=DAY + timedelta(days=1), pools=("cpu",))
    with pytest.raises(ForecastError, match="2026-03-04 was to be learnt on 2026-03-03"):
        handler(event_of(tomorrow), CONTEXT)
    with pytest.raises(SettingsError, match="prod-capacity"):
        handler(event_of(tomorrow.model_copy(update={"stack": "prod-capacity", "day": DAY})), CONTEXT)
    with pytest.raises(SettingsError, match="dev-control"):
        handler(schedule_event("dev-control", NOW), CONTEXT)
    with pytest.raises(ValidationError):
        handler({"stack": "dev-capacity"}, CONTEXT)


def test_a_message_that_is_no_task_goes_to_the_failure_topic(bus: MemoryBus) -> None:
    bus.publish([Message(topics.CAPACITY_LEARNING, "cpu", b"{}")])

    loop = midnight_passes(bus)

    assert [lost.function for lost in loop.abandoned] == [LEARN]
    assert len(bus.records(topics.dead_letter(topics.CAPACITY_LEARNING))) == 1
    assert len(stored()) == len(POOLS)
