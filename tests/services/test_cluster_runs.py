"""Workflows and pods of runs, as a real API server takes them: no node runs anything here."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from moto import mock_aws

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.environment.namespaces import job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.kubernetes_runs import KubernetesRuns, PoolNodes
from quantos.orchestration.adapters.kubernetes_watch import Watched
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.pods import AttemptPod, order_text
from quantos.orchestration.cluster.workflow import ClusterSettings
from quantos.orchestration.ledger.amounts import NOTHING
from quantos.orchestration.protocol.effects import Create, Write
from quantos.orchestration.protocol.rows import Message, Order, RunKey, Submission
from services.run_watcher.composition import PodTerms, watching
from tests.support import pods
from tests.support.environments import make_settings
from tests.support.kube_control_plane import WHY_NONE, control_plane
from tests.support.runs import PLACEMENT, terms
from tests.support.telemetry_account import create_table

pytestmark = pytest.mark.services

PATIENCE_SECONDS = 30.0
WORKFLOWS = {
    "metadata": {"name": "workflows.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "names": {"kind": "Workflow", "plural": "workflows", "singular": "workflow"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
SPEC = {"cpu": {"quantos.io/pool": "cpu"}}
TOLERATION = {"key": "quantos.io/spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
REQUEST = SubmissionRequest.model_validate(
    {
        "dag": {
            "version": 1,
            "pipeline_id": "p",
            "slo": {"max_runtime": "1h"},
            "nodes": [{"id": f"n{number}", "kind": "python_task", "image": "kit:1"} for number in range(201)],
        },
        "params": {"submission_id": pods.RUN.submission_id, "env": "dev"},
    }
)
SUBMISSION = Submission(run=pods.RUN, digest=REQUEST.digest(), terms=terms(), estimate=NOTHING, cap=NOTHING)


class OneSpec:
    """A store that holds the request of this test."""

    def put(self, team: str, request: SubmissionRequest) -> None:
        raise AssertionError(team, request)

    def get(self, team: str, digest: str) -> SubmissionRequest:
        assert team
        assert digest == REQUEST.digest()
        return REQUEST


@dataclass
class Case:
    """Runs of a namespace of its own."""

    runs: KubernetesRuns
    core: client.CoreV1Api
    run: RunKey

    @property
    def namespace(self) -> str:
        return job_namespace(self.run.team)

    def order(self, node: str = "train") -> Order:
        """To run an attempt of a node, placed on a pool."""
        asked = pods.order(node, run=self.run)
        return replace(asked, node=replace(asked.node, placement=PLACEMENT))

    def pod(self, node: str = "train") -> AttemptPod:
        """Make a pod as Argo makes it, and return it as it is watched."""
        document = pods.document(name=f"pod-{uuid.uuid4().hex[:8]}", node=node)
        labels = {**document["metadata"]["labels"], names.RUN: names.run_key(self.run)}
        document["metadata"] |= {"namespace": self.namespace, "labels": labels}
        document["metadata"] |= {"finalizers": None, "resourceVersion": None}
        container = {
            "name": "main",
            "image": "kit@sha256:" + "0" * 64,
            "resources": {"limits": {"memory": "64Mi"}},
        }
        document["spec"] |= {"containers": [container], "restartPolicy": "Never"}
        self.core.create_namespaced_pod(self.namespace, pods.without_nulls({**document, "status": None}))
        name = document["metadata"]["name"]
        self.until(lambda: name in {pod.name for pod in self.runs.standing().pods})
        return self.seen(name)

    def seen(self, name: str) -> AttemptPod:
        (pod,) = (pod for pod in self.runs.standing().pods if pod.name == name)
        return pod

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < end, self.runs.standing()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[Path]:
    with control_plane() as running:
        if running is None:
            pytest.skip(WHY_NONE)
        yield running


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(str(kubeconfig)) as connection:
        define_workflows(connection)
        yield connection


def define_workflows(api: client.ApiClient) -> None:
    """Have the server know Workflows; only Argo's own definitions know what is in them."""
    with suppress(ApiException):
        client.ApiextensionsV1Api(api).create_custom_resource_definition(WORKFLOWS)
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(ApiException):
            client.CustomObjectsApi(api).list_cluster_custom_object("argoproj.io", "v1alpha1", "workflows")
            return
        time.sleep(0.1)


