"""A Lambda function from the one image of all functions, and the alias under which everything calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.aws.alarms.alarm import Alarm, AlarmArgs
from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import assume_role_document, self_assuming_document

ALIAS: Final = "live"
"""What stream mappings, schedules and the API call: the version that is in use."""
QUEUE_RETENTION_SECONDS: Final = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`handler` is `module.name` in the image; `image_uri` names it by digest, so that it never changes unseen.

    `reserved_concurrency` is both what the function is sure of and the most it may take; `provisioned_concurrency` of
    it is kept warm. `policy` must let the function send to the queue `lost_calls_queue` names. `takes_itself_in` is the
    account in which it may take its own role once more; None where it may not.
    """

    function_name: str
    handler: str
    image_uri: pulumi.Input[str]
    policy: pulumi.Input[str]
    variables: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    timeout_seconds: int
    memory_mib: int
    reserved_concurrency: int
    provisioned_concurrency: int
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Mapping[str, str]
    takes_itself_in: str | None = None


class Function(pulumi.ComponentResource):
    """A traced function in the VPC with a role, a log, alarms and a queue of lost calls of its own.

    Every change of image or settings publishes a version, and the alias `live` moves on to it. Asynchronous calls that
    came to nothing wait in the queue for a fortnight.

    Outputs: `alias_arn`, `alias_invoke_arn`, `function_name`, `queue_arn`.
    Guarded by: the security pack, as plain objects.
    """

    alias_arn: pulumi.Output[str]
    alias_invoke_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    queue_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/functions:Function", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        role = self._role(name, args)
        log = self._log(name, args)
        queue = self._queue(name, args)
        function = self._function(name, args, role=role, log=log, queue=queue)
        alias = self._alias(name, args, function)
        self._alarms(name, args)
        self.alias_arn = alias.arn
        self.alias_invoke_arn = alias.invoke_arn
        self.function_name = function.name
        self.queue_arn = queue.arn
        self.register_outputs(
            {
                "aliasArn": self.alias_arn,
                "aliasInvokeArn": self.alias_invoke_arn,
                "functionName": self.function_name,
                "queueArn": self.queue_arn,
            }
        )

    def _role(self, name: str, args: FunctionArgs) -> ServiceRole:
        return ServiceRole(
            name,
            ServiceRoleArgs(
                role_name=args.function_name,
                trust_policy=_trust_policy(args),
                managed_policies={},
                policy=args.policy,
                tags=args.tags,
            ),
            opts=self._child,
        )

    def _log(self, name: str, args: FunctionArgs) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{args.function_name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.kms_key_arn,
            tags=args.tags,
            opts=self._child,
        )

    def _queue(self, name: str, args: FunctionArgs) -> aws.sqs.Queue:
        """The queue of lost calls."""
        return aws.sqs.Queue(
            name,
            name=lost_calls_queue(args.function_name),
            kms_master_key_id=args.kms_key_arn,
            message_retention_seconds=QUEUE_RETENTION_SECONDS,
            tags=args.tags,
            opts=self._child,
        )

    def _function(
        self, name: str, args: FunctionArgs, *, role: ServiceRole, log: aws.cloudwatch.LogGroup, queue: aws.sqs.Queue
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
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
            publish=True,
            vpc_config={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            environment={"variables": args.variables},
            dead_letter_config={"target_arn": queue.arn},
            kms_key_arn=args.kms_key_arn,
            tracing_config={"mode": "Active"},
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[log])),
        )

    def _alias(self, name: str, args: FunctionArgs, function: aws.lambda_.Function) -> aws.lambda_.Alias:
        alias = aws.lambda_.Alias(
            name, name=ALIAS, function_name=function.name, function_version=function.version, opts=self._child
        )
        if args.provisioned_concurrency:
            aws.lambda_.ProvisionedConcurrencyConfig(
                name,
                function_name=function.name,
                qualifier=alias.name,
                provisioned_concurrent_executions=args.provisioned_concurrency,
                opts=self._child,
            )
        return alias

    def _alarms(self, name: str, args: FunctionArgs) -> None:
        for metric in ("Errors", "Throttles"):
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
        Alarm(
            f"{name}-lost",
            AlarmArgs(
                alarm_name=f"{args.function_name}-lost",
                description=f"calls of {args.function_name} came to nothing; the queue of lost calls holds them",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                statistic="Maximum",
                dimensions={"QueueName": lost_calls_queue(args.function_name)},
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=self._child,
        )


def _trust_policy(args: FunctionArgs) -> str:
    service = "lambda.amazonaws.com"
    if args.takes_itself_in is None:
        return assume_role_document(service)
    return self_assuming_document(service, account_id=args.takes_itself_in, role_name=args.function_name)


def lost_calls_queue(function_name: str) -> str:
    """Name of the queue in which calls of a function that came to nothing wait."""
    return f"{function_name}-lost"
