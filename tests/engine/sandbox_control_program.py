"""What the control layer adds to the program of every resource type: cost, the API and the billing lake."""

import json
from typing import Protocol, TypeVar

import pulumi_aws as aws

T = TypeVar("T")


class Turn(Protocol):
    """Which of its two states the program describes."""

    def of(self, first: T, second: T) -> T: ...


def cost(turn: Turn, topic: aws.sns.Topic) -> None:
    aws.budgets.Budget(
        "month",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=turn.of("100.00", "200.00"),
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": ["user:environment$dev"]}],
        cost_types={"include_credit": turn.of(False, True)},
        notifications=[
            {
                "notification_type": "ACTUAL",
                "comparison_operator": "GREATER_THAN",
                "threshold": turn.of(80, 90),
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [topic.arn],
            }
        ],
        tags={"a": turn.of("1", "2")},
    )
    watched = {"Tags": {"Key": "environment", "Values": ["dev"]}}
    monitor = aws.costexplorer.AnomalyMonitor(
        "month", name=turn.of("one", "two"), monitor_type="CUSTOM", monitor_specification=json.dumps(watched)
    )
    aws.costexplorer.AnomalySubscription(
        "month",
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[{"type": "SNS", "address": topic.arn}],
        threshold_expression={
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                "values": [turn.of("100", "200")],
            }
        },
    )
