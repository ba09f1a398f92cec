"""What AWS refuses of budgets and anomaly alerts, the stand-in refuses too."""

import pytest

from sandbox.providers.aws.rows.budgets import BUDGET
from sandbox.providers.aws.rows.costexplorer import MONITOR, SUBSCRIPTION

TOLD = {"notificationType": "ACTUAL", "subscriberSnsTopicArns": ["arn:aws:sns:us-east-1:123456789012:alarms"]}
BUDGET_INPUTS = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "1.00", "notifications": [TOLD]}


def refused(row, inputs) -> list[str]:
    return [failure.path for failure in row.refusals(inputs)]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({}, []),
        ({"limitAmount": None}, ["limitAmount"]),
        ({"plannedLimits": [{"amount": "1"}]}, ["limitAmount"]),
        ({"notifications": [TOLD, {**TOLD, "subscriberSnsTopicArns": []}]}, ["notifications[1]"]),
        ({"costFilters": [{"name": "Service"}], "filterExpression": {"not": {}}}, ["costFilters"]),
    ],
)
def test_a_budget_has_one_limit_and_tells_somebody(change: dict, paths: list[str]) -> None:
    assert refused(BUDGET, {**BUDGET_INPUTS, **change}) == paths


@pytest.mark.parametrize(
    ("inputs", "paths"),
    [
        ({"monitorType": "CUSTOM", "monitorSpecification": "{}"}, []),
        ({"monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE"}, []),
        ({"monitorType": "CUSTOM"}, ["monitorSpecification"]),
        ({"monitorType": "CUSTOM", "monitorSpecification": "{}", "monitorDimension": "SERVICE"}, ["monitorDimension"]),
    ],
)
def test_a_monitor_has_the_setting_of_its_type_only(inputs: dict, paths: list[str]) -> None:
    assert refused(MONITOR, inputs) == paths


@pytest.mark.parametrize(("frequency", "kind"), [("IMMEDIATE", "SNS"), ("DAILY", "EMAIL")])
def test_only_topics_are_told_at_once_and_only_mail_later(frequency: str, kind: str) -> None:
    other = {"SNS": "EMAIL", "EMAIL": "SNS"}[kind]
    assert refused(SUBSCRIPTION, {"frequency": frequency, "subscribers": [{"type": kind}]}) == []
    assert refused(SUBSCRIPTION, {"frequency": frequency, "subscribers": [{"type": other}]}) == ["subscribers[0].type"]
