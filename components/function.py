"""A Lambda function from the one image of all functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import assume_role_document


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`handler` is `module.name` in the image; `image_uri` names it by digest, so that it never changes unseen.

    `reserved_concurrency` is both what the function is sure of and the most it may take.
    """

    function_name: str
    handler: str
    image_uri: pulumi.Input[str]
    policy: pulumi.Input[str]
    variables: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    timeout_seconds: int
    memory_mib: int
    reserved_concurrency: int
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Mapping[str, str]


class Function(pulumi.ComponentResource):
    """A traced function in the VPC with a role, a log and alarms of its own.

    Outputs: `arn`, `function_name`, `log_group_name`.
    """

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:control:Function", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                role_name=args.function_name,
                trust_policy=assume_role_document("lambda.amazonaws.com"),
                managed_policies={},
                policy=args.policy,
                tags=args.tags,
            ),
            opts=self._child,
        )
        log = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{args.function_name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.kms_key_arn,
            tags=args.tags,
            opts=self._child,
        )
        function = aws.lambda_.Function(
            name,
            name=args.function_name,
            package_type="Image",
            image_uri=args.image_uri,
            image_config={"commands": [args.handler]},
            architectures=["x86_64"],
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=args.memory_mib,
            reserved_concurrent_executions=args.reserved_concurrency,
            vpc_config={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            environment={"variables": args.variables},
            kms_key_arn=args.kms_key_arn,
            tracing_config={"mode": "Active"},
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[log])),
        )
        for metric in ("Errors", "Throttles"):
            self._alarm(name, args, metric=metric)
        self.arn = function.arn
        self.function_name = function.name
        self.log_group_name = log.name
        self.register_outputs(
            {"arn": self.arn, "functionName": self.function_name, "logGroupName": self.log_group_name}
        )

    def _alarm(self, name: str, args: FunctionArgs, *, metric: str) -> None:
        Alarm(
            f"{name}-{metric.lower()}",
            AlarmArgs(
                alarm_name=f"{args.function_name}-{metric.lower()}",
                description=f"{args.function_name}: {metric.lower()} in the last five minutes",
                namespace="AWS/Lambda",
                metric=metric,
                dimensions={"FunctionName": args.function_name},
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=self._child,
        )
