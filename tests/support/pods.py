"""Pods of attempts for tests, as the Kubernetes API tells of them."""

from datetime import UTC, datetime
from typing import Any

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.pods import AttemptPod, order_text, read_pod
from quantos.orchestration.protocol.rows import Node, Order, RunKey

RUN = RunKey("research", "nightly-1")
STARTED_MS = 1_790_000_000_000


def order(node: str = "train", attempt: int = 1, *, run: RunKey = RUN) -> Order:
    """To run an attempt of two cores."""
    claimed = Node(
        run=run,
        digest="d" * 64,
        id=node,
        upstream=(),
        requests=Requests(cpu="2", mem="1Gi", gpu=0),
        expected_ms=1000,
        max_attempts=2,
        attempt=attempt,
        state="claimed",
        limit_ms=60_000,
    )
    return Order(node=claimed, inputs=())


def at(milliseconds: int) -> str:
    """A moment as the API writes it, to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(
    asked: Order | None = None,
    *,
    name: str = "pod-1",
    node: str = "train",
    status: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A pod that waits at its gate, or was asked for something."""
    annotations = {names.RUN: str(RUN), names.NODE: node}
    if asked is not None:
        annotations[names.ORDER] = order_text(asked)
    return {
        "metadata": {
            "name": name,
            "namespace": "jobs-research",
            "resourceVersion": "7",
            "labels": {names.RUN: names.run_key(RUN), "workflows.argoproj.io/workflow": "run-1"},
            "finalizers": [] if asked is None else [names.KEPT],
            **metadata,
            "annotations": {**annotations, **metadata.get("annotations", {})},
        },
        "spec": {"schedulingGates": [{"name": names.CLAIM_GATE}] if asked is None else None},
        "status": status or {"phase": "Pending"},
    }


def pod(asked: Order | None = None, **more: Any) -> AttemptPod:
    """The same, read."""
    return read_pod(without_nulls(document(asked, **more)))


def without_nulls(value: Any) -> Any:
    """A document as the API sends it: what has no value is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def ended(exit_code: int, *, message: str = "", seconds: int = 10, phase: str = "", **more: Any) -> dict[str, Any]:
    """The status of a pod whose container has ended, with what else is said of the end."""
    terminated = {
        "exitCode": exit_code,
        "reason": "Completed" if exit_code == 0 else "Error",
        "message": message,
        "startedAt": at(STARTED_MS),
        "finishedAt": at(STARTED_MS + seconds * 1000),
        **more,
    }
    return {
        "phase": phase or ("Succeeded" if exit_code == 0 else "Failed"),
        "containerStatuses": [{"name": "main", "state": {"terminated": terminated}}],
    }


def running() -> dict[str, Any]:
    """The status of a pod whose container runs."""
    state = {"running": {"startedAt": at(STARTED_MS)}}
    return {"phase": "Running", "containerStatuses": [{"name": "main", "state": state}]}


def disrupted(status: dict[str, Any], reason: str) -> dict[str, Any]:
    """A status with the condition that says who took the pod away."""
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "made room"}
    return {**status, "conditions": [condition]}
