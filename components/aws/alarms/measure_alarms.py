"""Alarms on a metric that a function counts of its work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.alarms.alarm import Alarm, AlarmArgs


@dataclass(frozen=True, kw_only=True)
class AlarmLimit:
    """Goes off above `threshold` in `periods` periods in a row; with `silent_periods`, after so many without a value.

    `name` tells it from other alarms of the function.
    """

    name: str
    description: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    threshold: float = 0
    periods: int = 1
    silent_periods: int = 0
    period_seconds: int = 300


@dataclass(frozen=True, kw_only=True)
class MeasureAlarmsArgs:
    """`dimensions` are those that every series of the metric has; a limit adds those that tell its series apart."""

    function_name: str
    metric_namespace: str
    metric: str
    dimensions: Mapping[str, str]
    limits: Sequence[AlarmLimit]
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class MeasureAlarms(pulumi.ComponentResource):
    """The alarms on a metric that a function writes to its log in the embedded metric format.

    Outputs: `arns` of the alarms, by name.

    Guarded by the security and cost packs, since its objects are plain.
    """

    arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: MeasureAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/alarms:MeasureAlarms", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.arns = {limit.name: _alarm(name, args, limit, opts=child).arn for limit in args.limits}
        self.register_outputs({"arns": self.arns})


def _alarm(name: str, args: MeasureAlarmsArgs, limit: AlarmLimit, *, opts: pulumi.ResourceOptions) -> Alarm:
    return Alarm(
        f"{name}-{limit.name}",
        AlarmArgs(
            alarm_name=f"{args.function_name}-{limit.name}",
            description=limit.description,
            namespace=args.metric_namespace,
            metric=args.metric,
            dimensions={**args.dimensions, **limit.dimensions},
            statistic=limit.statistic,
            threshold=limit.threshold,
            periods=limit.periods,
            silent_periods=limit.silent_periods,
            period_seconds=limit.period_seconds,
            topic_arn=args.alarm_topic_arn,
            tags=args.tags,
        ),
        opts=opts,
    )
