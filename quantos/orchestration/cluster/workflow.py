"""What a run becomes in a cluster: Workflows whose pods wait at a gate until the ledger has claimed what they run.

Argo makes the pods in order, starts the next one where one was lost, and shows it all; what may run, where and for how
long is the ledger's to say, pod by pod. A definition of Argo takes 200 tasks: a larger run is several Workflows, and
what runs before what in another part of it is kept by the gate alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import networkx as nx
from hera.workflows.models import (
    Arguments,
    Backoff,
    Container,
    DAGTask,
    DAGTemplate,
    EnvVar,
    Inputs,
    Metadata,
    ObjectMeta,
    Parameter,
    PodGC,
    RetryStrategy,
    Template,
    TTLStrategy,
    Workflow,
    WorkflowSpec,
)

from quantos.contracts.dag.graph import graph_of
from quantos.contracts.dag.spec import JobClass, Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.pod_shape import (
    CONTAINER_SECURITY,
    POD_NAME,
    POD_VOLUMES,
    VOLUME_MOUNTS,
    container_resources,
    pod_security,
)
from quantos.orchestration.protocol.rows import ATTEMPTS, RunKey
from quantos.units import DAY_SECONDS

MOST_TASKS: Final = 200
"""Of a Workflow, by the full definitions of Argo 4.0 and 4.1 (`workflow_types.go`, MaxItems of `tasks`)."""

_RUN, _ATTEMPT = "run", "attempt"
_NODE, _IMAGE, _RESOURCES = "node", "image", "resources"
_LONGEST_SECONDS: Final = 400 * DAY_SECONDS
"""Argo counts the time in which a run waits, so that its own deadline is none: attempts have theirs."""

_KEPT_SECONDS: Final = DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """What is told to every pod of runs.

    Attributes:
        namespace: of the team's jobs.
        service_account: of the team and the run's class.
        image: of what runs attempts, by digest: of nodes that have no image of their own.
        variables: of the process environment of what runs attempts; programs do not get them.
        user: id of the user and the group.
    """

    namespace: str
    service_account: str
    image: str
    variables: Mapping[str, str]
    user: int = 65532


@dataclass(frozen=True, kw_only=True)
class ClusterRun:
    """A run to be compiled.

    Attributes:
        images: the image that each one that a DAG names stands for, by digest.
        remaining: ids of the nodes that have not succeeded; the others are left out.
        generation: counts from 1: another follows where the Workflows before it ended and nodes did not.
    """

    run: RunKey
    digest: str
    job_class: JobClass
    request: SubmissionRequest
    images: Mapping[str, str]
    remaining: frozenset[str]
    generation: int = 1


def workflows(run: ClusterRun, settings: ClusterSettings) -> list[Workflow]:
    """The Workflows of a run, one for each 200 nodes in an order in which they can run."""
    return [_workflow(run, settings, part=number, nodes=part) for number, part in enumerate(_parts(run), 1) if part]


def _parts(run: ClusterRun) -> Iterator[Sequence[str]]:
    """What is left of each part: a node is of the same part in every generation."""
    dag = run.request.dag
    arrows = [(edge.source, edge.target) for edge in dag.edges]
    places = {node.id: place for place, node in enumerate(dag.nodes)}
    order = list(nx.lexicographical_topological_sort(graph_of(places, arrows), key=places.__getitem__))
    for start in range(0, len(order), MOST_TASKS):
        yield [node for node in order[start : start + MOST_TASKS] if node in run.remaining]


def _workflow(run: ClusterRun, settings: ClusterSettings, *, part: int, nodes: Sequence[str]) -> Workflow:
    labels = _labels(run)
    return Workflow(
        api_version="argoproj.io/v1alpha1",
        kind="Workflow",
        metadata=ObjectMeta(
            name=names.workflow_name(run.run, run.generation, part),
            namespace=settings.namespace,
            labels={**labels, names.GENERATION: str(run.generation)},
            annotations={
                names.RUN: str(run.run),
                names.DIGEST: run.digest,
                names.SUBMISSION: run.run.submission_id,
            },
        ),
        spec=WorkflowSpec(
            entrypoint=_RUN,
            service_account_name=settings.service_account,
            active_deadline_seconds=_LONGEST_SECONDS,
            ttl_strategy=TTLStrategy(seconds_after_completion=_KEPT_SECONDS),
            pod_gc=PodGC(strategy="OnWorkflowCompletion"),
            pod_metadata=Metadata(labels=labels, annotations={names.RUN: str(run.run)}),
            pod_spec_patch=json.dumps({"schedulingGates": [{"name": names.CLAIM_GATE}]}),
            security_context=pod_security(settings.user),
            volumes=POD_VOLUMES,
            templates=[_dag(run, settings, nodes), _attempt(run, settings)],
        ),
    )


def _labels(run: ClusterRun) -> dict[str, str]:
    return {names.RUN: names.run_key(run.run), names.TEAM: run.run.team, names.JOB_CLASS: run.job_class}


def _dag(run: ClusterRun, settings: ClusterSettings, nodes: Sequence[str]) -> Template:
    dag, here = run.request.dag, set(nodes)
    stated = {node.id: node for node in dag.nodes}
    upstream: dict[str, list[str]] = {node: [] for node in nodes}
    for edge in dag.edges:
        if edge.target in here and edge.source in here:
            upstream[edge.target].append(names.task_name(edge.source))
    tasks = [
        DAGTask(
            name=names.task_name(node),
            template=_ATTEMPT,
            dependencies=upstream[node] or None,
            arguments=_arguments(
                node,
                image=run.images.get(stated[node].image or "", settings.image),
                requests=dag.requests(stated[node]),
            ),
        )
        for node in nodes
    ]
    return Template(name=_RUN, dag=DAGTemplate(tasks=tasks, fail_fast=False))


def _arguments(node: str, *, image: str, requests: Requests) -> Arguments:
    values = {_NODE: node, _IMAGE: image, _RESOURCES: json.dumps(container_resources(requests), sort_keys=True)}
    return Arguments(parameters=[Parameter(name=name, value=value) for name, value in values.items()])


def _attempt(run: ClusterRun, settings: ClusterSettings) -> Template:
    """One attempt of any node. Argo makes the next pod however one ended; whether it may run is not Argo's to say."""
    most = run.request.dag.slo.retry.max_attempts + sum(ATTEMPTS.values())
    variables = {**settings.variables, "QUANTOS_IMAGE": f"{{{{inputs.parameters.{_IMAGE}}}}}"}
    patch = '{"containers": [{"name": "main", "resources": {{inputs.parameters.resources}}}]}'
    return Template(
        name=_ATTEMPT,
        inputs=Inputs(parameters=[Parameter(name=name) for name in (_NODE, _IMAGE, _RESOURCES)]),
        metadata=Metadata(annotations={names.NODE: f"{{{{inputs.parameters.{_NODE}}}}}"}),
        retry_strategy=RetryStrategy(
            limit=str(most), retry_policy="Always", backoff=Backoff(duration="1s", factor="2", cap="1m")
        ),
        pod_spec_patch=patch,
        container=Container(
            image=f"{{{{inputs.parameters.{_IMAGE}}}}}",
            command=["python3", "-m", "services.task_runner"],
            env=[*(EnvVar(name=name, value=value) for name, value in sorted(variables.items())), POD_NAME],
            volume_mounts=VOLUME_MOUNTS,
            security_context=CONTAINER_SECURITY,
        ),
    )
