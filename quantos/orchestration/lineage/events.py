"""What became of an attempt, as OpenLineage 2-0-2 tells it: START, then COMPLETE, FAIL or ABORT; OTHER while it waits.

Key of an event: its run's id and its type. Each is a function of rows and messages that do not change any more, so that
saying it again says the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    JobFacet,
    RunFacet,
    dataset_version_dataset,
    error_message_run,
    job_dependencies_run,
    job_type_job,
    parent_run,
)

from quantos.contracts.dag import spec
from quantos.contracts.dag.outputs import Output, Outputs
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.facets import (
    ATTEMPT,
    CONTENT,
    ENGINE,
    PRODUCER,
    WAITING,
    AttemptRunFacet,
    ContentDatasetFacet,
    EngineRunFacet,
    WaitingRunFacet,
)
from quantos.orchestration.lineage.names import Naming, job_name
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Node, Started, Submission

Waiting: TypeAlias = Literal["quota", "approval", "capacity", "data", "upstream"]
_STATES: Final[Mapping[str, RunState]] = {
    "succeeded": RunState.COMPLETE,
    "cancelled": RunState.ABORT,
    "preempted": RunState.ABORT,
}
"""Every other end is FAIL."""
_LANGUAGES: Final = {"trino_sql": "SQL"}
"""Of what failed, by kind of node; everything else is a program in Python."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What is known of a run.

    Attributes:
        nodes: by id, as they are now.
        outputs: what attempts gave: those that others took, and one's own where it has ended.
        reads: by node, tables of the lake that it reads beside.
    """

    submission: Submission
    nodes: Mapping[str, Node]
    dag: spec.DagSpec
    outputs: Mapping[AttemptKey, Outputs]
    reads: Mapping[str, Sequence[Output]]
    naming: Naming


def waits(facts: RunFacts, attempt: AttemptKey, *, reason: Waiting, at_ms: int) -> RunEvent:
    """An attempt that is next waits since `at_ms`."""
    facets: dict[str, RunFacet] = {WAITING: WaitingRunFacet(reason, producer=PRODUCER)}
    return _event(facts, attempt, state=RunState.OTHER, at_ms=at_ms, facets=facets)


def starts(facts: RunFacts, message: Started) -> RunEvent:
    """An attempt runs. Raises OrchestrationError where what it took is not known."""
    return _event(facts, message.attempt, state=RunState.START, at_ms=message.at_ms, facets={})


def ends(facts: RunFacts, message: Finished) -> tuple[RunEvent, RunEvent]:
    """An attempt runs no more: its START, as `starts` has it, and its end.

    One that never ran starts as it ends, for each run has one START. Raises OrchestrationError where what it took or
    gave is not known.
    """
    ran = message.started_ms is not None
    start = Started(message.attempt, message.ended_ms if message.started_ms is None else message.started_ms)
    state = _STATES.get(message.end, RunState.FAIL)
    facets: dict[str, RunFacet] = {
        ENGINE: EngineRunFacet(message.evidence, message.end, ran, producer=PRODUCER),
    }
    if state is not RunState.COMPLETE:
        language = _LANGUAGES.get(_stated(facts, message.attempt.node).kind, "PYTHON")
        text = message.detail or message.end
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(text, language, producer=PRODUCER)
    end = _event(facts, message.attempt, state=state, at_ms=message.ended_ms, facets=facets)
    return starts(facts, start), end


def givers(dag: spec.DagSpec, node: str) -> Mapping[str, str]:
    """What a node takes, by name, each with the node that gives it."""
    by_output = {name: each.id for each in dag.nodes for name in each.outs}
    return {name: by_output[name] for each in dag.nodes if each.id == node for name in each.ins}


def _event(
    facts: RunFacts, attempt: AttemptKey, *, state: RunState, at_ms: int, facets: Mapping[str, RunFacet]
) -> RunEvent:
    node = _stated(facts, attempt.node)
    waiting, complete = state is RunState.OTHER, state is RunState.COMPLETE
    job_type = job_type_job.JobTypeJobFacet("BATCH", "QUANTOS", node.kind.upper(), producer=PRODUCER)
    job_facets: dict[str, JobFacet] = {"jobType": job_type}
    run_facets = {
        "parent": _parent(facts),
        "jobDependencies": _dependencies(facts, attempt.node),
        ATTEMPT: _attempt(attempt),
        **facets,
    }
    return RunEvent(
        eventTime=datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        producer=PRODUCER,
        eventType=state,
        run=Run(facts.naming.run_id(attempt, facts.submission.terms), run_facets),
        job=Job(facts.naming.namespace, _name(facts, attempt.node), job_facets),
        inputs=[] if waiting else _inputs(facts, attempt.node),
        outputs=_outputs(facts, attempt) if complete else [],
    )


def _parent(facts: RunFacts) -> parent_run.ParentRunFacet:
    """The submission, which is both the parent and the root."""
    terms, namespace = facts.submission.terms, facts.naming.namespace
    run_id = facts.naming.run_id(facts.submission.run, terms)
    return parent_run.ParentRunFacet(
        run=parent_run.Run(run_id),
        job=parent_run.Job(namespace, terms.pipeline_id),
        root=parent_run.Root(parent_run.RootRun(run_id), parent_run.RootJob(namespace, terms.pipeline_id)),
        producer=PRODUCER,
    )


def _dependencies(facts: RunFacts, node: str) -> job_dependencies_run.JobDependenciesRunFacet:
    """Every edge of the DAG at a node, whether data flow along it or not, so that edges are the DAG's one for one."""
    before = sorted(edge.source for edge in facts.dag.edges if edge.target == node)
    after = sorted(edge.target for edge in facts.dag.edges if edge.source == node)
    upstream = [_dependency(facts, each, run=_run_of(facts, each)) for each in before]
    downstream = [_dependency(facts, each, run=None) for each in after]
    return job_dependencies_run.JobDependenciesRunFacet(upstream, downstream, "ALL_SUCCESS", producer=PRODUCER)


