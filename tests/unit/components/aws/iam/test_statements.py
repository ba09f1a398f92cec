"""A statement cannot be broad by accident."""

import json

import pytest

from components.aws.iam.statements import Statement, assume_role_document, policy_document


def make_statement(**changes) -> Statement:
    return Statement(**{"sid": "Read", "actions": ("s3:GetObject",), "resources": ("arn:aws:s3:::b/*",), **changes})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param({"resources": ("*",)}, "no reason", id="every-resource-without-a-reason"),
        pytest.param({"actions": ("*",)}, "every action", id="every-action"),
        pytest.param({"actions": ()}, "no action", id="no-action"),
        pytest.param({"resources": ()}, "no action or no resource", id="no-resource"),
    ],
)
def test_a_statement_that_is_too_broad_or_empty_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make_statement(**changes)


def test_a_stated_reason_allows_every_resource_and_stays_out_of_the_policy() -> None:
    document = json.loads(policy_document([make_statement(resources=("*",), why_wildcard="no resource to name")]))
    assert document["Statement"] == [{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}]


def test_a_service_that_states_its_account_is_held_to_it() -> None:
    bound = json.loads(assume_role_document("scheduler.amazonaws.com", account_id="123456789012"))
    free = json.loads(assume_role_document("ec2.amazonaws.com"))
    assert bound["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert "Condition" not in free["Statement"][0]
