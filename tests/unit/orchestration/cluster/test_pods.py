"""Pods are read as the API tells of them."""

import pytest

from quantos.errors import OrchestrationError
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.pods import order_text, read_order
from quantos.orchestration.protocol.rows import Order, RunKey
from tests.support import pods


def test_a_pod_at_its_gate_runs_nothing_yet() -> None:
    pod = pods.pod()
    assert (pod.gated, pod.attempt, pod.kept, pod.over, pod.end) == (True, None, False, False, None)
    assert (pod.run, pod.node, pod.workflow) == (names.run_key(pods.RUN), "train", "run-1")


def test_a_pod_that_was_let_through_holds_its_order() -> None:
    order = pods.order(attempt=3)
    pod = pods.pod(order, status=pods.running(), annotations={names.STOPPED: "1"}, deletionTimestamp=pods.at(5000))
    assert (pod.order, pod.gated, pod.kept, pod.stopped) == (order, False, True, True)
    assert (pod.running_ms, pod.deleting) == (pods.STARTED_MS, 5000)


def test_why_a_container_does_not_start_and_why_a_pod_went_is_kept() -> None:
    waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": "no such image"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": waiting}]}
    assert pods.pod(pods.order(), status=status).waiting == "ErrImageNeverPull: no such image"
    lost = pods.disrupted({"phase": "Failed", "reason": "Evicted", "message": "disk"}, "TerminationByKubelet")
    pod = pods.pod(pods.order(), status=lost)
    assert (pod.disruption, pod.reason) == ("TerminationByKubelet: made room", "Evicted: disk")


def test_of_other_containers_nothing_is_taken() -> None:
    status = pods.ended(0)
    status["containerStatuses"][0]["name"] = "wait"
    assert pods.pod(pods.order(), status=status).end is None


@pytest.mark.parametrize(
    "metadata",
    [{"labels": {}}, {"annotations": {names.ORDER: "{}"}}, {"annotations": {names.ORDER: "no JSON"}}, {"name": None}],
)
def test_a_pod_that_is_none_of_a_runs_is_refused(metadata: dict[str, object]) -> None:
    with pytest.raises(OrchestrationError, match="a pod is none of a run's"):
        pods.pod(**metadata)


@pytest.mark.parametrize(
    ("order", "metadata"),
    [
        (pods.order(run=RunKey("beta", "nightly-1")), {}),
        (pods.order(run=RunKey("research", "nightly-1", 2)), {}),
        (pods.order("fetch"), {}),
        (pods.order(), {"namespace": "jobs-beta"}),
    ],
)
def test_an_order_that_was_given_to_another_pod_is_refused(order: Order, metadata: dict[str, str]) -> None:
    with pytest.raises(OrchestrationError, match="which is not its own"):
        pods.pod(order, **metadata)


def test_an_order_is_read_as_it_was_written() -> None:
    order = pods.order()
    assert read_order(order_text(order)) == order
    with pytest.raises(OrchestrationError, match="the pod holds no order"):
        read_order("{}")
