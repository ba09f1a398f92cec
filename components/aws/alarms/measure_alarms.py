"""Alarms on what a function logs of its work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

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
    """`field` of a JSON log line is the value, and the fields in `dimensions`, by dimension, tell its series apart."""

    function_name: str
    log_group_name: pulumi.Input[str]
    metric_namespace: str
    metric: str
    field: str
    unit: str
    dimensions: Mapping[str, str]
    limits: Sequence[AlarmLimit]
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class MeasureAlarms(pulumi.ComponentResource):
    """A metric made of a function's log, and the alarms on it.

    Outputs: `arns` of the alarms, by name.

    Guarded by the security and cost packs, since its objects are plain.
    """

    arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: MeasureAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/alarms:MeasureAlarms", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.cloudwatch.LogMetricFilter(
            name,
            name=f"{args.function_name}-{args.metric}",
            log_group_name=args.log_group_name,
            pattern=pattern(args.field, *args.dimensions.values()),
            metric_transformation={
                "namespace": args.metric_namespace,
                "name": args.metric,
                "value": f"$.{args.field}",
                "unit": args.unit,
                "dimensions": {dimension: f"$.{field}" for dimension, field in args.dimensions.items()} or None,
            },
            opts=child,
        )
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
            dimensions=limit.dimensions or None,
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


def pattern(*fields: str) -> str:
    """A CloudWatch Logs pattern of the JSON lines that have all these fields."""
    return "{ " + " && ".join(f"($.{field} = *)" for field in fields) + " }"
