"""Alarms on what the resize function reports: plans that were not applied, and no plans at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs

METRIC = "PlansNotApplied"
MINIMUM_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class OutcomeAlarmsArgs:
    """`statuses` are the outcomes that a person must look at, as the function logs them in the field `status`.

    `silent_intervals` intervals without a single call raise an alarm too.
    """

    function_name: str
    log_group_name: pulumi.Input[str]
    metric_namespace: str
    statuses: Sequence[str]
    interval_seconds: int
    silent_intervals: int
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class OutcomeAlarms(pulumi.ComponentResource):
    """Tells when a plan ended badly, and when the loop has stopped.

    Outputs: `not_applied_arn`, `silent_arn`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    not_applied_arn: pulumi.Output[str]
    silent_arn: pulumi.Output[str]

    def __init__(self, name: str, args: OutcomeAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:control:OutcomeAlarms", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.cloudwatch.LogMetricFilter(
            name,
            name=f"{args.function_name}-not-applied",
            log_group_name=args.log_group_name,
            pattern=filter_pattern(args.statuses),
            metric_transformation={"namespace": args.metric_namespace, "name": METRIC, "value": "1", "unit": "Count"},
            opts=child,
        )
        self.not_applied_arn = Alarm(
            f"{name}-not-applied",
            AlarmArgs(
                alarm_name=f"{args.function_name}-not-applied",
                description=f"a plan ended as one of {', '.join(args.statuses)}; `quantos explain` says why",
                namespace=args.metric_namespace,
                metric=METRIC,
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=child,
        ).arn
        self.silent_arn = Alarm(
            f"{name}-silent",
            AlarmArgs(
                alarm_name=f"{args.function_name}-silent",
                description=f"no plan has reached {args.function_name} for {args.silent_intervals} intervals",
                namespace="AWS/Lambda",
                metric="Invocations",
                dimensions={"FunctionName": args.function_name},
                period_seconds=max(args.interval_seconds, MINIMUM_PERIOD_SECONDS),
                silent_periods=args.silent_intervals,
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=child,
        ).arn
        self.register_outputs({"notAppliedArn": self.not_applied_arn, "silentArn": self.silent_arn})


def filter_pattern(statuses: Sequence[str]) -> str:
    """A CloudWatch Logs pattern of the JSON lines whose `status` is one of these."""
    return "{ " + " || ".join(f'($.status = "{status}")' for status in statuses) + " }"
