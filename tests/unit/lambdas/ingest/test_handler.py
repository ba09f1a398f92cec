import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from lambdas.ingest.handler import handler, service
from quantos.contracts import topics
from quantos.errors import TelemetryError
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from quantos.telemetry.adapters.composition import compose_history
from sandbox.events.events import Account, Event, local_context, msk_event
from tests.support.environments import make_settings
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("ingest", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()
TOPIC = topics.TELEMETRY_MARKET


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        yield found


def event(bus: MemoryBus, *values: bytes) -> Event:
    """Publish, and take what AWS would hand over for it."""
    bus.publish([Message(TOPIC, f"key-{index}", value) for index, value in enumerate(values)])
    return msk_event(bus.records(TOPIC), account=ACCOUNT, bootstrap_servers="b-1:9098")


def tick(minutes: int, value: float) -> bytes:
    moment = NOW - timedelta(minutes=minutes)
    return json.dumps({"series": "market/spy", "time": moment.isoformat(), "source": "feed", "value": value}).encode()


def kept() -> list[float]:
    history = compose_history(make_settings())
    return [
        item.value for item in history.samples(["market/spy"], start=NOW - timedelta(days=1), end=NOW)["market/spy"]
    ]


def test_a_batch_over_several_partitions_is_taken_and_poison_set_aside(bus: MemoryBus):
    answer = handler(event(bus, tick(10, 1), b"poison", tick(5, 2), tick(1, 3)), CONTEXT)

    assert answer == {"samples": 3, "rejected": 1}
    assert kept() == [1, 2, 3]
    (letter,) = bus.records(topics.dead_letter(TOPIC))
    assert json.loads(letter.value)["reason"] == "not-json"


def test_a_tombstone_and_a_key_of_raw_bytes_do_not_stop_their_batch(bus: MemoryBus):
    envelope = {"topic": TOPIC, "partition": 0, "timestamp": 0}
    good = base64.b64encode(tick(10, 1)).decode()
    records = [{**envelope, "offset": 0, "key": "/w==", "value": None}, {**envelope, "offset": 1, "value": good}]

    assert handler({"records": {f"{TOPIC}-0": records}}, CONTEXT) == {"samples": 1, "rejected": 1}
    assert len(bus.records(topics.dead_letter(TOPIC))) == 1


def test_a_batch_delivered_twice_changes_no_figure(bus: MemoryBus):
    batch = event(bus, tick(10, 1), tick(5, 2))
    handler(batch, CONTEXT)
    handler(batch, CONTEXT)

    assert kept() == [1, 2]


def test_a_failing_store_fails_the_batch(bus: MemoryBus):
    boto3.client("dynamodb", "us-east-1").delete_table(TableName=make_settings().names().demand_table)

    with pytest.raises(TelemetryError):
        handler(event(bus, tick(10, 1)), CONTEXT)


def test_a_warm_function_keeps_its_service(bus: MemoryBus):
    assert service() is service()
