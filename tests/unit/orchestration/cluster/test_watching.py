"""What the topic asks is done once the ledger has it, told until it is known, and lost with no watcher."""

from dataclasses import replace
from typing import Any

import pytest

from quantos.orchestration.cluster.reconcile import RESEND_MS, Cluster
from quantos.orchestration.cluster.watching import CLEAN_MS, LAST_MS, Watcher
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import Finished, RunKey, Started
from tests.support import pods
from tests.support.watched_runs import ORDER, WORKFLOW, Surroundings

NOW_MS = pods.STARTED_MS + 60_000
KEY = ORDER.node.last_attempt


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def watcher(around: Surroundings) -> Watcher:
    return Watcher(around, around, around, around.finish_log)


def test_workflows_are_made_of_what_has_not_succeeded(watcher: Watcher, around: Surroundings) -> None:
    assert watcher.take(Create(ORDER)) == KEY
    watcher.step(now_ms=NOW_MS)
    assert around.done == [("make", pods.RUN, frozenset({"train"}), 1)]


def test_a_pod_goes_through_its_gate_once_it_is_there(watcher: Watcher, around: Surroundings) -> None:
    around.here = Cluster(pods=(pods.pod(),), workflows=(WORKFLOW,))
    watcher.take(Create(ORDER))
    watcher.step(now_ms=NOW_MS)
    assert around.done == [("lift", "pod-1", ORDER)]
    assert watcher.waits(KEY)
    around.here = Cluster(pods=(pods.pod(ORDER),), workflows=(WORKFLOW,))
    watcher.step(now_ms=NOW_MS)
    assert not watcher.waits(KEY)


@pytest.mark.parametrize("change", [{"state": "succeeded"}, {"attempt": 2}, {"state": "pending"}])
def test_what_the_ledger_has_not_claimed_is_forgotten(
    watcher: Watcher, around: Surroundings, change: dict[str, Any]
) -> None:
    around.here = Cluster(pods=(pods.pod(),), workflows=(WORKFLOW,))
    around.rows["train"] = replace(ORDER.node, **change)
    watcher.take(Create(ORDER))
    watcher.step(now_ms=NOW_MS)
    assert (around.done, watcher.asked) == ([], {})


@pytest.mark.parametrize("change", [{"asked": "cancelled"}, {"ended": "failed"}])
def test_of_a_run_that_is_to_end_nothing_is_begun(
    watcher: Watcher, around: Surroundings, change: dict[str, Any]
) -> None:
    around.here = Cluster(pods=(pods.pod(),), workflows=(WORKFLOW,))
    around.run = replace(around.run, **change)
    watcher.take(Create(ORDER))
    watcher.step(now_ms=NOW_MS)
    assert [what for what in around.done if what[0] != "end"] == []
    watcher.take(Stop(KEY))
    watcher.step(now_ms=NOW_MS)
    (sent,) = (what[1] for what in around.done if what[0] == "send")
    assert isinstance(sent, Finished)
    assert sent.end == "cancelled"


def test_an_end_is_told_after_its_log_is_ended_until_it_is_acknowledged(watcher: Watcher, around: Surroundings) -> None:
    around.here = Cluster(pods=(pods.pod(ORDER, status=pods.ended(1)),), workflows=(WORKFLOW,))
    watcher.step(now_ms=NOW_MS)
    assert [what[0] for what in around.done] == ["send", "log", "send"]
    assert isinstance(around.done[0][1], Started)
    watcher.step(now_ms=NOW_MS + RESEND_MS)
    assert [what[0] for what in around.done[3:]] == ["log", "send"]
    watcher.take(Acknowledge(KEY))
    watcher.step(now_ms=NOW_MS + RESEND_MS)
    assert around.done[5:] == [("free", "pod-1")]
    around.here = Cluster()
    watcher.step(now_ms=NOW_MS + RESEND_MS)
    assert watcher.asked == {}


def test_what_cannot_be_told_is_told_at_the_next_step(watcher: Watcher, around: Surroundings) -> None:
    around.here = Cluster(pods=(pods.pod(ORDER, status=pods.ended(1)),), workflows=(WORKFLOW,))
    around.refuses = True
    watcher.step(now_ms=NOW_MS)
    around.refuses = False
    watcher.step(now_ms=NOW_MS + 1)
    assert [what[0] for what in around.done] == ["send", "log", "send"]


def test_another_watcher_begins_where_one_died(around: Surroundings) -> None:
    around.here = Cluster(pods=(pods.pod(ORDER, status=pods.running()),), workflows=(WORKFLOW,))
    anew = Watcher(around, around, around, around.finish_log)
    anew.take(Create(ORDER))
    anew.step(now_ms=NOW_MS)
    assert around.done == [("send", Started(KEY, pods.STARTED_MS))]
    assert not anew.waits(KEY)


def test_of_a_run_that_has_ended_argo_makes_no_more_pods(watcher: Watcher, around: Surroundings) -> None:
    foreign = replace(WORKFLOW, name="run-2", of=RunKey("research", "gone"))
    around.here = Cluster(workflows=(WORKFLOW, foreign, replace(WORKFLOW, name="run-3", over=True)))
    watcher.step(now_ms=NOW_MS)
    assert around.done == [("end", "run-2")]
    around.run = replace(around.run, ended="failed")
    watcher.step(now_ms=NOW_MS + CLEAN_MS - 1)
    watcher.step(now_ms=NOW_MS + CLEAN_MS)
    assert around.done[1:] == [("end", "run-1"), ("end", "run-2")]


def test_workflows_of_a_run_that_succeeded_come_to_their_own_end(watcher: Watcher, around: Surroundings) -> None:
    around.here = Cluster(workflows=(WORKFLOW,))
    around.run = replace(around.run, ended="succeeded", ended_ms=NOW_MS)
    watcher.step(now_ms=NOW_MS + LAST_MS)
    assert around.done == []
    watcher.step(now_ms=NOW_MS + LAST_MS + CLEAN_MS)
    assert around.done == [("end", "run-1")]
