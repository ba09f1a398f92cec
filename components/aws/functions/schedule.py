"""A clock that calls a function for one stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.iam.service_role import ServiceRole, ServiceRoleArgs
from components.aws.iam.statements import Statement, assume_role_document, policy_document

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR
LONGEST_WAIT_SECONDS = 6 * SECONDS_PER_HOUR
"""A call that Lambda took waits at most this long for an attempt."""


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """`interval_seconds` divides an hour or is a day; calls fall `offset_seconds` after its multiples, in UTC.

    `payload` is what the function gets beside `scheduled_time`. `retries` counts attempts after the first, both of
    the delivery and of the function; a call is given up when the next one is due, or after six hours, and then goes to
    the function's queue of lost calls. `alias_arn` ends in `:<function>:<alias>`.
    """

    schedule_name: str
    account_id: str
    function_name: str
    alias_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    interval_seconds: int
    offset_seconds: int
    retries: int
    payload: Mapping[str, str]
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Schedule(pulumi.ComponentResource):
    """An EventBridge schedule, its role, and how often the function tries a call of it.

    Outputs: `schedule_arn`.
    Guarded by: the security pack, as plain objects.
    """

    schedule_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/functions:Schedule", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        called = pulumi.Output.from_input(args.alias_arn).apply(lambda arn: arn.split(":"))
        aws.lambda_.FunctionEventInvokeConfig(
            name,
            function_name=called.apply(lambda parts: parts[-2]),
            qualifier=called.apply(lambda parts: parts[-1]),
            maximum_retry_attempts=args.retries,
            maximum_event_age_in_seconds=min(args.interval_seconds, LONGEST_WAIT_SECONDS),
            opts=self._child,
        )
        self.schedule_arn = self._schedule().arn
        self.register_outputs({"scheduleArn": self.schedule_arn})

    def _schedule(self) -> aws.scheduler.Schedule:
        args = self._args
        statements = pulumi.Output.all(args.alias_arn, args.queue_arn, args.kms_key_arn).apply(
            lambda arns: policy_document(_calling(*map(str, arns)))
        )
        role = ServiceRole(
            self._name,
            ServiceRoleArgs(
                role_name=args.schedule_name,
                trust_policy=assume_role_document("scheduler.amazonaws.com", account_id=args.account_id),
                managed_policies={},
                policy=statements,
                tags=args.tags,
            ),
            opts=self._child,
        )
        return aws.scheduler.Schedule(
            self._name,
            name=args.schedule_name,
            description=f"calls {args.function_name} every {args.interval_seconds} s",
            schedule_expression=cron_expression(args.interval_seconds, offset_seconds=args.offset_seconds),
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": args.alias_arn,
                "role_arn": role.arn,
                "input": json.dumps({**args.payload, "scheduled_time": "<aws.scheduler.scheduled-time>"}),
                "retry_policy": {
                    "maximum_retry_attempts": args.retries,
                    "maximum_event_age_in_seconds": min(args.interval_seconds, LONGEST_WAIT_SECONDS),
                },
                "dead_letter_config": {"arn": args.queue_arn},
            },
            opts=self._child,
        )


def cron_expression(interval_seconds: int, *, offset_seconds: int = 0) -> str:
    """The schedule whose moments are the multiples of the interval since the epoch, or lie an offset after them.

    A `rate(...)` would count from when it was made, and miss the ends of bins.

    Raises:
        ValueError: the interval is neither a day nor whole minutes that divide an hour, or the offset is not whole
            minutes shorter than it.
    """
    minutes, rest = divmod(interval_seconds, SECONDS_PER_MINUTE)
    if rest or minutes < 1 or (SECONDS_PER_HOUR % interval_seconds and interval_seconds != SECONDS_PER_DAY):
        raise ValueError(
            f"no schedule has an interval of {interval_seconds} s: a day and whole minutes that divide an hour do"
        )
    if offset_seconds % SECONDS_PER_MINUTE or not 0 <= offset_seconds < interval_seconds:
        raise ValueError(f"an offset of {offset_seconds} s is not whole minutes within {interval_seconds} s")
    hour, minute = divmod(offset_seconds // SECONDS_PER_MINUTE, 60)
    if interval_seconds == SECONDS_PER_DAY:
        return f"cron({minute} {hour} * * ? *)"
    if interval_seconds == SECONDS_PER_HOUR:
        return f"cron({minute} * * * ? *)"
    return f"cron({minute}/{minutes} * * * ? *)"


def _calling(alias_arn: str, queue_arn: str, key_arn: str) -> tuple[Statement, ...]:
    return (
        Statement(sid="CallFunction", actions=("lambda:InvokeFunction",), resources=(alias_arn,)),
        Statement(sid="KeepLostCalls", actions=("sqs:SendMessage",), resources=(queue_arn,)),
        Statement(sid="EncryptLostCalls", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=(key_arn,)),
    )
