"""A submission as it is held: whose terms count, and what its digest depends on."""

import json

import pytest
from pydantic import ValidationError

from quantos.contracts.dag.submission import SubmissionRequest
from tests.support.dags import example, submission


def read(document: object) -> SubmissionRequest:
    return SubmissionRequest.model_validate_json(json.dumps(document), strict=True)


def test_the_runs_priority_counts_before_the_dags() -> None:
    assert read(submission()).priority == "normal"
    assert read(submission(priority="high")).priority == "high"
    low = example() | {"slo": {"max_runtime": "1h", "priority": "low"}}
    assert read({**submission(), "dag": low}).priority == "low"


def test_the_digest_is_of_dag_parameters_and_references() -> None:
    first = read(submission()).digest()
    turned = {key: submission()[key] for key in reversed(submission())}
    assert read(turned).digest() == first
    assert read(submission(ttl_days=5)).digest() != first
    assert read({**submission(), "refs": {"data": {"bars": {"uri": "s3://lake/bars"}}}}).digest() != first
    assert read({**submission(), "dag": {**example(), "pipeline_id": "other"}}).digest() != first


@pytest.mark.parametrize("name", ["", "A", "a_b", "a" * 41, "a/b", "a\n", "ä"])
def test_ids_are_short_and_plain(name: str) -> None:
    with pytest.raises(ValidationError):
        read(submission(submission_id=name))


@pytest.mark.parametrize(
    "params",
    [
        {"ttl_days": 0}, {"ttl_days": 366}, {"ttl_days": True}, {"max_cost_usd": 0}, {"max_cost_usd": "5"},
        {"affinity": {"compute_pool": "Cpu"}}, {"affinity": {"compute_pool": "cpu", "binding": "hard"}},
        {"priority": "urgent"}, {"secrets_scope": "../other"}, {"labels": {"a": 1}}, {"unknown": 1},
    ],
)  # fmt: skip
def test_what_no_run_can_mean_is_refused(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read(submission(**params))
