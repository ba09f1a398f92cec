"""`quantos strategies list`: what traders state."""

import boto3

from cli.console import out
from cli.target import Target, open_target
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry


def show(environment: str) -> None:
    """Print the strategies of an environment, one a line."""
    for strategy in registry_of(open_target(environment)).read().strategies:
        out.print(
            f"{strategy.name}: {strategy.series} on {' or '.join(strategy.pools)}, at most "
            f"{strategy.cost.ceiling_usd_per_hour:g} USD/hour, {strategy.owner} ({strategy.desk})"
        )


def registry_of(target: Target) -> S3StrategyRegistry:
    """Where the strategies of `target` are kept."""
    client = boto3.client("s3", region_name=target.settings.region)
    return S3StrategyRegistry(PlansBucket(client, target.settings.names().bucket("plans")))
