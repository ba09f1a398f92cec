"""Budgets, in the stand-in's store: moto can neither change one nor tag it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, items, mapping

_COST_TYPES: Mapping[str, bool] = {
    "includeCredit": True,
    "includeDiscount": True,
    "includeOtherSubscription": True,
    "includeRecurring": True,
    "includeRefund": True,
    "includeSubscription": True,
    "includeSupport": True,
    "includeTax": True,
    "includeUpfront": True,
    "useAmortized": False,
    "useBlended": False,
}
"""What AWS counts where a budget does not say. Source: Budgets API reference, CostTypes."""


_SUBSCRIBERS = ("subscriberSnsTopicArns", "subscriberEmailAddresses")


def _refusals(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    limits = [name for name in ("limitAmount", "plannedLimits", "autoAdjustData") if inputs.get(name)]
    if len(limits) != 1:
        yield Failure("limitAmount", "exactly one of limitAmount, plannedLimits and autoAdjustData is needed")
    if inputs.get("costFilters") and inputs.get("filterExpression"):
        yield Failure("costFilters", "conflicts with filterExpression")
    for position, notification in enumerate(map(mapping, items(inputs.get("notifications")))):
        if not any(items(notification.get(name)) for name in _SUBSCRIBERS):
            yield Failure(f"notifications[{position}]", "a notification needs at least one subscriber")


def _budget(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    del identity
    started: Json = inputs.get("timePeriodStart") or "2026-11-01_00:00"
    return {
        "accountId": inputs.get("accountId") or context.account.account_id,
        "arn": context.account.arn("budgets", f"budget/{inputs['name']}", region=""),
        "costTypes": {**_COST_TYPES, **mapping(inputs.get("costTypes"))},
        "timePeriodStart": started,
        "timePeriodEnd": inputs.get("timePeriodEnd") or "2087-06-15_00:00",
    }


BUDGET = Row(
    resource="aws:budgets/budget:Budget",
    stored=True,
    name="name",
    name_limit=100,
    replaces=frozenset({"accountId", "name", "namePrefix"}),
    refusals=_refusals,
    differs="counts no cost and tells nobody; a budget without a start begins in November 2026, where AWS takes the"
    " current period; subscribers are not looked up",
    requests=(
        ApiRequest(
            service="budgets",
            operation="create_budget",
            at="Budget",
            renames={
                "name": "BudgetName",
                "limitAmount": "BudgetLimit.Amount",
                "limitUnit": "BudgetLimit.Unit",
                "autoAdjustData.historicalOptions": "HistoricalOptions",
            },
        ),
        ApiRequest(service="budgets", operation="create_notification", renames={"notifications": "Notification"}),
    ),
    handler=KeptObject(
        service="budgets",
        id_format="",
        id_of=lambda context, inputs: f"{inputs.get('accountId') or context.account.account_id}:{inputs['name']}",
        compute=_budget,
        mutable=frozenset(
            {
                "autoAdjustData",
                "billingViewArn",
                "budgetType",
                "costFilters",
                "costTypes",
                "filterExpression",
                "limitAmount",
                "limitUnit",
                "metrics",
                "notifications",
                "plannedLimits",
                "timePeriodEnd",
                "timePeriodStart",
                "timeUnit",
            }
        ),
    ),
)

ROWS = (BUDGET,)
