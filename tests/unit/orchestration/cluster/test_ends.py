"""How attempts end in a cluster, by whose evidence, and what they used."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.ends import MOST_MESSAGE_BYTES, AttemptReport, finished, gone, never_starts
from quantos.orchestration.execution.classify import End
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.rows import Finished
from tests.support import pods

NOW_MS = pods.STARTED_MS + 60_000
STOPPED = {names.STOPPED: "1"}


def report(end: End = "succeeded", *, started: int = 200, ended: int = 9_500, **more: Any) -> str:
    times = {"started_ms": pods.STARTED_MS + started, "ended_ms": pods.STARTED_MS + ended}
    return AttemptReport(end=end, **{**times, **more}).text()


def end_of(status: dict[str, Any], **metadata: Any) -> Finished:
    order = pods.order()
    message = finished(pods.pod(order, status=status, **metadata), order, now_ms=NOW_MS)
    assert message is not None
    return message


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "succeeded": (pods.ended(0, message=report()), {}, "succeeded", ""),
    "fails": (pods.ended(1, message=report("failure", detail="exit code 3: no data")), {}, "failure", "no data"),
    "its outputs cannot be kept": (
        pods.ended(1, message=report("infrastructure", detail="the bucket is gone")), {}, "infrastructure", "bucket",
    ),
    "says that it succeeded and did not": (pods.ended(1, message=report()), {}, "failure", "exit code 1"),
    "says nothing": (pods.ended(0), {}, "failure", "its end was not told by what ran it"),
    "says that it failed and did not": (
        pods.ended(0, message=report("infrastructure")), {}, "failure", "its end was not told by what ran it",
    ),
    "says what is no report": (pods.ended(3, message="Traceback"), {}, "failure", "exit code 3"),
    "137 alone": (pods.ended(137), {}, "unknown", "ended by SIGKILL, and nobody says that they sent it"),
    "out of memory": (pods.ended(137, reason="OOMKilled"), {}, "failure", "out of memory"),
    "evicted by the API": (
        pods.disrupted(pods.ended(143), "EvictionByEvictionAPI"), {}, "preempted", "EvictionByEvictionAPI: made room",
    ),
    "its node is taken away": (
        pods.disrupted(pods.ended(137), "DeletionByTaintManager"), {}, "preempted", "DeletionByTaintManager",
    ),
    "taken away, and says that its program failed": (
        pods.disrupted(pods.ended(1, message=report("failure")), "PreemptionByScheduler"), {}, "preempted", "Scheduler",
    ),
    "succeeded before it was taken away": (
        pods.disrupted(pods.ended(0, message=report()), "PreemptionByScheduler"), {}, "succeeded", "",
    ),
    "removed, and nobody says that they did": (
        pods.ended(1, message=report("cancelled")), {}, "infrastructure", "nobody says that they did",
    ),
    "says that it was taken away": (pods.ended(1, message=report("preempted", detail="so")), {}, "failure", "so"),
    "its node lost sight of it": (
        pods.ended(137, reason="ContainerStatusUnknown"), {}, "infrastructure", "lost sight of its container",
    ),
    "ran longer than its pod may": (
        {**pods.ended(137), "reason": "DeadlineExceeded"}, {}, "failure", "longer than its pod may",
    ),
    "its node is lost": ({**pods.running(), "phase": "Failed", "reason": "NodeLost"}, {}, "infrastructure", "NodeLost"),
    "stopped": (pods.ended(143), {"annotations": STOPPED}, "cancelled", "stopped"),
    "stopped and succeeded": (pods.ended(0, message=report()), {"annotations": STOPPED}, "succeeded", ""),
    "stopped before it began": (
        {"phase": "Pending"}, {"annotations": STOPPED, "deletionTimestamp": pods.at(1000)}, "cancelled", "stopped",
    ),
    "removed before it began": (
        {"phase": "Pending"}, {"deletionTimestamp": pods.at(1000)}, "infrastructure", "removed before it began",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_end_is_judged_by_its_evidence(case: str) -> None:
    status, metadata, end, detail = CASES[case]
    message = end_of(status, **metadata)
    assert message.end == end
    assert detail in message.detail


@pytest.mark.parametrize(
    ("status", "metadata"),
    [({"phase": "Pending"}, {}), (pods.running(), {}), (pods.running(), {"deletionTimestamp": pods.at(1000)})],
)
def test_what_may_still_run_has_not_ended(status: dict[str, Any], metadata: dict[str, Any]) -> None:
    order = pods.order()
    assert finished(pods.pod(order, status=status, **metadata), order, now_ms=NOW_MS) is None


def test_what_is_used_is_what_was_asked_for_while_it_ran() -> None:
    message = end_of(pods.ended(0, message=report(io_bytes=77, evidence="CPython 3.11 real")))
    assert (message.started_ms, message.ended_ms) == (pods.STARTED_MS + 200, pods.STARTED_MS + 9_500)
    assert [amount for _, amount in message.used] == [Amount(cpu_ms=2 * 9_300, io_bytes=77)]
    assert message.evidence == "CPython 3.11 real"


@given(started=st.integers(-(10**12), 10**12), ended=st.integers(-(10**12), 10**12), io=st.integers(-10, 10))
def test_what_is_said_is_held_within_what_the_kubelet_saw(started: int, ended: int, io: int) -> None:
    message = end_of(pods.ended(0, message=report(started=started, ended=ended, io_bytes=io)))
    assert message.started_ms is not None
    assert pods.STARTED_MS <= message.started_ms <= message.ended_ms <= pods.STARTED_MS + 11_000
    assert all(amount.io_bytes >= 0 for _, amount in message.used)


def test_what_never_ran_used_nothing() -> None:
    message = end_of({"phase": "Pending"}, deletionTimestamp=pods.at(1000))
    assert (message.used, message.started_ms) == ((), None)


def test_a_pod_that_is_gone_is_told_as_what_was_last_seen_of_it() -> None:
    lost = gone(pods.order(), stopped=False, running_ms=pods.STARTED_MS, now_ms=NOW_MS)
    assert (lost.end, lost.started_ms, lost.ended_ms) == ("infrastructure", pods.STARTED_MS, NOW_MS)
    assert gone(pods.order(), stopped=True, running_ms=None, now_ms=NOW_MS).end == "cancelled"


@given(detail=st.text(max_size=3000), evidence=st.text(max_size=3000))
def test_a_report_fits_into_what_the_kubelet_takes(detail: str, evidence: str) -> None:
    text = AttemptReport(end="failure", detail=detail, evidence=evidence, started_ms=1, ended_ms=2).text()
    assert len(text.encode()) <= MOST_MESSAGE_BYTES
    assert AttemptReport.model_validate_json(text).end == "failure"


def test_some_containers_never_start() -> None:
    waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": "no such image"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": waiting}]}
    assert never_starts(pods.pod(pods.order(), status=status))
    assert not never_starts(pods.pod(pods.order()))
