"""The published schemas are those of the contracts, and take what the contracts take."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from scripts.json_schemas import FOLDER, SCHEMAS, schema_text
from tests.support.dags import dags, example, submission

DAG = jsonschema.Draft202012Validator(json.loads(schema_text("dag.v1")))
SUBMISSION = jsonschema.Draft202012Validator(json.loads(schema_text("submission.v1")))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_that_of_its_contract(name: str) -> None:
    published = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(name), "run `python -m scripts.json_schemas`"


@given(dags())
def test_every_dag_fits_the_schema(document: dict[str, Any]) -> None:
    DAG.validate(document)


def test_the_example_and_its_submission_fit() -> None:
    DAG.validate(example())
    SUBMISSION.validate(submission(labels={"desk": "equities"}, max_cost_usd=5))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"pipeline_id": "A b"}, {"unknown": 1}, {"nodes": []}, {"slo": {}},
        {"slo": {"max_runtime": "2 hours"}}, {"slo": {"max_runtime": ""}}, {"slo": {"max_runtime": "1h", "qos": "x"}},
        {"resources": {"default": {"mem": "16GiB"}}}, {"resources": {"default": {"cpu": "4x"}}},
        {"edges": [{"from": "a"}]},
    ],
)  # fmt: skip
def test_what_a_schema_can_tell_to_be_wrong_does_not_fit(change: dict[str, Any]) -> None:
    assert not DAG.is_valid({**example(), **change})
