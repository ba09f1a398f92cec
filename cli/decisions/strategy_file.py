"""`quantos strategies apply`: what traders state, replaced by a file."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from cli.console import out
from cli.decisions.strategies import registry_of
from cli.environments.audit import audited
from cli.target import open_target
from quantos.capacity.demand.strategy_file import read_strategies
from quantos.capacity.pools.node_prices import node_prices


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
    registry = registry_of(target)
    gone = [strategy.name for strategy in registry.read().strategies if strategy.name not in names]
    registry.replace(stated.book)
    for note in stated.notes:
        out.print(f"Note: {note}", markup=False)
    out.print(f"{len(names)} strateg{'y' if len(names) == 1 else 'ies'}: {', '.join(names) or 'none'}", markup=False)
    if gone:
        out.print(f"No longer there: {', '.join(gone)}", markup=False)
