"""What a submission comes to before anything is held for it: its rows, where its nodes would run, and its price."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import networkx as nx

from quantos.contracts.dag.graph import Graph, graph_of, running_order
from quantos.contracts.dag.spec import DagSpec, JobClass
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.contracts.dag.values import cores, duration_seconds
from quantos.orchestration.ledger.amounts import Amount, share_of
from quantos.orchestration.ledger.most import most_at_a_time
from quantos.orchestration.protocol.rows import ATTEMPTS, Node, Pipeline, RunKey, Submission, Terms
from quantos.orchestration.routing.choice import Work, place
from quantos.orchestration.routing.offers import Need, Offer
from quantos.orchestration.routing.placement import Placement

FEWEST_RUNS: Final = 5
"""Of a pipeline, before the next one is estimated from them."""
LEAST_HELD: Final = 0.1
"""The part of what a run may use at most that it holds at least."""
MOST_IO_BYTES_A_SECOND: Final = 250_000_000
"""What a node that works on the lake is taken to read and write at most: two Gbit/s."""
_LAKE_KINDS: Final = frozenset({"trino_sql"})
_PERCENTILE: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A submission as it would be accepted.

    Attributes:
        placements: by node, of its first attempt, in the order in which nodes can run.
        expected_usd: the price of all nodes, each until it has succeeded.
    """

    submission: Submission
    nodes: tuple[Node, ...]
    placements: Mapping[str, Placement]

    @property
    def expected_usd(self) -> float:
        """The price that is told."""
        return self.submission.terms.expected_usd


def assess(
    request: SubmissionRequest,
    *,
    team: str,
    subject: str,
    now_ms: int,
    pipeline: Pipeline | None,
    offers: Sequence[Offer],
) -> Assessment:
    """What a request of a team comes to; `pipeline` is what is known of earlier runs.

    Raises:
        UnplaceableError: no pool has a node for one of its nodes.
    """
    dag = request.dag
    run = RunKey(team, request.params.submission_id)
    cap = most_used(dag)
    expected = estimated(pipeline, cap)
    rows = _nodes(request, run, share=_share(expected, cap))
    terms = _terms(request, subject=subject, now_ms=now_ms)
    by_id = {row.id: row for row in rows}
    placements = {
        name: placement(terms, by_id[name], offers=offers, left_ms=terms.max_runtime_ms)
        for name in running_order(_graph(dag))
    }
    usd = sum(placement.chosen.expected_usd for placement in placements.values())
    submission = Submission(
        run=run,
        digest=request.digest(),
        terms=replace(terms, expected_usd=usd),
        estimate=held_for(expected, cap),
        cap=cap,
    )
    return Assessment(submission=submission, nodes=rows, placements=placements)


def placement(terms: Terms, node: Node, *, offers: Sequence[Offer], left_ms: int) -> Placement:
    """Where the next attempt of a node runs. Raises UnplaceableError."""
    work = Work(
        need=Need.of(node.requests),
        expected_ms=node.expected_ms,
        left_ms=left_ms,
        attempts_left=attempts_left(node),
        qos=terms.qos,
        job_class=terms.job_class,
        affinity=terms.affinity,
    )
    return place(work, offers)


def attempts_left(node: Node) -> int:
    """How often a node may still be taken away or fail by itself until it has failed for good, by whichever is less."""
    by_failure = node.max_attempts - node.ends.count("failure")
    return min(by_failure, ATTEMPTS["preempted"] - node.ends.count("preempted"))


def most_used(dag: DagSpec) -> Amount:
    """What a run can use at most within its `max_runtime`: all nodes that may run together, all the time."""
    seconds = duration_seconds(dag.slo.max_runtime)
    graph = _graph(dag)
    requests = {node.id: dag.requests(node) for node in dag.nodes}
    milli = {name: math.ceil(cores(each.cpu or "0") * 1000) for name, each in requests.items()}
    gpus = {name: each.gpu or 0 for name, each in requests.items()}
    lake = {node.id: int(node.kind in _LAKE_KINDS) for node in dag.nodes}
    return Amount(
        cpu_ms=most_at_a_time(graph, milli) * seconds,
        gpu_ms=most_at_a_time(graph, gpus) * seconds * 1000,
        io_bytes=most_at_a_time(graph, lake) * seconds * MOST_IO_BYTES_A_SECOND,
    )


