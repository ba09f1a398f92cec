"""Runs of DAGs as lineage is told of them: every node succeeds, or one does not."""

from collections.abc import Iterator

import networkx as nx
from openlineage.client.event_v2 import RunEvent

from quantos.contracts.dag.graph import graph_of
from quantos.contracts.dag.outputs import Output, Outputs
from quantos.contracts.dag.spec import DagSpec
from quantos.orchestration.lineage.events import RunFacts, ends, starts
from quantos.orchestration.lineage.names import Naming, sql_tables
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Started
from tests.support.runs import PLACEMENT, RUN, node, submission, terms

NAMING = Naming("dev", sql_tables("lake"))
SNAPSHOT = "9223372036854775807"
HASH = f"sha256:{'ab' * 32}"


def output(name: str) -> Output:
    """Some are tables, others objects."""
    if name in {"dataset_uri", "feature_table"} or name.startswith("n1"):
        return Output(type="table", uri=f"iceberg://alpha/{name.lower()}", snapshot_id=SNAPSHOT, size_bytes=7)
    return Output(type="object", uri=f"s3://artifacts/workspaces/{name}", hash=HASH, size_bytes=5)


def facts_of(dag: DagSpec, **fields: object) -> RunFacts:
    """A run of which every node succeeded at its first attempt."""
    nodes = {each.id: node(each.id, state="succeeded", attempt=1, placement=PLACEMENT, takes=()) for each in dag.nodes}
    outputs = {AttemptKey(RUN, each.id, 1): Outputs(outputs={n: output(n) for n in each.outs}) for each in dag.nodes}
    row = submission(terms=terms(pipeline_id=dag.pipeline_id, submitted_ms=1_764_000_000_123))
    stated = {"submission": row, "nodes": nodes, "dag": dag, "outputs": outputs, "reads": {}, "naming": NAMING}
    return RunFacts(**{**stated, **fields})


def order_of(dag: DagSpec) -> list[str]:
    arrows = ((edge.source, edge.target) for edge in dag.edges)
    return list(nx.lexicographical_topological_sort(graph_of((each.id for each in dag.nodes), arrows)))


def events_of(facts: RunFacts) -> Iterator[tuple[AttemptKey, RunEvent]]:
    """What is told of a run whose nodes run one after the other, a second each."""
    for number, name in enumerate(order_of(facts.dag)):
        attempt, at_ms = AttemptKey(RUN, name, 1), 1_764_000_001_000 + number * 1000
        yield attempt, starts(facts, Started(attempt, at_ms))
        finished = Finished(attempt, "succeeded", started_ms=at_ms, ended_ms=at_ms + 900, evidence="python 3.11 real")
        yield from ((attempt, event) for event in ends(facts, finished))
