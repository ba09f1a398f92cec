"""Watches cost for what it has not been before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AnomalyMonitorArgs:
    """Costs of resources whose tag `tag_key` is `tag_value` are watched; the tag must be a cost allocation tag.

    An anomaly is told once its total impact reaches `impact_usd`. The topic must let Cost Anomaly Detection publish.
    """

    monitor_name: str
    impact_usd: float
    tag_key: str
    tag_value: str
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class AnomalyMonitor(pulumi.ComponentResource):
    """A monitor of unusual cost, told of at once.

    Outputs: `monitor_arn`, `subscription_arn`.
    Guarded by: the security pack, as plain objects.
    """

    monitor_arn: pulumi.Output[str]
    subscription_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AnomalyMonitorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/cost:AnomalyMonitor", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        watched = {"Tags": {"Key": args.tag_key, "Values": [args.tag_value], "MatchOptions": ["EQUALS"]}}
        monitor = aws.costexplorer.AnomalyMonitor(
            name,
            name=args.monitor_name,
            monitor_type="CUSTOM",
            monitor_specification=json.dumps(watched),
            tags=args.tags,
            opts=child,
        )
        subscription = aws.costexplorer.AnomalySubscription(
            name,
            name=args.monitor_name,
            frequency="IMMEDIATE",
            monitor_arn_lists=[monitor.arn],
            subscribers=[{"type": "SNS", "address": args.topic_arn}],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [f"{args.impact_usd:g}"],
                }
            },
            tags=args.tags,
            opts=child,
        )
        self.monitor_arn = monitor.arn
        self.subscription_arn = subscription.arn
        self.register_outputs({"monitorArn": self.monitor_arn, "subscriptionArn": self.subscription_arn})
