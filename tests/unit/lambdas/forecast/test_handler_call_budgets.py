"""How many calls a warm function makes, by kind: what each bin costs in production too, whatever the machine.

A call that is not in a budget here was either forgotten by it or not needed: say which.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import boto3
import pytest

from lambdas import runtime
from lambdas.forecast.handler import handler, service
from lambdas.resize import handler as resize
from quantos.capacity.adapters.stores import compose_plan_ledger
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import ScalingPlan
from quantos.contracts.strategy import Session, StrategyBook
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.adapters.record import StoredRecord
from sandbox.events.events import Account, local_context, msk_event, schedule_event
from tests.support.api_calls import counted_calls
from tests.support.demand_cases import make_strategy
from tests.support.telemetry_account import create_table, telemetry_account

FIRST = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
BIN = timedelta(minutes=5)
SESSION = Session(opens=time(13), closes=time(16))
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
ROLE = "arn:aws:iam::123456789012:role/nodes"
RESIZE_CONTEXT = local_context("resize", account=ACCOUNT, invocation=1, timeout_seconds=840).as_lambda_context()
CONTEXT = local_context("forecast", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()
DECISION = {
    "s3:GetObject": 2,  # the pointer, the strategies
    "dynamodb:BatchGetItem": 2,  # the last two hours of demand, and what was told of runs to come
    "kms:GenerateMac": 1,
    "s3:PutObject": 2,  # the plan, its record
}
NEXT_HOUR = DECISION | {
    "dynamodb:BatchGetItem": 4,  # beside them the parts whose turn it is to be read again
    "s3:PutObject": 3,  # beside them the window, for other processes
}

POOLS = 3
UNCHANGED = {
    "kms:VerifyMac": 1,
    "dynamodb:UpdateItem": 1,  # the plan's floors are kept, and all that are kept come back
    "dynamodb:GetItem": 1,  # the kill switch
    "s3:GetObject": 1,  # the pointer
    "eks:ListNodegroups": 1,
    "eks:DescribeNodegroup": POOLS,  # `unchanged` is held against where EKS stands
}


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    """The bus of a function that has decided the first bin, in an account with five days of demand."""
    with telemetry_account(monkeypatch, now=FIRST) as bus:
        moments = [FIRST - BIN * index for index in range(-24, 5 * 288)]
        service().history.add(
            [
                DemandSample(series="workload/orders", time=moment, source="gw", value=400.0 + moment.minute)
                for moment in moments
                if SESSION.is_open(moment, bin_seconds=300)
            ]
        )
        service().registry.replace(StrategyBook(strategies=(make_strategy(session=SESSION),)))
        handler(schedule_event("dev-capacity", FIRST), CONTEXT)
        yield bus


@pytest.mark.usefixtures("warm")
def test_a_warm_decision_makes_seven_calls(monkeypatch: pytest.MonkeyPatch):
    with counted_calls(monkeypatch) as calls:
        handler(schedule_event("dev-capacity", FIRST + BIN), CONTEXT)
    assert calls == DECISION


@pytest.mark.usefixtures("warm")
def test_the_first_decision_of_an_hour_reads_a_part_again_and_keeps_the_window(monkeypatch: pytest.MonkeyPatch):
    with counted_calls(monkeypatch) as calls:
        handler(schedule_event("dev-capacity", FIRST + timedelta(minutes=30)), CONTEXT)
    assert set(calls) == set(NEXT_HOUR)
    assert all(calls[kind] <= most for kind, most in NEXT_HOUR.items()), calls


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch, warm: MemoryBus) -> bytes:
    """A plan of the second bin, in an environment whose node groups and pointer stand as the first bin's plan said."""
    settings, bus = service().settings, warm
    names, first = settings.names(), ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[-1].value)
    for table in (names.coordination_table, names.switch_table):
        create_table(table, region=settings.region)
    eks = boto3.client("eks", settings.region)
    eks.create_cluster(name=names.cluster, roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    for pool, size in first.sizes.items():
        eks.create_nodegroup(
            clusterName=names.cluster,
            nodegroupName=f"{pool}-group",
            subnets=["subnet-1"],
            nodeRole=ROLE,
            tags={"pool": pool},
            scalingConfig={"minSize": size.floor, "maxSize": size.ceiling, "desiredSize": max(size.floor, 1)},
        )
    compose_plan_ledger(settings).replace(first.document(), expected_version=None)
    monkeypatch.setattr(runtime, "_used", [replace(runtime.current(), clock=lambda: FIRST + BIN)])
    handler(schedule_event("dev-capacity", FIRST + BIN), CONTEXT)
    return bus.records(topics.CAPACITY_PLANS)[-1].value


def test_a_resize_that_is_unchanged_makes_eight_calls(monkeypatch: pytest.MonkeyPatch, standing: bytes):
    record = StoredRecord(topics.CAPACITY_PLANS, 0, 0, 0, b"dev-capacity", standing)
    event = msk_event([record], account=ACCOUNT, bootstrap_servers="test:9092")
    resize.service()
    with counted_calls(monkeypatch) as calls:
        answer = resize.handler(event, RESIZE_CONTEXT)
    assert set(answer.values()) == {"unchanged"}
    assert calls == UNCHANGED
