"""A cluster as runs use it: Workflows and pods, by the cluster's API."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi
from kubernetes.client.exceptions import ApiException
from pydantic import BaseModel, Field, JsonValue

from quantos.environment.namespaces import job_namespace
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.kubernetes_watch import KUBERNETES, Watched
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.pods import AttemptPod, order_text, read_pod
from quantos.orchestration.cluster.reconcile import Cluster, RunWorkflow
from quantos.orchestration.cluster.workflow import ClusterRun, ClusterSettings, workflows
from quantos.orchestration.protocol.rows import Order, RunKey, Submission
from quantos.orchestration.submission.ports import SpecStore
from quantos.translation import translated

ReadT = TypeVar("ReadT")
GROUP, VERSION, PLURAL = "argoproj.io", "v1alpha1", "workflows"
STOP_GRACE_SECONDS: Final = 30
DEADLINE_SLACK_SECONDS: Final = 3600
"""Beyond an attempt's own limit, pulling its image included; then the kubelet ends what does not end itself."""

_LOGGER: Final = logging.getLogger(__name__)
_OVER: Final = frozenset({"Succeeded", "Failed", "Error"})
_THERE: Final = frozenset({int(HTTPStatus.CONFLICT)})
_GONE: Final = frozenset({int(HTTPStatus.NOT_FOUND)})
_CHANGED: Final = frozenset({*_THERE, *_GONE, int(HTTPStatus.UNPROCESSABLE_ENTITY)})
"""That a pod is not what it was: gone, or on another version than a patch is for."""


@dataclass(frozen=True, kw_only=True)
class PoolNodes:
    """Which nodes a pool's are, and which of their taints what is meant for them tolerates."""

    labels: Mapping[str, str]
    tolerations: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class KubernetesRuns:
    """A RunCluster. Each call raises OrchestrationError.

    Attributes:
        client: of the cluster.
        specs: what was submitted.
        settings: what is told to pods of a run.
        pools: nodes by pool.
        pinned: the image that one stands for, by digest.
    """

    client: ApiClient
    specs: SpecStore
    settings: Callable[[Submission], ClusterSettings]
    pools: Mapping[str, PoolNodes]
    pinned: Callable[[str], str]
    pods: Sequence[Watched]
    made: Sequence[Watched]

    def standing(self) -> Cluster:
        """How it stood a moment ago; objects that are none of runs', whoever made them, are told and left out."""
        return Cluster(pods=tuple(_read(read_pod, self.pods)), workflows=tuple(_read(_read_workflow, self.made)))

    def make(self, submission: Submission, remaining: frozenset[str], generation: int) -> None:
        """Make the Workflows of a generation. Key: their names; what is there stays."""
        request = self.specs.get(submission.run.team, submission.digest)
        images = {node.image for node in request.dag.nodes if node.image is not None}
        run = ClusterRun(
            run=submission.run,
            digest=submission.digest,
            job_class=submission.terms.job_class,
            request=request,
            images={image: self.pinned(image) for image in sorted(images)},
            remaining=remaining,
            generation=generation,
        )
        settings = self.settings(submission)
        for workflow in workflows(run, settings):
            body = json.loads(workflow.model_dump_json(by_alias=True, exclude_none=True))
            with _asking(f"a Workflow of {submission.run} cannot be made", accepted=_THERE):
                self._custom.create_namespaced_custom_object(GROUP, VERSION, settings.namespace, PLURAL, body)

    def lift(self, pod: AttemptPod, order: Order) -> None:
        """Let a pod through its gate, with what it is asked for; nothing where it is another by now."""
        placement = order.node.placement
        pool = self.pools.get("" if placement is None else placement.chosen.pool)
        if pool is None:
            raise OrchestrationError(
                f"{order.node.last_attempt} was placed on no pool of this cluster",
                remedy="bring the platform layer up with the environment's pools",
            )
        with _asking(f"{pod.name} cannot be let through", accepted=_CHANGED):
            self._core.patch_namespaced_pod(pod.name, pod.namespace, _through_gate(pod, order, pool))

    def remove(self, pod: AttemptPod, *, stopped: bool) -> None:
        """Have a pod end, after the grace that it has."""
        with _asking(f"{pod.name} cannot be removed", accepted=_CHANGED):
            if stopped:
                marked = {"metadata": {"resourceVersion": pod.version, "annotations": {names.STOPPED: "1"}}}
                self._core.patch_namespaced_pod(pod.name, pod.namespace, marked)
            self._core.delete_namespaced_pod(pod.name, pod.namespace, grace_period_seconds=STOP_GRACE_SECONDS)

    def free(self, pod: AttemptPod) -> None:
        """Keep a pod no longer."""
        body = {"metadata": {"$deleteFromPrimitiveList/finalizers": [names.KEPT]}}
        with _asking(f"{pod.name} cannot be freed", accepted=_CHANGED):
            self._core.patch_namespaced_pod(pod.name, pod.namespace, body)

    def end(self, workflow: RunWorkflow) -> None:
        """Have Argo make no more pods for a Workflow, and remove those that wait."""
        body = {"spec": {"shutdown": "Stop"}}
        with _asking(f"{workflow.name} cannot be ended", accepted=_GONE):
            self._custom.patch_namespaced_custom_object(GROUP, VERSION, workflow.namespace, PLURAL, workflow.name, body)

    @property
    def _core(self) -> CoreV1Api:
        return CoreV1Api(self.client)

    @property
    def _custom(self) -> CustomObjectsApi:
        return CustomObjectsApi(self.client)


