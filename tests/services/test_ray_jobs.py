"""The two kinds of programs on their real engines, each by its engine's own evidence; Ray's jobs end as asked."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.kubernetes.compute.ray_cluster import RAY_VERSION
from quantos.orchestration.attempt.folder import folder_of
from quantos.orchestration.attempt.ray_head import RayHead, RayHeads
from quantos.orchestration.attempt.ray_jobs import ids_in, job_id_of
from quantos.orchestration.protocol.rows import Finished, Order
from quantos.orchestration.tracing.identity import span_id, trace_id
from sandbox.engine.cache import cache_of
from sandbox.execution.images import Images
from tests.support.executors import ExecutorCase, client_of, give_input, order_of, own_account, put_request
from tests.support.span_receiver import SpanReceiver, span_receiver

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
SECONDS = 400.0
FEATURES = {
    "id": "compute_features", "kind": "python_task", "image": "ghcr.io/archetype/feature-kit:0.3.2",
    "env": {"FEATURE_VIEW": "xs_v2"}, "ins": ["dataset_uri"], "outs": ["feature_table"],
}  # fmt: skip
TRAIN = {
    "id": "train_model", "kind": "ray_job", "image": "ghcr.io/archetype/trainers:0.8.1",
    "params": {"trainer": "bilstm", "epochs": 3}, "ins": ["feature_table"], "outs": ["model_uri", "metrics_json"],
}  # fmt: skip
FETCH = {"id": "fetch_data", "kind": "python_task", "image": "a:1", "outs": ["dataset_uri"]}
EDGES = [{"from": "fetch_data", "to": "compute_features"}, {"from": "compute_features", "to": "train_model"}]
ASKED = {"cpu": "8", "mem": "32Gi", "gpu": 1}


@pytest.fixture(scope="module")
def spans() -> Iterator[SpanReceiver]:
    with span_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory, spans: SpanReceiver) -> Iterator[ExecutorCase]:
    """One executor, with the user's own cache of environments, and so one Ray."""
    with own_account(cache_of(os.environ).root.parents[1]) as environ:
        state = tmp_path_factory.mktemp("state")
        case = ExecutorCase(state, client_of(environ), environ, otlp_endpoint=spans.endpoint)
        yield case
        case.close()
        assert RayHeads(state).running() is None


