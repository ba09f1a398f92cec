"""What a run becomes in a cluster."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.cluster.names import NODE, task_name
from quantos.orchestration.cluster.workflow import MOST_TASKS, ClusterRun, ClusterSettings, workflows
from quantos.orchestration.protocol.rows import RunKey
from quantos.orchestration.spec.reading import read_dag
from tests.conftest import Golden
from tests.support.dags import EXAMPLE

SETTINGS = ClusterSettings(
    namespace="jobs-research",
    service_account="runs-research-train",
    image="registry.example.com/task-runner@sha256:" + "a" * 64,
    variables={"AWS_REGION": "us-east-1", "QUANTOS_BUCKET": "artifacts"},
)


def run_of(nodes: int, edges: list[tuple[int, int]], **more: Any) -> ClusterRun:
    fields = {
        "dag": {
            "version": 1,
            "pipeline_id": "p",
            "slo": {"max_runtime": "1h"},
            "nodes": [{"id": f"n{number}", "kind": "python_task", "image": "kit:1"} for number in range(nodes)],
            "edges": [{"from": f"n{source}", "to": f"n{target}"} for source, target in edges],
        },
        "params": {"submission_id": "x", "env": "dev"},
    }
    request = SubmissionRequest.model_validate(fields)
    stated: dict[str, Any] = {"remaining": frozenset(node.id for node in request.dag.nodes), "images": {}, **more}
    return ClusterRun(
        run=RunKey("research", "x"), digest=request.digest(), job_class="train", request=request, **stated
    )


def documents(run: ClusterRun) -> list[dict[str, Any]]:
    return [json.loads(each.model_dump_json(by_alias=True, exclude_none=True)) for each in workflows(run, SETTINGS)]


def tasks(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["spec"]["templates"][0]["dag"]["tasks"]


def test_the_example_is_one_workflow(golden: Golden) -> None:
    dag = read_dag(EXAMPLE.encode(), shown="dag.yaml")
    fields = {"dag": dag.model_dump(by_alias=True, exclude_unset=True), "params": {"submission_id": "x", "env": "dev"}}
    request = SubmissionRequest.model_validate(fields)
    images = {node.image: f"{node.image}@sha256:{'b' * 64}" for node in dag.nodes if node.image}
    run = ClusterRun(
        run=RunKey("research", "x", 2),
        digest="d" * 64,
        job_class="train",
        request=request,
        images=images,
        remaining=frozenset(node.id for node in dag.nodes),
    )
    (document,) = documents(run)
    golden("orchestration/workflow.yaml", yaml.safe_dump(document, sort_keys=False).rstrip("\n"))


def test_pods_wait_for_the_ledgers_claim_and_are_told_apart_by_their_node() -> None:
    (document,) = documents(run_of(1, []))
    assert json.loads(document["spec"]["podSpecPatch"]) == {"schedulingGates": [{"name": "quantos.io/claim"}]}
    attempt = document["spec"]["templates"][1]
    assert attempt["metadata"]["annotations"] == {NODE: "{{inputs.parameters.node}}"}


def test_argo_tries_more_often_than_all_budgets_of_a_node_together() -> None:
    (document,) = documents(run_of(1, []))
    assert document["spec"]["templates"][1]["retryStrategy"]["limit"] == str(1 + 5 + 3 + 2)


def test_what_has_succeeded_is_left_out_of_the_next_generation() -> None:
    run = run_of(3, [(0, 1), (1, 2)], remaining=frozenset({"n1", "n2"}), generation=2)
    (document,) = documents(run)
    assert [(task["name"], task.get("dependencies")) for task in tasks(document)] == [
        (task_name("n1"), None),
        (task_name("n2"), [task_name("n1")]),
    ]
    assert document["metadata"]["name"].endswith("-2-1")


def test_a_node_is_of_the_same_part_in_every_generation() -> None:
    left = frozenset({"n3", "n300", "n350"})
    parts = documents(run_of(401, [], remaining=left, generation=2))
    assert [[task["name"] for task in tasks(part)] for part in parts] == [
        [task_name("n3")],
        [task_name("n300"), task_name("n350")],
    ]
    assert [part["metadata"]["name"][-4:] for part in parts] == ["-2-1", "-2-2"]


@pytest.mark.parametrize("nodes", [200, 201, 2000])
def test_a_larger_run_is_several_workflows_each_within_argos_bounds(nodes: int) -> None:
    parts = documents(run_of(nodes, [(number, number + 1) for number in range(nodes - 1)]))
    assert len(parts) == -(-nodes // MOST_TASKS)
    assert sum(len(tasks(part)) for part in parts) == nodes
    assert len({part["metadata"]["name"] for part in parts}) == len(parts)
    assert all(len(json.dumps(part)) < 2**20 for part in parts)


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    nodes = draw(st.integers(1, 30))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] < pair[1])
    return nodes, draw(st.lists(pairs, unique=True, max_size=60)) if nodes > 1 else []


@given(dag=dags(), names=st.randoms(use_true_random=False))
def test_every_node_is_one_task_after_those_that_run_before_it(dag: tuple[int, list[tuple[int, int]]], names) -> None:
    nodes, edges = dag
    order = list(range(nodes))
    names.shuffle(order)
    shuffled = [(order[source], order[target]) for source, target in edges]
    (document,) = documents(run_of(nodes, shuffled))
    stated = {task["name"]: set(task.get("dependencies", [])) for task in tasks(document)}
    assert stated == {
        task_name(f"n{node}"): {task_name(f"n{source}") for source, target in shuffled if target == node}
        for node in range(nodes)
    }
