"""Our own store has an event whatever becomes of it elsewhere, and what fails elsewhere is reported."""

from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from openlineage.client.event_v2 import RunEvent

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.lineage_transports import transport_from_url
from quantos.orchestration.adapters.s3_lineage import S3Lineage
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.lineage.delivery import Delivery, Undelivered
from quantos.orchestration.protocol.rows import AttemptKey
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.support.faulty_aws import REGION
from tests.support.lineage_runs import events_of, facts_of

EVENTS = list(events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml"))))


@dataclass
class Memory:
    kept: dict[tuple[AttemptKey, str], RunEvent] = field(default_factory=dict)
    full: bool = False

    def put(self, attempt: AttemptKey, event: RunEvent) -> bool:
        if self.full:
            raise OrchestrationError("full", remedy="empty it")
        return self.kept.setdefault((attempt, str(event.eventType)), event) is event

    def events(self, run: object) -> list[bytes]:
        return []


def test_a_transport_that_fails_loses_nothing_and_is_reported(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    good = transport_from_url(f"file://{tmp_path}/events.jsonl")
    bad = transport_from_url(f"file://{tmp_path}/folder")
    reported: list[Undelivered] = []
    memory = Memory()
    delivery = Delivery(store=memory, transports=[bad, good], report=reported.append)
    for attempt, event in EVENTS:
        delivery.deliver(attempt, event)
    assert len(memory.kept) == 6
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == len(EVENTS)
    assert [(each.transport, each.about) for each in reported] == [(bad.name, attempt) for attempt, _ in EVENTS]
    assert all(each.error.what and each.error.remedy for each in reported)


def test_what_our_own_store_does_not_take_is_sent_to_nobody(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    delivery = Delivery(store=Memory(full=True), transports=[transport_from_url(f"file://{file}")], report=print)
    with pytest.raises(OrchestrationError, match="full"):
        delivery.deliver(*EVENTS[0])
    assert not file.exists()


@mock_aws
def test_the_bucket_keeps_the_first_event_of_a_type_and_reads_a_run_back() -> None:
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="artifacts")
    store = S3Lineage(S3Objects(client, "artifacts"))
    puts = [store.put(attempt, event) for attempt, event in EVENTS]
    assert puts == [True, False, True] * 3
    run = EVENTS[0][0].run
    once = store.events(run)
    assert len(once) == 6
    assert not any(store.put(attempt, event) for attempt, event in EVENTS)
    assert store.events(run) == once
    keys = [item["Key"] for item in client.list_objects_v2(Bucket="artifacts")["Contents"]]
    assert "lineage/alpha/x/1/train_model/1.COMPLETE.json" in keys
    assert store.events(type(run)("alpha", "x", 11)) == []