@pytest.fixture(scope="module")
def features(executor: ExecutorCase, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The features of some bars, computed."""
    file = tmp_path_factory.mktemp("bars") / "bars.parquet"
    rng = np.random.default_rng(0)
    days, symbols = np.datetime64("2026-01-01") + np.arange(120), [f"S{number:02}" for number in range(20)]
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (len(days), len(symbols))), axis=0))
    columns = {"day": np.repeat(days, len(symbols)).astype(str), "symbol": symbols * len(days)}
    pq.write_table(pa.table({**columns, "close": close.ravel(), "volume": rng.lognormal(10, 1, close.size)}), file)
    give_input(executor, "fetch_data", "dataset_uri", file=file)
    (finished,) = executor.ended(_order(executor, "compute_features"), seconds=SECONDS)
    return finished


def _order(executor: ExecutorCase, node: str, *, attempt: int = 1, **params: object) -> Order:
    train = {**TRAIN, "params": {**TRAIN["params"], **params}}
    digest = put_request(executor, FETCH, FEATURES, train, edges=EDGES)
    inputs = {"compute_features": ["fetch_data"], "train_model": ["compute_features"]}[node]
    return order_of(digest, node, inputs=inputs, attempt=attempt, limit_ms=300_000, requests=ASKED)


def _head(executor: ExecutorCase) -> RayHead:
    head = RayHeads(executor.state).running()
    assert head is not None
    return head


def test_a_python_task_runs_on_the_python_that_says_so(executor: ExecutorCase, features: Finished) -> None:
    assert (features.end, features.detail) == ("succeeded", "")
    assert features.evidence.startswith(f"CPython {sys.version.split()[0]} real environment feature-kit-")
    assert "rows of features by xs_v2" in executor.log(_order(executor, "compute_features"))


@pytest.mark.usefixtures("features")
def test_what_a_program_imports_was_compiled_when_its_environment_was_built(executor: ExecutorCase) -> None:
    environment = Images(executor.environ).environment(str(FEATURES["image"]))
    (numpy,) = environment.folder.glob("venv/lib/python*/site-packages/numpy")
    compiled = {path.name.partition(".")[0] for path in (numpy / "__pycache__").glob("*.pyc")}
    assert {path.stem for path in numpy.glob("*.py")} <= compiled


def test_a_job_that_never_began_is_told_by_its_submission_alone() -> None:
    assert ids_in({"job_id": None, "submission_id": "quantos-1"}) == ("submission quantos-1",)
    assert ids_in({"job_id": "02000000", "submission_id": "quantos-1"}) == ("job 02000000", "submission quantos-1")


@pytest.mark.usefixtures("features")
def test_a_ray_job_is_a_job_of_rays_own_list(executor: ExecutorCase) -> None:
    order = _order(executor, "train_model")
    (finished,) = executor.ended(order, seconds=SECONDS)
    assert (finished.end, finished.detail) == ("succeeded", "")
    listed = _head(executor).call("GET", f"/api/jobs/{job_id_of(str(order.node.last_attempt))}")
    assert (listed["status"], listed["metadata"]) == ("SUCCEEDED", {"attempt": str(order.node.last_attempt)})
    assert finished.evidence.startswith(f"ray {RAY_VERSION} real job {listed['job_id']}; submission quantos-")
    assert "resources scaled by 0.25: 2 cores; 1 GPU simulated" in finished.evidence
    metrics = json.loads(executor.body(executor.outputs(order)["metrics_json"].uri.removeprefix("s3://artifacts/")))
    assert metrics["ray"] == {"version": RAY_VERSION, "job_id": listed["job_id"]}
    assert [point["epoch"] for point in metrics["loss"]] == [1, 2, 3]
    assert "epoch 3: train" in executor.log(order)
    asked = finished.ended_ms - (finished.started_ms or 0)
    assert [sum(getattr(amount, of) for _, amount in finished.used) for of in ("cpu_ms", "gpu_ms")] == [
        8 * asked,
        asked,
    ]


@pytest.mark.usefixtures("features")
def test_the_same_table_and_seed_give_the_same_model(executor: ExecutorCase) -> None:
    orders = [_order(executor, "train_model", attempt=number) for number in (2, 3)]
    executor.ended(*orders, seconds=SECONDS)
    hashes = {executor.outputs(order)["model_uri"].hash for order in orders}
    assert len(hashes) == 1


@pytest.mark.usefixtures("features")
def test_spans_of_programs_and_of_rays_tasks_are_below_their_attempts(
    executor: ExecutorCase, spans: SpanReceiver
) -> None:
    order = _order(executor, "train_model", attempt=4)
    executor.ended(order, seconds=SECONDS)
    run = [span for span in spans.spans if span.trace_id.hex() == trace_id(str(order.node.run))]
    by_id = {span.span_id.hex(): span for span in run}
    attempt = span_id(str(order.node.last_attempt))
    (top,) = [span for span in run if span.parent_span_id.hex() == attempt]
    assert top.name == "train"
    tasks = [span for span in run if span.name == "learn shard" and _top(span, by_id) == attempt]
    assert len(tasks) == 3 * 2
    features = span_id("alpha/bt-1/1/compute_features/1")
    assert {span.name for span in run if _top(span, by_id) == features} == {"features", "read bars", "compute"}


def _top(span: Span, by_id: dict[str, Span]) -> str:
    """The parent of the last ancestor that came."""
    parent = span.parent_span_id.hex()
    return _top(by_id[parent], by_id) if parent in by_id else parent


@pytest.mark.usefixtures("features")
def test_a_job_that_is_stopped_is_cancelled(executor: ExecutorCase) -> None:
    order = _begun(executor, attempt=5)
    executor.attempts.stop(order.node.last_attempt)
    (finished,) = executor.ended(order, seconds=SECONDS)
    assert finished.end == "cancelled"
    assert _status(executor, order) == "STOPPED"


@pytest.mark.usefixtures("features")
def test_a_job_whose_worker_is_killed_is_stopped_and_ray_goes_on(executor: ExecutorCase) -> None:
    order, head = _begun(executor, attempt=6), _head(executor)
    claim = folder_of(executor.state, str(order.node.last_attempt)).claimed()
    assert claim is not None
    assert claim.process is not None
    os.kill(claim.process.pid, signal.SIGKILL)
    (finished,) = executor.ended(order, seconds=SECONDS)
    assert finished.end == "infrastructure"
    executor.run(lambda: _status(executor, order) == "STOPPED")
    assert _head(executor) == head


@pytest.mark.usefixtures("features")
def test_a_param_that_is_unknown_fails_with_the_programs_words(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(_order(executor, "train_model", attempt=7, epoch=3), seconds=SECONDS)
    assert finished.end == "failure"
    assert "the param epoch is unknown" in finished.detail


def _begun(executor: ExecutorCase, *, attempt: int) -> Order:
    order = _order(executor, "train_model", attempt=attempt, epochs=100_000)
    executor.attempts.create(order)
    log: Path = folder_of(executor.state, str(order.node.last_attempt)).log
    executor.run(lambda: log.exists() and "epoch 1:" in log.read_text(), seconds=SECONDS)
    return order


def _status(executor: ExecutorCase, order: Order) -> object:
    return _head(executor).call("GET", f"/api/jobs/{job_id_of(str(order.node.last_attempt))}")["status"]
