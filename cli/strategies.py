"""`quantos strategies`: what traders state, read and replaced."""

from datetime import UTC, datetime
from pathlib import Path

import boto3
import yaml
from pydantic import ValidationError

from cli.audit import audited
from cli.console import out
from cli.target import Target, open_target
from quantos.capacity.adapters.s3_plans import PlansBucket, S3StrategyRegistry
from quantos.contracts.strategy import StrategyBook
from quantos.errors import SettingsError


def show(environment: str) -> None:
    """Print the strategies of an environment, one a line."""
    for strategy in _registry(open_target(environment)).read().strategies:
        out.print(
            f"{strategy.name}: {strategy.series} on {' or '.join(strategy.pools)}, at most "
            f"{strategy.cost.ceiling_usd_per_hour:g} USD/hour, {strategy.owner} ({strategy.desk})"
        )


def apply(environment: str, file: Path) -> None:
    """Replace the strategies of `environment`, and record who did. Raises SettingsError where the file is wrong."""
    target = open_target(environment)
    book = read_book(file)
    unknown = sorted({pool for strategy in book.strategies for pool in strategy.pools} - set(target.settings.pools))
    if unknown:
        raise SettingsError(
            f"{file}: no pool is called {', '.join(unknown)}",
            remedy=f"the pools of {environment} are {', '.join(target.settings.pools)}",
        )
    _registry(target).replace(book)
    names = [strategy.name for strategy in book.strategies]
    audited(target, kind="strategy", subject=environment, at=datetime.now(tz=UTC), body={"strategies": list(names)})
    out.print(f"{len(names)} strategies: {', '.join(names)}")


def read_book(file: Path) -> StrategyBook:
    """The strategies of a file. Raises SettingsError naming file and field."""
    try:
        return StrategyBook.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as exc:
        raise SettingsError(f"{file} cannot be read: {exc}", remedy="give a YAML file of strategies") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{file}: {field}: {first['msg']}", remedy="correct the field") from exc


def _registry(target: Target) -> S3StrategyRegistry:
    client = boto3.client("s3", region_name=target.settings.region)
    return S3StrategyRegistry(PlansBucket(client, target.settings.names().bucket("plans")))
