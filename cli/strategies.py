"""`quantos strategies`: what traders state, read and replaced."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import boto3

from cli.audit import audited
from cli.console import out
from cli.target import Target, open_target
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.capacity.node_prices import node_prices
from quantos.capacity.strategy_file import read_strategies


def show(environment: str) -> None:
    """Print the strategies of an environment, one a line."""
    for strategy in _registry(open_target(environment)).read().strategies:
        out.print(
            f"{strategy.name}: {strategy.series} on {' or '.join(strategy.pools)}, at most "
            f"{strategy.cost.ceiling_usd_per_hour:g} USD/hour, {strategy.owner} ({strategy.desk})"
        )


def apply(environment: str, file: Path) -> None:
    """Replace the strategies of `environment`, and record who did. Raises SettingsError where the file is wrong.

    It is recorded first: a record of what was not replaced after all harms less than a change that nobody can prove.
    """
    target = open_target(environment)
    now = datetime.now(tz=UTC)
    nodes = node_prices(target.settings, target.catalog)
    stated = read_strategies(file, nodes=nodes, today=now.date())
    names = [strategy.name for strategy in stated.book.strategies]
    digest = hashlib.sha256(stated.book.to_json()).hexdigest()
    audited(
        target, kind="strategy", subject=environment, at=now, body={"strategies": list(names), "book_sha256": digest}
    )
    _registry(target).replace(stated.book)
    for note in stated.notes:
        out.print(f"Note: {note}", markup=False)
    out.print(f"{len(names)} strategies: {', '.join(names)}")


def _registry(target: Target) -> S3StrategyRegistry:
    client = boto3.client("s3", region_name=target.settings.region)
    return S3StrategyRegistry(PlansBucket(client, target.settings.names().bucket("plans")))
