"""What an environment costs: its budget, unusual cost, and the bill where it can be queried."""

from typing import Final

from components.aws.cost.anomaly_monitor import AnomalyMonitor, AnomalyMonitorArgs
from components.aws.cost.billing_lake import BillingLake, BillingLakeArgs
from components.aws.cost.budget import Budget, BudgetArgs
from stacks.control_layer import ControlLayer

ENVIRONMENT_TAG: Final = "environment"
RESULTS_PREFIX: Final = "athena"
FIRST_MONTH: Final = "2026-01"
SCAN_LIMIT_BYTES: Final = 20 * 2**30
"""A year's bill of a large account is smaller; at 5 USD a TiB a query costs at most ten cents."""


def cost_watch(layer: ControlLayer) -> None:
    """A month's budget and a monitor of unusual cost, told on the alarm topic."""
    settings = layer.settings
    budget_args = BudgetArgs(
        budget_name=settings.names().prefix,
        limit_usd_per_month=settings.limits.budget_usd_per_month,
        tag_key=ENVIRONMENT_TAG,
        tag_value=settings.tags()[ENVIRONMENT_TAG],
        topic_arn=layer.alarms.arn,
        tags=settings.tags(),
    )
    Budget("month", budget_args)
    anomaly_args = AnomalyMonitorArgs(
        monitor_name=settings.names().prefix,
        impact_usd=settings.limits.anomaly_usd,
        tag_key=ENVIRONMENT_TAG,
        tag_value=settings.tags()[ENVIRONMENT_TAG],
        topic_arn=layer.alarms.arn,
        tags=settings.tags(),
    )
    AnomalyMonitor("month", anomaly_args)


def billing_lake(layer: ControlLayer) -> BillingLake:
    """The account's bill in the lake bucket."""
    settings, names = layer.settings, layer.settings.names()
    args = BillingLakeArgs(
        name=f"{names.prefix}-billing",
        database_name=f"{names.prefix}-billing".replace("-", "_"),
        account_id=settings.account_id,
        region=settings.region,
        bucket_name=layer.output("lake_bucket"),
        prefix=names.billing_prefix,
        results_prefix=RESULTS_PREFIX,
        first_month=FIRST_MONTH,
        kms_key_arn=layer.output("data_key_arn"),
        scan_limit_bytes=SCAN_LIMIT_BYTES,
        deletion_protection=settings.deletion_protection,
        tags=settings.tags(),
    )
    return BillingLake("billing", args)