def estimated(pipeline: Pipeline | None, cap: Amount) -> Amount:
    """What a run is taken to use: what nine of ten of the pipeline's last runs stayed within, at most what it may."""
    if pipeline is None or len(pipeline.used) < FEWEST_RUNS:
        return cap
    return Amount(
        cpu_ms=_upper([used.cpu_ms for used in pipeline.used]),
        gpu_ms=_upper([used.gpu_ms for used in pipeline.used]),
        io_bytes=_upper([used.io_bytes for used in pipeline.used]),
    ).least(cap)


def held_for(expected: Amount, cap: Amount) -> Amount:
    """What a run holds: what it is taken to use, and no less than a part of what it may.

    Earlier runs of a pipeline say nothing of another DAG under its id: without the part a team could use any multiple
    of its budget, with it ten times as much at most.
    """
    return expected.most(share_of(cap, LEAST_HELD))


def job_class(dag: DagSpec) -> JobClass:
    """As it is stated, else by what its nodes are: what asks for GPUs or runs on Ray trains, what runs programs
    without makes features, and what only asks the lake tests.
    """
    if dag.job_class is not None:
        return dag.job_class
    if any(node.kind == "ray_job" or (dag.requests(node).gpu or 0) > 0 for node in dag.nodes):
        return "train"
    return "feature" if any(node.kind not in _LAKE_KINDS for node in dag.nodes) else "backtest"


def _upper(values: Sequence[int]) -> int:
    return sorted(values)[math.ceil(_PERCENTILE * len(values)) - 1]


def _share(estimate: Amount, cap: Amount) -> float:
    """How much of its longest a run is taken to last."""
    return min(1.0, estimate.cpu_ms / cap.cpu_ms) if cap.cpu_ms else 1.0


def _terms(request: SubmissionRequest, *, subject: str, now_ms: int) -> Terms:
    dag, params = request.dag, request.params
    return Terms(
        pipeline_id=dag.pipeline_id,
        job_class=job_class(dag),
        priority=request.priority,
        qos=dag.slo.qos,
        submitted_ms=now_ms,
        submitted_by=subject,
        max_runtime_ms=duration_seconds(dag.slo.max_runtime) * 1000,
        expected_usd=0.0,
        affinity=params.affinity,
        max_cost_usd=params.max_cost_usd,
        ttl_days=params.ttl_days,
    )


def _graph(dag: DagSpec) -> Graph:
    return graph_of([node.id for node in dag.nodes], [(edge.source, edge.target) for edge in dag.edges])


def _nodes(request: SubmissionRequest, run: RunKey, *, share: float) -> tuple[Node, ...]:
    dag, digest = request.dag, request.digest()
    upstream: dict[str, list[str]] = {node.id: [] for node in dag.nodes}
    for edge in dag.edges:
        upstream[edge.target].append(edge.source)
    givers = {name: node.id for node in dag.nodes for name in node.outs}
    longest = duration_seconds(dag.slo.max_runtime) * 1000 * share
    each_ms = max(1, round(longest / len(nx.dag_longest_path(_graph(dag)))))
    return tuple(
        Node(
            run=run,
            digest=digest,
            id=node.id,
            upstream=tuple(sorted(upstream[node.id])),
            takes=tuple(sorted({givers[name] for name in node.ins})),
            requests=dag.requests(node),
            expected_ms=each_ms,
            max_attempts=dag.slo.retry.max_attempts,
            backoff_ms=dag.slo.retry.backoff_sec * 1000,
        )
        for node in sorted(dag.nodes, key=lambda node: node.id)
    )
