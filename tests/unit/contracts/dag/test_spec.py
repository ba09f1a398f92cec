"""A DAG as it is held: what is left out, what its digest depends on, what a node asks for."""

import json

import pytest
from hypothesis import given
from pydantic import ValidationError

from quantos.contracts.dag.spec import DagSpec
from tests.support.dags import dags, example


def read(document: object) -> DagSpec:
    return DagSpec.model_validate_json(json.dumps(document), strict=True)


def test_a_node_asks_for_its_own_then_the_default_then_the_platforms() -> None:
    dag = read(example())
    fetch, _, train = dag.nodes
    assert dag.requests(fetch).model_dump() == {"cpu": "4", "mem": "16Gi", "gpu": 0}
    assert dag.requests(train).model_dump() == {"cpu": "8", "mem": "32Gi", "gpu": 1}
    bare = read({**example(), "resources": {}})
    assert bare.requests(bare.nodes[0]).model_dump() == {"cpu": "1", "mem": "2Gi", "gpu": 0}


def test_a_node_that_asks_for_no_gpu_gets_none_of_the_default() -> None:
    document = {**example(), "resources": {"default": {"gpu": 2}}}
    document["nodes"][0]["resources"] = {"gpu": 0}
    dag = read(document)
    assert [dag.requests(node).gpu for node in dag.nodes] == [0, 2, 1]


def test_the_digest_is_of_what_is_stated() -> None:
    document = example()
    turned = {key: document[key] for key in reversed(document)}
    assert read(turned).digest() == read(document).digest()
    assert read({**document, "resources": {"default": {"cpu": 4, "mem": "16Gi"}}}).digest() == read(document).digest()
    document["slo"]["priority"] = "high"
    assert read(document).digest() != read(example()).digest()


@given(dags())
def test_a_dag_is_read_back_as_it_was_written(document: dict) -> None:
    dag = read(document)
    again = DagSpec.model_validate_json(dag.model_dump_json(by_alias=True, exclude_unset=True), strict=True)
    assert again == dag
    assert again.digest() == dag.digest()


@pytest.mark.parametrize("version", [2, "1", 1.0, True, None])
def test_another_version_is_refused(version: object) -> None:
    with pytest.raises(ValidationError):
        read({**example(), "version": version})