def _dependency(facts: RunFacts, node: str, *, run: str | None) -> job_dependencies_run.JobDependency:
    return job_dependencies_run.JobDependency(
        job=job_dependencies_run.JobIdentifier(facts.naming.namespace, _name(facts, node)),
        run=None if run is None else job_dependencies_run.RunIdentifier(run),
        dependency_type="DIRECT_INVOCATION",
        sequence_trigger_rule="FINISH_TO_START",
        status_trigger_rule="EXECUTE_ON_SUCCESS",
    )


def _run_of(facts: RunFacts, node: str) -> str | None:
    """The run of the attempt by which a node succeeded; None where it has not."""
    row = facts.nodes[node]
    return facts.naming.run_id(row.last_attempt, facts.submission.terms) if row.state == "succeeded" else None


def _attempt(attempt: AttemptKey) -> AttemptRunFacet:
    run = attempt.run
    return AttemptRunFacet(run.team, run.submission_id, run.run, attempt.node, attempt.attempt, producer=PRODUCER)


def _inputs(facts: RunFacts, node: str) -> list[InputDataset]:
    datasets = []
    for name, giver in givers(facts.dag, node).items():
        output = _given(facts, facts.nodes[giver].last_attempt, name)
        dataset = facts.naming.dataset(output.uri)
        datasets.append(InputDataset(dataset.get_namespace(), dataset.get_name(), facets=_facets(name, output)))
    for output in facts.reads.get(node, ()):
        dataset = facts.naming.dataset(output.uri)
        facets = _facets(dataset.get_name(), output)
        datasets.append(InputDataset(dataset.get_namespace(), dataset.get_name(), facets=facets))
    return datasets


def _outputs(facts: RunFacts, attempt: AttemptKey) -> list[OutputDataset]:
    datasets = []
    for name in _stated(facts, attempt.node).outs:
        output = _given(facts, attempt, name)
        dataset = facts.naming.dataset(output.uri)
        datasets.append(OutputDataset(dataset.get_namespace(), dataset.get_name(), facets=_facets(name, output)))
    return datasets


def _given(facts: RunFacts, attempt: AttemptKey, name: str) -> Output:
    document = facts.outputs.get(attempt)
    if document is None or name not in document.outputs:
        raise OrchestrationError(
            f"it is not known what {attempt} gave as {name}",
            remedy="read its outputs.json first; a workspace that is gone cannot be told of any more",
        )
    return document.outputs[name]


def _facets(name: str, output: Output) -> dict[str, DatasetFacet]:
    facets: dict[str, DatasetFacet] = {
        CONTENT: ContentDatasetFacet(name, output.size_bytes, output.hash, producer=PRODUCER)
    }
    if output.snapshot_id is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(output.snapshot_id, producer=PRODUCER)
    return facets


def _stated(facts: RunFacts, node: str) -> spec.Node:
    return next(each for each in facts.dag.nodes if each.id == node)


def _name(facts: RunFacts, node: str) -> str:
    return job_name(facts.submission.terms.pipeline_id, node)
