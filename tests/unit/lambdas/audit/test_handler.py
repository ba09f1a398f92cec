"""The audit function takes batches as the event loop delivers them, on moto."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from lambdas import runtime
from lambdas.audit.handler import handler
from quantos.audit.adapters.composition import compose_index, compose_store
from quantos.audit.auditor import verify_chain
from quantos.audit.chain import EMPTY, stored
from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.environment.functions import AUDIT, function_table, topic_partitions
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from sandbox.events.bus import MemoryEventBus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account, local_context
from sandbox.events.loop import EventLoop, Faults, LocalFunction
from tests.support.audit_fakes import audit_account, make_links, make_record
from tests.support.hostile_records import payloads

COUNTER = itertools.count(1)
CONTEXT = local_context(
    "audit",
    account=Account(environment="dev", account_id="123456789012", region="us-east-1"),
    invocation=1,
    timeout_seconds=60,
).as_lambda_context()
NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def wire(value: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(value).decode()
    return {"topic": topics.AUDIT_RECORDS, "partition": 0, "offset": 0, "value": encoded}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnvironmentSettings]:
    with audit_account(monkeypatch) as made:
        yield made


@pytest.fixture
def bus(settings: EnvironmentSettings, monkeypatch: pytest.MonkeyPatch) -> MemoryBus:
    bus = MemoryBus(topic_partitions())
    monkeypatch.setattr(runtime, "_used", [])
    runtime.use(
        runtime.Runtime(
            settings=settings, catalog=load_catalog(), publisher=bus, clock=lambda: NOW, wall_clock=lambda: NOW
        )
    )
    return bus


def loop_over(bus: MemoryBus, settings: EnvironmentSettings, *, faults: Faults | None = None, **spec: Any) -> EventLoop:
    (audit,) = (one for one in function_table(settings) if one.name == AUDIT)
    account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)
    function = LocalFunction(spec=replace(audit, **spec), handler=handler)
    return EventLoop(MemoryEventBus(bus), [function], clock=ReplayClock(NOW), account=account, faults=faults)


def publish(bus: MemoryBus, *values: bytes) -> None:
    bus.publish([Message(topic=topics.AUDIT_RECORDS, key="dev", value=value) for value in values])


def test_records_become_a_chain_that_verifies(bus: MemoryBus, settings: EnvironmentSettings) -> None:
    publish(bus, *(make_record(number).to_json() for number in range(1, 121)))
    loop = loop_over(bus, settings)
    assert loop.run_until_idle() == 2
    assert loop.abandoned == ()
    verdict = verify_chain(compose_store(settings), "dev")
    assert (verdict.intact, verdict.head.sequence) == (True, 120)
    about = compose_index(settings).about("dev", "dev-capacity", kind="plan")
    assert [entry.record_id for entry in about] == [f"plan/{number:04d}" for number in range(1, 121)]


def test_batches_delivered_twice_and_shuffled_leave_each_record_once(
    bus: MemoryBus, settings: EnvironmentSettings
) -> None:
    (audit,) = (one for one in function_table(settings) if one.name == AUDIT)
    small = (replace(audit.streams[0], batch_size=7),)
    publish(bus, *(make_record(number).to_json() for number in range(1, 51)))
    loop_over(bus, settings, faults=Faults(rng=Random(5)), streams=small).run_until_idle()
    store = compose_store(settings)
    assert verify_chain(store, "dev").intact
    assert sorted(one.record.record_id for one in store.links("dev")) == [f"plan/{n:04d}" for n in range(1, 51)]


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        pytest.param(b"{", "malformed", "EOF", id="not-json"),
        pytest.param(make_record(2).to_json().replace(b'"plan",', b'"guess",'), "malformed", "kind", id="unknown-kind"),
        pytest.param(make_record(2, chain="prod").to_json(), "other-chain", "prod", id="other-chain"),
        pytest.param(make_record(2, body={"x": float("nan")}).to_json(), "undigestible", "plan/0002", id="nan"),
        pytest.param(make_record(2, kind="succession").to_json(), "succession", "never by a message", id="succession"),
    ],
)
def test_poison_is_set_aside_with_its_reason_and_the_rest_goes_on(
    bus: MemoryBus, settings: EnvironmentSettings, value: bytes, reason: str, detail: str
) -> None:
    publish(bus, make_record(1).to_json(), value, make_record(3).to_json())
    assert loop_over(bus, settings).run_until_idle() == 1
    ids = [one.record.record_id for one in compose_store(settings).links("dev")]
    assert ids == ["plan/0001", "plan/0003"]
    (letter,) = (json.loads(one.value) for one in bus.records(topics.dead_letter(topics.AUDIT_RECORDS)))
    assert letter["reason"] == reason
    assert detail in letter["detail"]
    assert (letter["topic"], letter["offset"]) == (topics.AUDIT_RECORDS, 1)
    assert base64.b64decode(letter["value"]) == value


@example_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=st.lists(payloads(json.loads(make_record(0, body={"pools": {"cpu": 3}}).to_json())), max_size=6))
def test_whatever_is_sent_is_a_link_or_a_letter(
    bus: MemoryBus, settings: EnvironmentSettings, hostile: list[bytes]
) -> None:
    number = next(COUNTER)
    letters = bus.end(topics.dead_letter(topics.AUDIT_RECORDS), 0)
    event = {"records": {f"{topics.AUDIT_RECORDS}-0": [wire(one) for one in (*hostile, make_record(number).to_json())]}}

    answer = handler(event, CONTEXT)

    rejected = bus.end(topics.dead_letter(topics.AUDIT_RECORDS), 0) - letters
    assert (answer["rejected"], sum(answer.values())) == (rejected, len(hostile) + 1)
    assert compose_index(settings).find("dev", [f"plan/{number:04d}"])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"subject": "s" * 3000}, id="subject-longer-than-a-key"),
        pytest.param({"subject": "\U0001f4c8" * 300}, id="subject-of-few-characters-and-many-bytes"),
        pytest.param({"occurred_at": 1_772_461_500}, id="epoch"),
        pytest.param({"body": {"a": {"n": 10**4000}}}, id="huge-number"),
        pytest.param({"body": "x" * 2_000_000}, id="two-megabytes"),
    ],
)
def test_what_the_table_or_the_bus_could_not_hold_is_a_letter(
    bus: MemoryBus, settings: EnvironmentSettings, changes: dict[str, object]
) -> None:
    record = json.dumps(json.loads(make_record(1).to_json()) | changes).encode()
    event = {"records": {f"{topics.AUDIT_RECORDS}-0": [wire(record), wire(make_record(2).to_json())]}}

    answer = handler(event, CONTEXT)

    assert answer["appended"] == 2 - answer["rejected"]
    assert verify_chain(compose_store(settings), "dev").intact
    assert all(len(one.value) < 1_000_000 for one in bus.records(topics.dead_letter(topics.AUDIT_RECORDS)))


def test_a_damaged_record_is_a_letter(bus: MemoryBus) -> None:
    records = [wire(b"") | {"value": "%%%"}, None, wire(make_record(1).to_json())]

    answer = handler({"records": {f"{topics.AUDIT_RECORDS}-0": records}}, CONTEXT)

    assert answer == {"appended": 1, "known": 0, "rejected": 2}


def test_a_record_of_few_characters_and_many_bytes_goes_to_the_dead_letters(
    bus: MemoryBus, settings: EnvironmentSettings
) -> None:
    publish(bus, make_record(1, subject="\U0001f4c8" * 300).to_json())
    loop_over(bus, settings).run_until_idle()
    (letter,) = (json.loads(one.value) for one in bus.records(topics.dead_letter(topics.AUDIT_RECORDS)))
    assert (letter["reason"], letter["detail"]) == ("too-long", "subject has 1200 bytes, and a key takes 1024")
    assert compose_store(settings).head("dev") == 0


def test_a_spoiled_place_stops_nothing(bus: MemoryBus, settings: EnvironmentSettings) -> None:
    store = compose_store(settings)
    store.client.put_object(Bucket=store.bucket, Key="dev/000000000001", Body=b"{}")
    store.client.put_object(Bucket=store.bucket, Key="dev/stray", Body=b"{}")
    publish(bus, make_record(1).to_json())
    loop = loop_over(bus, settings)
    assert loop.run_until_idle() == 1
    assert [one.record.record_id for one in store.links("dev.2")] == ["succession/dev.2", "plan/0001"]
    (entry,) = compose_index(settings).about("dev", "dev-capacity")
    assert (entry.chain, entry.sequence) == ("dev.2", 2)


def test_a_store_that_fails_brings_the_batch_to_the_failure_topic_whole(
    bus: MemoryBus, settings: EnvironmentSettings
) -> None:
    index = compose_index(settings)
    index.extend([stored(item) for item in make_links(1)], after=EMPTY)
    publish(bus, make_record(1).to_json())
    loop = loop_over(bus, settings)
    assert loop.run_until_idle() == 6
    assert ["tail removed" in str(one.error) for one in loop.abandoned] == [True]
    (letter,) = (json.loads(one.value) for one in bus.records(topics.dead_letter(topics.AUDIT_RECORDS)))
    (records,) = letter["payload"]["records"].values()
    assert [base64.b64decode(one["value"]) for one in records] == [make_record(1).to_json()]
