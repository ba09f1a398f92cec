"""`quantos strategies apply`: what traders state, replaced by a file."""

import hashlib
from pathlib import Path

from cli.console import out
from cli.decisions.strategies import registry_of
from cli.recorded import Change, recorded
from cli.target import open_target
from quantos.capacity.demand.strategy_file import read_strategies
from quantos.capacity.pools.node_prices import node_prices
from quantos.clock import utc_now


def apply(environment: str, file: Path) -> None:
    """Replace the strategies of `environment`, and record who did. Raises SettingsError where the file is wrong.

    What is intended is recorded first, with the digests of the whole book before and after; the book is replaced if it
    still is the one before, and what became of it is recorded too. Applying a file again settles what is not known.

    Raises:
        PlanConflictError: somebody else replaced the book meanwhile. AuditError: it could not be recorded.
    """
    target = open_target(environment)
    nodes = node_prices(target.settings, target.catalog)
    stated = read_strategies(file, nodes=nodes, today=utc_now().date())
    names = [strategy.name for strategy in stated.book.strategies]
    registry = registry_of(target)
    before = registry.standing()
    change = Change(
        kind="strategy",
        subject=environment,
        body={
            "strategies": list(names),
            "before_sha256": before.sha256,
            "after_sha256": hashlib.sha256(stated.book.to_json()).hexdigest(),
        },
    )
    with recorded(target, change):
        registry.change(before, stated.book)
    gone = [strategy.name for strategy in before.book.strategies if strategy.name not in names]
    for note in stated.notes:
        out.print(f"Note: {note}", markup=False)
    out.print(f"{len(names)} strateg{'y' if len(names) == 1 else 'ies'}: {', '.join(names) or 'none'}", markup=False)
    if gone:
        out.print(f"No longer there: {', '.join(gone)}", markup=False)
