"""Alarms on what the resize function reports: plans that were not applied, and no plans at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.alarms.alarm import Alarm, AlarmArgs

MINIMUM_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class WatchedOutcomes:
    """Outcomes that raise one alarm, as the function counts them in `metric`.

    `description` says what to do. `name` tells the alarm from others. An outcome that is no fault by itself raises it
    when it comes in so many intervals `in_a_row`.
    """

    name: str
    metric: str
    description: str
    in_a_row: int = 1


@dataclass(frozen=True, kw_only=True)
class OutcomeAlarmsArgs:
    """`watched` are the outcomes that a person must look at, an alarm each on a metric with `dimensions`.

    `silent_intervals` intervals without a single call raise an alarm too.
    """

    function_name: str
    metric_namespace: str
    dimensions: Mapping[str, str]
    watched: Sequence[WatchedOutcomes]
    interval_seconds: int
    silent_intervals: int
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class OutcomeAlarms(pulumi.ComponentResource):
    """Tells when a plan ended badly, and when the loop has stopped.

    Outputs: `outcome_arns` by name of the watched outcomes, `silent_arn`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    outcome_arns: Mapping[str, pulumi.Output[str]]
    silent_arn: pulumi.Output[str]

    def __init__(self, name: str, args: OutcomeAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/alarms:OutcomeAlarms", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.outcome_arns = {each.name: _outcome_alarm(name, args, each, opts=child).arn for each in args.watched}
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
        self.register_outputs({"outcomeArns": self.outcome_arns, "silentArn": self.silent_arn})


def _outcome_alarm(
    name: str, args: OutcomeAlarmsArgs, watched: WatchedOutcomes, *, opts: pulumi.ResourceOptions
) -> Alarm:
    alarm_name = f"{args.function_name}-{watched.name}"
    return Alarm(
        f"{name}-{watched.name}",
        AlarmArgs(
            alarm_name=alarm_name,
            description=watched.description,
            namespace=args.metric_namespace,
            metric=watched.metric,
            dimensions=args.dimensions,
            period_seconds=max(args.interval_seconds, MINIMUM_PERIOD_SECONDS) if watched.in_a_row > 1 else 300,
            periods=watched.in_a_row,
            topic_arn=args.alarm_topic_arn,
            tags=args.tags,
        ),
        opts=opts,
    )