@pytest.fixture
def case(api: client.ApiClient) -> Iterator[Case]:
    core = client.CoreV1Api(api)
    run = RunKey(f"t{uuid.uuid4().hex[:8]}", "nightly-1")
    namespace = job_namespace(run.team)
    core.create_namespace({"metadata": {"name": namespace}})
    custom = client.CustomObjectsApi(api)
    watched = {
        "pods": Watched(api, core.list_namespaced_pod, (namespace,), "pods", names.RUN),
        "made": Watched(
            api,
            custom.list_namespaced_custom_object,
            ("argoproj.io", "v1alpha1", namespace, "workflows"),
            "Workflows",
            names.RUN,
        ),
    }
    runs = KubernetesRuns(
        client=api,
        specs=OneSpec(),
        settings=lambda submission: ClusterSettings(
            namespace=namespace, service_account="runs", image="runner@sha256:" + "0" * 64, variables={}
        ),
        pools={"cpu": PoolNodes(labels=SPEC["cpu"], tolerations=(TOLERATION,))},
        pinned=lambda image: f"{image}@sha256:{'1' * 64}",
        pods=[watched["pods"]],
        made=[watched["made"]],
    )
    for each in watched.values():
        each.start()
    yield Case(runs, core, run)
    for each in watched.values():
        each.stop()
    for pod in runs.standing().pods:
        core.patch_namespaced_pod(pod.name, namespace, {"metadata": {"finalizers": None}})
    core.delete_namespace(namespace, grace_period_seconds=0)


def raw(case: Case, name: str) -> dict[str, Any]:
    document = case.core.read_namespaced_pod(name, case.namespace)
    read = case.runs.client.sanitize_for_serialization(document)
    assert isinstance(read, dict)
    return read


def test_a_run_of_201_nodes_is_two_workflows_made_once(case: Case) -> None:
    remaining = frozenset(node.id for node in REQUEST.dag.nodes)
    for _ in range(2):
        case.runs.make(replace(SUBMISSION, run=case.run), remaining, 1)
    case.until(lambda: len(case.runs.standing().workflows) == 2)
    workflows = case.runs.standing().workflows
    assert {(each.of, each.generation, each.over) for each in workflows} == {(case.run, 1, False)}
    case.runs.end(workflows[0])
    case.until(lambda: [each.over for each in case.runs.standing().workflows].count(True) == 1)


def test_a_pod_goes_through_its_gate_once_with_all_that_it_is_asked_for(case: Case) -> None:
    waiting = case.pod()
    assert (waiting.gated, waiting.order) == (True, None)
    case.runs.lift(waiting, case.order())
    case.until(lambda: not case.seen(waiting.name).gated)
    lifted = case.seen(waiting.name)
    assert (lifted.order, lifted.kept) == (case.order(), True)
    spec = raw(case, waiting.name)["spec"]
    assert spec["nodeSelector"] == SPEC["cpu"]
    assert TOLERATION in spec["tolerations"]
    assert len(spec["tolerations"]) == 3
    assert spec["activeDeadlineSeconds"] == 60 + 3600
    case.runs.lift(waiting, replace(case.order(), inputs=(case.order("fetch").node.last_attempt,)))
    assert case.seen(waiting.name).order == case.order()


def test_a_pod_that_is_removed_stays_until_it_is_freed(case: Case) -> None:
    waiting = case.pod()
    case.runs.lift(waiting, case.order())
    case.until(lambda: not case.seen(waiting.name).gated)
    case.runs.remove(case.seen(waiting.name), stopped=True)
    case.until(lambda: case.seen(waiting.name).deleting is not None)
    assert case.seen(waiting.name).stopped
    case.runs.free(case.seen(waiting.name))
    case.until(lambda: case.runs.standing().pods == ())
    case.runs.free(waiting)
    case.runs.remove(waiting, stopped=False)


