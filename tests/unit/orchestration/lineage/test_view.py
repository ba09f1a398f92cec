"""From events alone comes the DAG that ran, edge for edge, with what flowed."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.serde import Serde

from quantos.contracts.dag.answers import LineageAnswer
from quantos.contracts.dag.spec import DagSpec
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage import drawing
from quantos.orchestration.lineage.events import ends, waits
from quantos.orchestration.lineage.view import lineage_in, lineage_of
from quantos.orchestration.protocol.rows import AttemptKey, Finished
from quantos.orchestration.spec.drawing import svg
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE, dags, stated, task
from tests.support.lineage_runs import HASH, SNAPSHOT, events_of, facts_of
from tests.support.runs import RUN

EXAMPLE_DAG = read_dag(EXAMPLE.encode(), shown="dag.yaml")


def told(dag: DagSpec) -> list[bytes]:
    return [Serde.to_json(event).encode() for _, event in events_of(facts_of(dag))]


def edges(dag: DagSpec) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in dag.edges}


@given(document=dags(), seed=st.integers(0, 99))
def test_edges_are_the_dags_one_for_one_in_whatever_order_events_come(document: Mapping[str, Any], seed: int) -> None:
    dag = DagSpec.model_validate(document)
    events = told(dag)
    lineage = lineage_of("r", events)
    random.Random(seed).shuffle(events)
    assert lineage_of("r", [*events, *events]).document() == lineage.document()
    assert lineage.edges == edges(dag)
    for node in dag.nodes:
        assert {name for each in lineage.jobs[node.id].takes for name in node.ins if each.name.endswith(name)} == set(
            node.ins
        )
    root = ElementTree.fromstring(svg(drawing.picture_of(lineage)))
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == len(dag.nodes) + len(lineage.datasets())
    assert sum(not line.startswith(" ") for line in drawing.lines(lineage)) == len(dag.nodes)


@given(document=dags())
def test_each_event_names_what_runs_before_with_its_run_and_what_runs_behind(document: Mapping[str, Any]) -> None:
    dag = DagSpec.model_validate(document)
    events = [json.loads(text) for text in told(dag)]
    run_ids = {event["job"]["name"]: event["run"]["runId"] for event in events}
    for event in events:
        name, facet = event["job"]["name"], event["run"]["facets"]["jobDependencies"]
        before = {(each["job"]["name"], each["run"]["runId"]) for each in facet["upstream"]}
        behind = {each["job"]["name"] for each in facet["downstream"]}
        assert {earlier for earlier, _ in before} == {f"p.{a}" for a, b in edges(dag) if f"p.{b}" == name}
        assert behind == {f"p.{b}" for a, b in edges(dag) if f"p.{a}" == name}
        assert all(run_ids[earlier] == run for earlier, run in before)


def test_data_that_skip_a_node_make_no_edge() -> None:
    document = stated([("a", "b"), ("b", "c")], nodes=["a", "b"])
    document["nodes"].append(task("c", ins=["a_out"]))
    lineage = lineage_of("r", told(DagSpec.model_validate(document)))
    assert lineage.edges == {("a", "b"), ("b", "c")}
    assert [dataset.name for dataset in lineage.flow("a", "c")] == ["workspaces/a_out"]


def test_the_example(golden: Callable[[str, str], None]) -> None:
    lineage = lineage_of(str(RUN), told(EXAMPLE_DAG))
    golden("orchestration/example_lineage.svg", svg(drawing.picture_of(lineage)).rstrip("\n"))
    golden("orchestration/example_lineage.txt", "\n".join(drawing.lines(lineage)))
    golden("orchestration/example_lineage.json", json.dumps(lineage.document(), indent=2))
    datasets = {dataset["name"]: dataset for dataset in lineage.document()["datasets"]}
    assert datasets["alpha.feature_table"]["snapshot_id"] == SNAPSHOT
    assert datasets["workspaces/metrics_json"]["hash"] == HASH
    assert datasets["alpha.feature_table"]["given_by"] == ["compute_features"]
    assert datasets["alpha.feature_table"]["taken_by"] == ["train_model"]


def test_what_has_not_run_is_drawn_and_what_failed_says_why() -> None:
    facts, attempt = facts_of(EXAMPLE_DAG), AttemptKey(RUN, "fetch_data", 1)
    failed = ends(facts, Finished(attempt, "failure", started_ms=5, ended_ms=9, detail="exit 3"))
    waiting = waits(facts, attempt, reason="quota", at_ms=2)
    lineage = lineage_of("r", [Serde.to_json(event).encode() for event in (waiting, *failed)])
    (seen,) = lineage.jobs["fetch_data"].attempts
    assert (seen.status, seen.error, seen.waited_for) == ("FAIL", "exit 3", "quota")
    assert lineage.edges == {("fetch_data", "compute_features")}
    assert "not started" in svg(drawing.picture_of(lineage))
    assert next(drawing.lines(lineage)) == "fetch_data (trino_sql)  attempt 1 FAIL: exit 3"


ODD = (
    b'{"eventType":"START","eventTime":"t","job":{"namespace":"n","name":"j"},'
    b'"run":{"runId":"r","facets":{"jobDependencies":{"upstream":[3]}}}}'
)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"eventType":"START"}', b"\xff", ODD])
def test_what_is_no_event_is_refused(text: bytes) -> None:
    with pytest.raises(OrchestrationError, match="cannot be read"):
        lineage_of("r", [text])


def test_an_answer_says_all_of_it() -> None:
    lineage = lineage_of("alpha/x/1", told(EXAMPLE_DAG))
    text = LineageAnswer.model_validate(lineage.document()).model_dump_json()
    assert lineage_in(LineageAnswer.model_validate_json(text)) == lineage
