"""A month's budget of what carries one tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

ACTUAL_PERCENT: Final = 80
FORECAST_PERCENT: Final = 100


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """Costs of resources whose tag `tag_key` is `tag_value` count; the tag must be a cost allocation tag.

    The topic must let Budgets publish.
    """

    budget_name: str
    limit_usd_per_month: float
    tag_key: str
    tag_value: str
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Budget(pulumi.ComponentResource):
    """Tells when 80 % of the month's budget is spent, and when all of it is forecast to be.

    Credits and refunds do not count, so that they never hide what is spent.

    Outputs: `arn`.
    Guarded by: the security pack, as a plain object.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/cost:Budget", name, {}, opts)
        thresholds = {"ACTUAL": ACTUAL_PERCENT, "FORECASTED": FORECAST_PERCENT}
        budget = aws.budgets.Budget(
            name,
            name=args.budget_name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args.limit_usd_per_month:.2f}",
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:{args.tag_key}${args.tag_value}"]}],
            cost_types={"include_credit": False, "include_refund": False},
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic_arn],
                }
                for kind, percent in thresholds.items()
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = budget.arn
        self.register_outputs({"arn": self.arn})