def _read(read: Callable[[JsonValue], ReadT], watched: Sequence[Watched]) -> Iterator[ReadT]:
    for document in (document for each in watched for document in each.objects()):
        try:
            yield read(document)
        except OrchestrationError as error:
            _LOGGER.warning("left out: %s", error.what)


def _through_gate(pod: AttemptPod, order: Order, pool: PoolNodes) -> list[dict[str, JsonValue]]:
    """What changes of a pod that is let through, all or nothing, on the version that was read."""
    seconds = -(-order.node.limit_ms // 1000) + DEADLINE_SLACK_SECONDS
    annotation = names.ORDER.replace("/", "~1")
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": pod.version},
        {"op": "add", "path": f"/metadata/annotations/{annotation}", "value": order_text(order)},
        *_appended("/metadata/finalizers", [names.KEPT], is_there=pod.has_finalizers),
        {"op": "add", "path": "/spec/nodeSelector", "value": dict(pool.labels)},
        *_appended("/spec/tolerations", list(map(dict, pool.tolerations)), is_there=pod.has_tolerations),
        {"op": "add", "path": "/spec/activeDeadlineSeconds", "value": seconds},
        {"op": "remove", "path": "/spec/schedulingGates"},
    ]


def _appended(path: str, values: Sequence[JsonValue], *, is_there: bool) -> list[dict[str, JsonValue]]:
    if not is_there:
        return [{"op": "add", "path": path, "value": list(values)}] if values else []
    return [{"op": "add", "path": f"{path}/-", "value": value} for value in values]


def _read_workflow(document: JsonValue) -> RunWorkflow:
    try:
        read = _Workflow.model_validate(document)
        of = _run_of(read.metadata)
        generation = int(read.metadata.labels[names.GENERATION])
    except (ValueError, KeyError) as exc:
        raise OrchestrationError(
            f"a Workflow is none of a run's: {exc}", remedy="see who makes Workflows with the label quantos.io/run"
        ) from exc
    return RunWorkflow(
        namespace=read.metadata.namespace,
        name=read.metadata.name,
        run=names.run_key(of),
        of=of,
        generation=generation,
        over=read.status.phase in _OVER or read.metadata.deletion_timestamp is not None or read.spec.shutdown != "",
    )


class _Metadata(BaseModel):
    name: str
    namespace: str
    labels: dict[str, str]
    annotations: dict[str, str]
    deletion_timestamp: str | None = Field(default=None, alias="deletionTimestamp")


class _Spec(BaseModel):
    shutdown: str = ""


class _Status(BaseModel):
    phase: str = ""


class _Workflow(BaseModel):
    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()


def _run_of(metadata: _Metadata) -> RunKey:
    """The run that a Workflow says it is of, which is one of the namespace's team. Raises ValueError, KeyError."""
    team, submission_id, run = metadata.annotations[names.RUN].split("/")
    if job_namespace(team) != metadata.namespace:
        raise ValueError(f"{team} is not the team of {metadata.namespace}")
    return RunKey(team, submission_id, int(run))


@contextmanager
def _asking(what: str, *, accepted: frozenset[int]) -> Iterator[None]:
    """For a request whose refusal by one of some statuses changes nothing."""
    try:
        with translated(
            KUBERNETES,
            into=OrchestrationError,
            what=what,
            remedy="check that the cluster's API answers, and what this account may do in the namespace",
        ):
            yield
    except OrchestrationError as error:
        cause = error.__cause__
        if not isinstance(cause, ApiException) or cause.status not in accepted:
            raise
