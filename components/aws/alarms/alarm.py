"""An alarm that tells a topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AlarmArgs:
    """Goes off when a period counts anything at all, for metrics that should stay at zero.

    `threshold` and `periods` say otherwise: above it, in that many periods in a row. `percentile` looks at one of the
    metric's values, such as 99, in place of a statistic.

    `silent_periods` turns it around: it goes off after that many periods in a row without a count, for metrics that
    should never be at zero. `missing` is what a period without data counts as otherwise.
    """

    alarm_name: str
    description: str
    namespace: str
    metric: str
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    dimensions: Mapping[str, pulumi.Input[str]] | None = None
    period_seconds: int = 300
    statistic: str = "Sum"
    percentile: int | None = None
    threshold: float = 0
    periods: int = 1
    silent_periods: int = 0
    missing: Literal["notBreaching", "breaching", "ignore"] = "notBreaching"


class Alarm(pulumi.ComponentResource):
    """A CloudWatch alarm which tells when it goes off and when all is well again.

    Outputs: `arn`.
    Guarded by: the security pack, as a plain object.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/alarms:Alarm", name, {}, opts)
        silent = args.silent_periods > 0
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            name=args.alarm_name,
            alarm_description=args.description,
            namespace=args.namespace,
            metric_name=args.metric,
            dimensions=args.dimensions,
            statistic=args.statistic if args.percentile is None else None,
            extended_statistic=None if args.percentile is None else f"p{args.percentile}",
            period=args.period_seconds,
            evaluation_periods=args.silent_periods if silent else args.periods,
            comparison_operator="LessThanThreshold" if silent else "GreaterThanThreshold",
            threshold=1 if silent else args.threshold,
            treat_missing_data="breaching" if silent else args.missing,
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = alarm.arn
        self.register_outputs({"arn": self.arn})
