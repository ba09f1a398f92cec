"""The chain's end is anchored as the event loop calls for it, and a chain that was changed since fails the call."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lambdas import runtime
from quantos.audit.adapters.composition import compose_auditor, compose_ledger, compose_store
from quantos.audit.adapters.s3_chain import object_key
from quantos.catalog.catalog import load_catalog
from quantos.environment.functions import ANCHOR, function_table, topic_partitions
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.adapters.memory import MemoryBus
from sandbox.events.bus import MemoryEventBus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account
from sandbox.events.loop import EventLoop, load_functions
from tests.support.audit_fakes import audit_account, make_record

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EnvironmentSettings]:
    with audit_account(monkeypatch) as made:
        yield made


@pytest.fixture
def loop(settings: EnvironmentSettings, monkeypatch: pytest.MonkeyPatch) -> EventLoop:
    bus = MemoryBus(topic_partitions())
    clock = ReplayClock(NOW)
    monkeypatch.setattr(runtime, "_used", [])
    runtime.use(
        runtime.Runtime(settings=settings, catalog=load_catalog(), publisher=bus, clock=clock, wall_clock=clock)
    )
    account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)
    functions = load_functions(spec for spec in function_table(settings) if spec.name == ANCHOR)
    return EventLoop(MemoryEventBus(bus), functions, clock=clock, account=account)


def test_every_hour_has_an_anchor_that_agrees(settings: EnvironmentSettings, loop: EventLoop) -> None:
    compose_ledger(settings).append([make_record(1)])
    loop.advance_to(NOW + timedelta(hours=1))
    compose_ledger(settings).append([make_record(2)])
    loop.advance_to(NOW + timedelta(hours=3))
    assert loop.abandoned == ()
    verdict = compose_auditor(settings).verify()
    assert (verdict.intact, verdict.anchors) == (True, 3)
    assert verdict.newest_anchor is not None
    assert (verdict.newest_anchor.sequence, verdict.newest_anchor.hour) == (2, datetime(2026, 3, 2, 17, tzinfo=UTC))


def test_a_chain_cut_off_fails_the_next_call(settings: EnvironmentSettings, loop: EventLoop) -> None:
    compose_ledger(settings).append([make_record(1), make_record(2)])
    loop.advance_to(NOW + timedelta(hours=1))
    store = compose_store(settings)
    store.client.delete_object(Bucket=store.bucket, Key=object_key("dev", 2))
    loop.advance_to(NOW + timedelta(hours=2))
    assert ["link 2 of dev is not there" in str(one.error) for one in loop.abandoned] == [True]
