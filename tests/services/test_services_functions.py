"""The real ingest and audit functions come to the same figures however the bus delivers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import boto3
import pytest
from moto import mock_aws

from lambdas import runtime
from quantos.audit.adapters.composition import compose_auditor, compose_store
from quantos.catalog.catalog import load_catalog
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.environment.functions import AUDIT, INGEST, function_table, topic_partitions
from quantos.messaging.ports import Message
from quantos.telemetry.adapters.composition import compose_history, compose_signals
from sandbox.events.bus import EventBus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account
from sandbox.events.loop import EventLoop, Faults, load_functions
from tests.support import audit_fakes
from tests.support.audit_fakes import make_record
from tests.support.environments import make_settings

BusMaker = Callable[[Mapping[str, int]], EventBus]
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
SERIES = ("workload/calls", "workload/orders", "market/volume")
NEWS = "signal/news-count"


def messages() -> list[Message]:
    samples = [
        DemandSample(series=series, time=START + timedelta(minutes=5 * step), source="exchange", value=step + 0.5)
        for series in SERIES
        for step in range(40)
    ]
    telemetry = [Message(topics.SAMPLED[one.series.split("/")[0]], one.series, one.to_json()) for one in samples]
    records = [Message(topics.AUDIT_RECORDS, "dev", make_record(number).to_json()) for number in range(1, 41)]
    signals = [
        Message(topics.TELEMETRY_SIGNAL, NEWS, news(step, known_after=after).to_json())
        for step in range(40)
        for after in (5, 60)
    ]
    poison = [Message(topic, "key", b"not a sample") for topic in (topics.TELEMETRY_WORKLOAD, topics.TELEMETRY_SIGNAL)]
    return [*telemetry, *signals, *records, *poison]


def news(step: int, *, known_after: int) -> SignalSample:
    """A count and, told an hour later, its revision."""
    time = START + timedelta(minutes=5 * step)
    known_at = time + timedelta(minutes=known_after)
    return SignalSample(series=NEWS, time=time, known_at=known_at, source="wire", value=step - known_after)


def figures(bus: EventBus, faults: Faults | None, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What the stores hold after the messages were published and the functions of a fresh account took them."""
    settings = make_settings()
    names = settings.names()
    monkeypatch.setattr(audit_fakes, "BUCKET", names.bucket("audit"))
    monkeypatch.setattr(audit_fakes, "TABLE", names.audit_table)
    monkeypatch.setattr(runtime, "_used", [])
    with mock_aws():
        audit_fakes.create_audit_aws()
        boto3.client("dynamodb", region_name=settings.region).create_table(
            TableName=names.demand_table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        clock = ReplayClock(START + timedelta(hours=4))
        runtime.use(
            runtime.Runtime(
                settings=settings, catalog=load_catalog(), publisher=bus.publisher, clock=clock, wall_clock=clock
            )
        )
        functions = load_functions(spec for spec in function_table(settings) if spec.name in {INGEST, AUDIT})
        account = Account(environment="dev", account_id=settings.account_id, region=settings.region)
        loop = EventLoop(bus, functions, clock=clock, account=account, faults=faults)
        bus.publisher.publish(messages())
        loop.run_until_idle()
        assert loop.abandoned == ()
        history = compose_history(settings)
        store = compose_store(settings)
        verdict = compose_auditor(settings).verify()
        assert verdict.intact, verdict.sentence
        samples = history.samples(SERIES, start=START, end=START + timedelta(days=1))
        assert {len(taken) for taken in samples.values()} == {40}
        told = compose_signals(settings).became_known([NEWS], start=START, end=START + timedelta(days=1))[NEWS]
        assert len(told) == 80
        return (samples, told), sorted(link.record.record_id for link in store.links("dev")), verdict.head.sequence


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.usefixtures("account")
def test_batches_twice_and_shuffled_change_no_figure(make_bus: BusMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = make_bus(topic_partitions())
    straight = figures(bus, None, monkeypatch)
    disturbed = figures(bus, Faults(rng=Random(11)), monkeypatch)
    assert straight[2] == 40
    assert disturbed == straight
