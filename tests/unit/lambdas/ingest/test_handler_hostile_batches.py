"""Whatever producers send, on the real tables: good records are stored, each of the others is one dead letter."""

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdas.ingest.handler import handler
from quantos.contracts import topics
from quantos.errors import BusError
from quantos.messaging.adapters.memory import MemoryBus
from quantos.telemetry.adapters.composition import compose_history, compose_signals
from sandbox.events.events import Account, local_context
from tests.support.environments import make_settings
from tests.support.hostile_records import NUMBERS, broken, misread, payloads
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("ingest", account=ACCOUNT, invocation=1, timeout_seconds=60).as_lambda_context()
GOOD = {"series": "workload/orders", "time": "2026-03-02T14:25:00Z", "source": "gw", "value": 12.5}
GOOD_SIGNAL = {
    "series": "signal/news",
    "time": "2026-03-02T14:25:00Z",
    "known_at": "2026-03-02T14:26:00Z",
    "source": "wire",
    "value": -3.5,
}
LARGEST_MESSAGE = 1_048_588
COUNTER = itertools.count()

Wire = dict[str, Any]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        yield found


def wire(payload: bytes, *, topic: str = topics.TELEMETRY_WORKLOAD, **changes: object) -> Wire:
    encoded = base64.b64encode(payload).decode()
    return {"topic": topic, "partition": 0, "offset": 7, "key": "bw==", "value": encoded, **changes}


def batch(*records: object, topic: str = topics.TELEMETRY_WORKLOAD) -> Wire:
    return {"eventSource": "aws:kafka", "records": {f"{topic}-0": list(records)}}


def stored_sources() -> list[str]:
    span = {"start": NOW - timedelta(days=1), "end": NOW + timedelta(days=1)}
    demand = compose_history(make_settings()).samples(["workload/orders"], **span)
    known = compose_signals(make_settings()).became_known(["signal/news"], **span)
    return [*(one.source for one in demand["workload/orders"]), *(one.source for one in known["signal/news"])]


def letters(bus: MemoryBus) -> list[Wire]:
    """Every letter there is; each small enough for the brokers."""
    found = [record for topic in topics.TELEMETRY for record in bus.records(topics.dead_letter(topic))]
    assert all(len(record.value) + len(record.key) < LARGEST_MESSAGE for record in found)
    return [json.loads(record.value) for record in found]


FOREIGN = st.one_of(
    st.sampled_from([None, 7, "text", [], {}, {"topic": 3}, ["a"]]),
    st.sampled_from(["%%%", "a", "é", "\ud800", '{"series": 1}', 5, True, {"a": 1}]).map(
        lambda value: wire(b"", value=value)
    ),
    st.sampled_from(["unknown.topic", topics.CAPACITY_PLANS, topics.TELEMETRY_MARKET, ""]).map(
        lambda topic: wire(json.dumps(GOOD).encode(), topic=topic)
    ),
    st.just(wire(b"poison", key="/w==" * 400_000)),
    st.just(wire(b"poison", key="not base64", timestamp=-1)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hostile=st.lists(
        st.one_of(
            payloads(GOOD).map(wire),
            payloads(GOOD_SIGNAL).map(lambda value: wire(value, topic=topics.TELEMETRY_SIGNAL)),
            FOREIGN,
        ),
        min_size=1,
        max_size=8,
    ),
    place=st.integers(0, 8),
)
@example(
    hostile=[
        *map(wire, misread(GOOD | {"known_at": GOOD["time"]})),
        *(wire(content, topic=topics.TELEMETRY_SIGNAL) for content in misread(GOOD_SIGNAL)),
    ],
    place=3,
)
def test_good_records_are_stored_and_each_other_is_one_letter(bus: MemoryBus, hostile: list[object], place: int):
    sources = {f"good-{next(COUNTER)}" for _ in range(2)}
    before = len(letters(bus))
    good = [
        wire(json.dumps(body | {"source": source}).encode(), topic=topic)
        for source, body, topic in zip(
            sources, (GOOD, GOOD_SIGNAL), (topics.TELEMETRY_WORKLOAD, topics.TELEMETRY_SIGNAL), strict=True
        )
    ]
    records = [*hostile[:place], *good, *hostile[place:]]

    answer = handler(batch(*records), CONTEXT)

    told = letters(bus)[before:]
    assert answer == {"samples": len(records) - len(told), "rejected": len(told)}
    assert sources <= set(stored_sources())
    assert all(letter["reason"] and letter["detail"] for letter in told)


def test_what_is_no_record_is_a_letter_that_says_where_it_was(bus: MemoryBus):
    numbered = [
        json.dumps(GOOD | {"value": "@"}).replace('"@"', number).encode() for number in NUMBERS if number != "-0.0"
    ]
    bad = [*broken(GOOD), *numbered]
    records = [wire(payload, offset=offset) for offset, payload in enumerate(bad)]

    assert handler(batch(*records, wire(json.dumps(GOOD).encode())), CONTEXT) == {"samples": 1, "rejected": len(bad)}

    told = {letter["offset"]: letter for letter in letters(bus)}
    for offset, payload in enumerate(bad):
        letter = told[offset]
        assert (letter["topic"], letter["partition"]) == (topics.TELEMETRY_WORKLOAD, 0)
        assert payload.startswith(base64.b64decode(letter["value"]))
        assert letter.get("value_bytes", len(payload)) == len(payload)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(wire(b"", value="%%%"), "damaged", id="no-base64"),
        pytest.param(wire(b"", value='{"series": "workload/orders"}'), "damaged", id="never-encoded"),
        pytest.param(wire(b"", value=5), "damaged", id="number-for-bytes"),
        pytest.param({"value": "e30="}, "damaged", id="no-topic"),
        pytest.param("record", "damaged", id="no-object"),
        pytest.param(wire(json.dumps(GOOD).encode(), topic="other"), "wrong-topic", id="unknown-topic"),
        pytest.param(wire(json.dumps(GOOD).encode(), topic=topics.TELEMETRY_MARKET), "wrong-topic", id="wrong-topic"),
    ],
)
def test_a_damaged_record_does_not_stop_its_batch(bus: MemoryBus, record: object, reason: str):
    assert handler(batch(record, wire(json.dumps(GOOD).encode())), CONTEXT) == {"samples": 1, "rejected": 1}

    assert [letter["reason"] for letter in letters(bus)] == [reason]


def test_an_hour_that_holds_no_more_becomes_letters_and_the_others_go_on(bus: MemoryBus):
    """The stand-in of the table notices at the first update after 400 KB; AWS refuses the one that would pass them."""
    sources = [f"{'s' * 74}-{number:04d}" for number in range(5000)]
    handler(batch(*(wire(json.dumps(GOOD | {"source": source}).encode()) for source in sources)), CONTEXT)

    late = [wire(json.dumps(GOOD | {"source": source}).encode()) for source in ("late-1", "late-2")]
    other = wire(json.dumps(GOOD | {"time": "2026-03-02T13:25:00Z", "source": "other"}).encode())
    assert handler(batch(*late, other), CONTEXT) == {"samples": 1, "rejected": 2}

    assert [letter["reason"] for letter in letters(bus)] == ["hour-full", "hour-full"]
    assert {"other"} == set(stored_sources()) - set(sources)


def test_what_is_no_batch_at_all_is_an_error(bus: MemoryBus):
    with pytest.raises(BusError, match="not a Kafka batch"):
        handler({"records": [1]}, CONTEXT)
