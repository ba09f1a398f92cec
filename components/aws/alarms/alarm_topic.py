"""Where alarms are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.aws.iam.statements import Statement, policy_document

PUBLISHERS: Final = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com")
"""Alarms, budgets and cost anomalies."""


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """The key must let `PUBLISHERS` use it."""

    topic_name: str
    account_id: str
    region: str
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class AlarmTopic(pulumi.ComponentResource):
    """An encrypted topic that only this account's alarms may publish to; people subscribe as they like.

    Outputs: `arn`.
    Guarded by: the security pack, as plain objects.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/alarms:AlarmTopic", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            name, name=args.topic_name, kms_master_key_id=args.kms_key_arn, tags=args.tags, opts=child
        )
        publish = Statement(
            sid="AlarmsPublish",
            actions=("sns:Publish",),
            resources=(f"arn:aws:sns:{args.region}:{args.account_id}:{args.topic_name}",),
            principals={"Service": PUBLISHERS},
            conditions={"StringEquals": {"aws:SourceAccount": args.account_id}},
        )
        aws.sns.TopicPolicy(name, arn=topic.arn, policy=policy_document([publish]), opts=child)
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
