"""The watcher's program takes the topic's records, and lets go of them once what they ask is done."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from quantos.errors import SettingsError
from quantos.messaging.adapters.record import StoredRecord
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.cluster.intake import Intake
from quantos.orchestration.cluster.reconcile import Cluster
from quantos.orchestration.cluster.watching import Watcher
from quantos.orchestration.protocol.effects import Acknowledge, Create
from quantos.orchestration.protocol.rows import Work
from services.run_watcher.__main__ import read_terms, watch
from tests.support import pods
from tests.support.watched_runs import WORKFLOW, Surroundings

STATED = {"QUANTOS_RUNS_ACCOUNT": "runs", "QUANTOS_RUNNER_IMAGE": "runner@sha256:1"}


def record(offset: int, value: bytes) -> StoredRecord:
    return StoredRecord(topic="orch.attempts", partition=0, offset=offset, timestamp_ms=0, key=b"", value=value)


@dataclass
class Topic:
    """Hands out rounds of records, one a read, and ends the watching after the last."""

    rounds: list[list[StoredRecord]]
    ended: threading.Event = field(default_factory=threading.Event)
    commits: list[dict[int, int]] = field(default_factory=list)
    around: Surroundings = field(default_factory=Surroundings)

    def read(self, limit: int, *, timeout_seconds: float) -> Sequence[StoredRecord]:
        assert limit > 0
        assert timeout_seconds > 0
        records = self.rounds.pop(0)
        if not self.rounds:
            self.ended.set()
        if any(b"acknowledge" in each.value for each in records):
            self.around.here = Cluster()
        return records

    def commit(self, offsets: Mapping[int, int]) -> None:
        self.commits.append(dict(offsets))


def test_records_are_let_go_once_what_they_ask_is_done() -> None:
    order = pods.order()
    asked = [record(4, b"no message"), record(5, encode(Work(pods.RUN)).value), record(6, encode(Create(order)).value)]
    topic = Topic([asked, [], [record(7, encode(Acknowledge(order.node.last_attempt)).value)], []])
    around = topic.around
    around.here = Cluster(pods=(pods.pod(),), workflows=(WORKFLOW,))
    watcher = Watcher(around, around, around, around.finish_log)
    watch(watcher, topic, Intake(), ended=topic.ended)
    assert topic.commits == [{0: 6}, {}, {0: 8}, {}]
    assert around.done[0] == ("lift", "pod-1", order)


@pytest.mark.parametrize("name", sorted(STATED))
def test_what_is_not_set_is_said(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        read_terms({key: value for key, value in STATED.items() if key != name})


def test_what_pods_are_told_are_texts() -> None:
    terms = read_terms({**STATED, "QUANTOS_IMAGES": json.dumps({"kit:1": "kit@sha256:1"})})
    assert (terms.images, terms.variables) == ({"kit:1": "kit@sha256:1"}, {})
    with pytest.raises(SettingsError, match="no mapping of texts"):
        read_terms({**STATED, "QUANTOS_POD_VARIABLES": "[1]"})
