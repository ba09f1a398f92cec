"""A signal from its topic to the plan that rests on it, through the functions and stores of an account."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from lambdas.forecast import handler as forecast
from lambdas.ingest import handler as ingest
from quantos.contracts import topics
from quantos.contracts.base import Contract
from quantos.contracts.plan import ScalingPlan
from quantos.contracts.strategy import StrategyBook
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.events.events import Account, local_context, msk_event, schedule_event
from tests.support.announcements import BUSY, INFORMED, NEWS, SIGNALS
from tests.support.decision_desk import MONDAY
from tests.support.telemetry_account import telemetry_account

NOW = MONDAY + timedelta(hours=9)
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("ingest", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        yield found


def taken(bus: MemoryBus, topic: str, *records: Contract) -> dict[str, int]:
    """What the ingest function makes of records, and of one that is none."""
    messages = [Message(topic, "key", record.to_json()) for record in records]
    bus.publish([*messages, Message(topic, "key", b"rumours")])
    return ingest.handler(msk_event(bus.records(topic), account=ACCOUNT, bootstrap_servers="b-1:9098"), CONTEXT)


def test_a_signal_comes_by_its_topic_and_the_plan_says_that_it_was_looked_at(bus: MemoryBus):
    demand = [sample for sample in BUSY if sample.time < NOW]
    told = [sample for sample in SIGNALS if sample.known_at < NOW]
    assert taken(bus, topics.TELEMETRY_WORKLOAD, *demand) == {"samples": len(demand), "rejected": 1}
    assert taken(bus, topics.TELEMETRY_SIGNAL, *told, *told[::-1]) == {"samples": 2 * len(told), "rejected": 1}
    (letter,) = bus.records(topics.dead_letter(topics.TELEMETRY_SIGNAL))
    assert json.loads(letter.value)["reason"] == "not-json"
    forecast.service().registry.replace(StrategyBook(strategies=(INFORMED,)))

    forecast.handler(schedule_event("dev-capacity", NOW), CONTEXT)

    plan = ScalingPlan.model_validate_json(bus.records(topics.CAPACITY_PLANS)[0].value)
    (pool,) = plan.explanation.pools
    assert pool.signals == (NEWS,)
    assert NEWS not in (pool.degraded or "")
