"""Each attempt tells one START and one end, by names and ids that anybody would give it."""

import json
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from openlineage.client.serde import Serde

from quantos.contracts.dag.outputs import Output
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.events import ends, givers, starts, waits
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Started
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.support.lineage_runs import HASH, SNAPSHOT, events_of, facts_of
from tests.support.runs import RUN, node

ROOT = Path(__file__).resolve().parents[4]
DAG = read_dag(EXAMPLE.encode(), shown="dag.yaml")
FACTS = facts_of(DAG)
TRAIN = AttemptKey(RUN, "train_model", 1)


def document(event):
    return json.loads(Serde.to_json(event))


def test_an_event_has_what_the_specification_requires() -> None:
    for _, event in events_of(FACTS):
        told = document(event)
        assert {"eventTime", "producer", "schemaURL", "eventType", "run", "job", "inputs", "outputs"} <= set(told)
        assert told["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        assert UUID(told["run"]["runId"]).version == 7
        facets = [
            told["run"]["facets"],
            told["job"]["facets"],
            *(d["facets"] for d in told["inputs"] + told["outputs"]),
        ]
        assert all(facet["_producer"] and facet["_schemaURL"] for each in facets for facet in each.values())
        assert told["job"]["facets"]["jobType"]["processingType"] == "BATCH"
        assert "<<non-serializable" not in json.dumps(told)


def test_our_own_facets_are_as_their_schema_says() -> None:
    schema = json.loads((ROOT / "docs/schemas/openlineage_facets.v1.schema.json").read_text(encoding="utf-8"))
    waiting = waits(FACTS, TRAIN, reason="quota", at_ms=3)
    failed = ends(FACTS, Finished(TRAIN, "failure", started_ms=5, ended_ms=9))
    seen = set()
    for event in (waiting, *failed, *(event for _, event in events_of(FACTS))):
        told = document(event)
        for facets in (told["run"]["facets"], *(each["facets"] for each in told["inputs"] + told["outputs"])):
            for name in (name for name in facets if name.startswith("quantos_")):
                kind = facets[name]["_schemaURL"].removeprefix(f"{schema['$id']}#/$defs/")
                stated = {**schema["$defs"][kind], "additionalProperties": False}
                jsonschema.validate(facets[name], stated, cls=jsonschema.Draft202012Validator)
                seen.add(kind)
    assert seen == set(schema["$defs"])


def test_a_started_node_tells_what_it_took_and_a_completed_one_what_it_gave() -> None:
    start, end = ends(FACTS, Finished(TRAIN, "succeeded", started_ms=5, ended_ms=9, evidence="ray 2.60.0 real job 02"))
    started, completed = document(start), document(end)
    assert (started["eventType"], completed["eventType"]) == ("START", "COMPLETE")
    assert started["job"] == {**started["job"], "namespace": "quantos.dev", "name": "bt_xs_bilstm_v1.train_model"}
    assert started["eventTime"] == "1970-01-01T00:00:00.005+00:00"
    (taken,) = started["inputs"]
    assert (taken["namespace"], taken["name"]) == ("iceberg://lake", "alpha.feature_table")
    assert taken["facets"]["version"]["datasetVersion"] == SNAPSHOT
    assert started["outputs"] == []
    given = {dataset["name"]: dataset["facets"] for dataset in completed["outputs"]}
    assert given["workspaces/metrics_json"]["quantos_content"]["hash"] == HASH
    assert completed["run"]["facets"]["quantos_engine"]["evidence"] == "ray 2.60.0 real job 02"
    assert "errorMessage" not in completed["run"]["facets"]


def test_the_submission_is_parent_and_root_of_every_attempt() -> None:
    parents = [document(event)["run"]["facets"]["parent"] for _, event in events_of(FACTS)]
    assert all(parent == parents[0] for parent in parents)
    assert parents[0]["run"] == {"runId": parents[0]["root"]["run"]["runId"], "facets": {}}
    assert parents[0]["job"]["name"] == parents[0]["root"]["job"]["name"] == "bt_xs_bilstm_v1"


def test_the_same_is_told_whoever_tells_it_and_another_attempt_is_another_run() -> None:
    at = Started(TRAIN, 5)
    assert document(starts(FACTS, at)) == document(starts(facts_of(DAG), at))
    assert document(starts(FACTS, at)) == document(ends(FACTS, Finished(TRAIN, "failure", started_ms=5))[0])
    again = starts(FACTS, Started(AttemptKey(RUN, "train_model", 2), 5))
    assert again.run.runId != starts(FACTS, at).run.runId


@pytest.mark.parametrize(
    ("end", "type_"),
    [
        ("failure", "FAIL"),
        ("infrastructure", "FAIL"),
        ("unknown", "FAIL"),
        ("preempted", "ABORT"),
        ("cancelled", "ABORT"),
    ],
)
def test_what_did_not_succeed_says_why_and_gave_nothing(end: str, type_: str) -> None:
    _, last = ends(FACTS, Finished(TRAIN, end, started_ms=5, ended_ms=9, detail="exit 3"))
    told = document(last)
    assert (told["eventType"], told["outputs"]) == (type_, [])
    assert told["run"]["facets"]["errorMessage"] == {
        **told["run"]["facets"]["errorMessage"], "message": "exit 3", "programmingLanguage": "PYTHON",
    }  # fmt: skip


def test_one_that_never_ran_starts_as_it_ends() -> None:
    start, last = ends(FACTS, Finished(TRAIN, "cancelled", ended_ms=9))
    assert start.eventTime == last.eventTime
    assert document(last)["run"]["facets"]["quantos_engine"]["ran"] is False


def test_a_run_that_waits_says_for_what_under_the_id_that_it_will_have() -> None:
    told = waits(FACTS, TRAIN, reason="quota", at_ms=3)
    assert document(told)["eventType"] == "OTHER"
    assert document(told)["run"]["facets"]["quantos_waiting"]["reason"] == "quota"
    assert told.run.runId == starts(FACTS, Started(TRAIN, 5)).run.runId


def test_what_nobody_knows_is_not_made_up() -> None:
    with pytest.raises(OrchestrationError, match="feature_table"):
        starts(facts_of(DAG, outputs={}), Started(TRAIN, 5))
    assert givers(DAG, "train_model") == {"feature_table": "compute_features"}


def test_what_was_taken_is_of_the_attempt_that_succeeded() -> None:
    second = AttemptKey(RUN, "compute_features", 2)
    nodes = {**FACTS.nodes, "compute_features": node("compute_features", state="succeeded", attempt=2)}
    outputs = {**FACTS.outputs, second: FACTS.outputs[AttemptKey(RUN, "compute_features", 1)]}
    told = document(starts(facts_of(DAG, nodes=nodes, outputs=outputs), Started(TRAIN, 5)))
    (edge,) = told["run"]["facets"]["jobDependencies"]["upstream"]
    assert edge["run"]["runId"] == FACTS.naming.run_id(second, FACTS.submission.terms)


def test_tables_that_a_statement_reads_are_inputs_by_their_snapshots() -> None:
    bars = Output(type="table", uri="iceberg://market/daily_bars", snapshot_id=SNAPSHOT, size_bytes=0)
    facts = facts_of(read_dag(EXAMPLE.encode(), shown="dag"), reads={"fetch_data": [bars]})
    (dataset,) = starts(facts, Started(AttemptKey(RUN, "fetch_data", 1), 5)).inputs
    assert dataset.name.endswith("daily_bars")
    assert json.loads(Serde.to_json(dataset))["facets"]["version"]["datasetVersion"] == SNAPSHOT