def test_one_that_changed_meanwhile_is_neither_let_through_nor_removed_as_stopped(case: Case) -> None:
    waiting = case.pod()
    case.core.patch_namespaced_pod(waiting.name, case.namespace, {"metadata": {"labels": {"other": "writer"}}})
    case.runs.lift(waiting, case.order())
    case.runs.remove(waiting, stopped=True)
    assert (raw(case, waiting.name)["spec"].get("schedulingGates") is None, case.seen(waiting.name).kept) == (
        False,
        False,
    )


def test_a_pool_that_the_cluster_has_not_is_an_error(case: Case) -> None:
    with pytest.raises(OrchestrationError, match="was placed on no pool of this cluster"):
        case.runs.lift(case.pod(), pods.order(run=case.run))


def test_a_refusal_says_what_was_tried_and_why(case: Case) -> None:
    case.core.delete_namespace(case.namespace, grace_period_seconds=0)
    with pytest.raises(OrchestrationError, match=r"a Workflow of .*/nightly-1/1 cannot be made: 40[34]"):
        case.runs.make(replace(SUBMISSION, run=case.run), frozenset({"n0"}), 1)


def test_what_the_topic_asks_of_a_run_that_was_accepted_becomes_its_workflows(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = make_settings()
    place = PodTerms(service_account="runs", images={"kit:1": "kit@sha256:1"}, runner="runner", variables={})
    with mock_aws():
        rows = accepted(settings)
        for team in settings.platform.teams:
            with suppress(ApiException):
                case.core.create_namespace({"metadata": {"name": job_namespace(team)}})
        with watching(settings, place, client=case.runs.client, sender=Nobody()) as watcher:
            (node,) = rows.load_nodes(pods.RUN, REQUEST.digest())
            watcher.take(Create(Order(node=node, inputs=())))
            watcher.step(now_ms=pods.STARTED_MS)
            until = time.monotonic() + PATIENCE_SECONDS
            while not (made := watcher.cluster.standing().workflows) and time.monotonic() < until:
                time.sleep(0.05)
    assert [(each.of, each.generation) for each in made] == [(pods.RUN, 1)]


class Nobody:
    """Hears nothing."""

    def send(self, message: Message) -> None:
        raise AssertionError(message)


def accepted(settings: EnvironmentSettings) -> DynamoRows:
    """The rows of a run whose first node is claimed, the only one that has not succeeded, and what was submitted."""
    names, region = settings.names(), settings.region
    create_table(names.orchestration_table, region=region)
    store = boto3.client("s3", region)
    store.create_bucket(Bucket=names.bucket("artifacts"))
    S3Specs(S3Objects(store, names.bucket("artifacts"))).put(pods.RUN.team, REQUEST)
    rows = DynamoRows(client=boto3.client("dynamodb", region), table=names.orchestration_table)
    rows.commit([Write(SUBMISSION, new=True)], [])
    rows.put_nodes([replace(pods.order("n0").node, digest=REQUEST.digest())])
    return rows


def test_a_pod_of_anybody_else_is_left_out_and_holds_up_none(case: Case) -> None:
    forged = order_text(pods.order(run=RunKey("other", "nightly-1")))
    mine = case.pod()
    patch = {"metadata": {"annotations": {names.ORDER: forged}}}
    other = case.pod("fetch")
    case.core.patch_namespaced_pod(other.name, case.namespace, patch)
    case.until(lambda: [pod.name for pod in case.runs.standing().pods] == [mine.name])
    case.runs.make(replace(SUBMISSION, run=case.run), frozenset({"n0"}), 1)
    case.until(lambda: len(case.runs.standing().workflows) == 1)
    (made,) = case.runs.standing().workflows
    custom = client.CustomObjectsApi(case.runs.client)
    foreign = {"metadata": {"annotations": {names.RUN: "other/nightly-1/1"}}}
    custom.patch_namespaced_custom_object("argoproj.io", "v1alpha1", case.namespace, "workflows", made.name, foreign)
    case.until(lambda: case.runs.standing().workflows == ())
