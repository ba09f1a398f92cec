"""The record of every connection in the VPC."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.iam.statements import Statement, assume_role_document, policy_document


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    """`name` prefixes the log group and the role; the key must let CloudWatch Logs use it."""

    name: str
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    retention_days: int
    tags: Mapping[str, str]


class FlowLog(pulumi.ComponentResource):
    """Accepted and refused connections of a VPC, kept in CloudWatch Logs.

    Outputs: `log_group_name`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/network:FlowLog", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group_name = f"/{args.name}/vpc-flow"
        group = aws.cloudwatch.LogGroup(
            name,
            name=group_name,
            retention_in_days=args.retention_days,
            kms_key_id=args.kms_key_arn,
            tags=args.tags,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=f"{args.name}-flow-log",
            assume_role_policy=assume_role_document("vpc-flow-logs.amazonaws.com", account_id=args.account_id),
            tags=args.tags,
            opts=child,
        )
        write = Statement(
            sid="WriteFlowLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
            resources=(f"arn:aws:logs:{args.region}:{args.account_id}:log-group:{group_name}:*",),
        )
        policy = aws.iam.RolePolicy(
            name, name="write-flow-log", role=role.name, policy=policy_document([write]), opts=child
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
        )
        self.log_group_name = group.name
        self.register_outputs({"logGroupName": self.log_group_name})
