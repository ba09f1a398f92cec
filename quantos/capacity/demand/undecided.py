"""Strategies that cannot be decided, set apart so that the others are; what stands for each is held."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, TypeVar

from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.errors import ForecastError, QuantosError, SettingsError
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.open_hours import open_bins

DemandT = TypeVar("DemandT")

BROKEN: Final = (ForecastError, SettingsError, ArithmeticError, LookupError, TypeError, ValueError)
"""What the numbers and words of a strategy can make our own arithmetic raise; stores and the bus raise other errors."""


@dataclass(frozen=True, kw_only=True)
class UndecidedStrategy:
    """A strategy without a decision.

    Attributes:
        pools: of the environment, those it may run on; empty where that is not told.
        ceiling_usd_per_hour: None where that is not told.
        reason: in words that follow a colon.
    """

    name: str
    pools: tuple[str, ...]
    ceiling_usd_per_hour: float | None
    reason: str


def undecided(strategy: Strategy, error: Exception, *, pools: Collection[str]) -> UndecidedStrategy:
    """The strategy that raised; `pools` are those of the environment."""
    reason = error.what if isinstance(error, QuantosError) else f"{type(error).__name__}: {error}"
    return UndecidedStrategy(
        name=strategy.name,
        pools=tuple(pool for pool in strategy.pools if pool in pools),
        ceiling_usd_per_hour=strategy.cost.ceiling_usd_per_hour,
        reason=reason,
    )


def decidable(
    book: StrategyBook, *, pools: Collection[str], grid: Grid
) -> tuple[StrategyBook, tuple[UndecidedStrategy, ...]]:
    """The strategies whose pools exist and whose session is known on a grid, and the others."""
    apart = [
        UndecidedStrategy(
            name=unread.name,
            pools=tuple(pool for pool in unread.pools if pool in pools),
            ceiling_usd_per_hour=None,
            reason=unread.reason,
        )
        for unread in book.unread
    ]
    kept: list[Strategy] = []
    for strategy in book.strategies:
        try:
            _probe(strategy, pools=pools, grid=grid)
        except BROKEN as exc:
            apart.append(undecided(strategy, exc, pools=pools))
        else:
            kept.append(strategy)
    return StrategyBook(strategies=tuple(kept)), tuple(apart)


def kept_apart(
    strategies: tuple[Strategy, ...], read: Callable[[tuple[Strategy, ...]], DemandT], *, pools: Collection[str]
) -> tuple[DemandT | None, tuple[UndecidedStrategy, ...]]:
    """What is read of strategies that share pools, without those that cannot be read alone; None where none is left."""
    try:
        return read(strategies), ()
    except BROKEN as exc:
        error: Exception = exc
    errors = {strategy.name: failed for strategy in strategies if (failed := _failure(strategy, read)) is not None}
    apart = tuple(
        undecided(strategy, errors[strategy.name], pools=pools) for strategy in strategies if strategy.name in errors
    )
    kept = tuple(strategy for strategy in strategies if strategy.name not in errors)
    if kept and apart:
        try:
            return read(kept), apart
        except BROKEN as exc:
            error = exc
    return None, (*apart, *(undecided(strategy, error, pools=pools) for strategy in kept))


def _failure(strategy: Strategy, read: Callable[[tuple[Strategy, ...]], DemandT]) -> Exception | None:
    try:
        read((strategy,))
    except BROKEN as exc:
        return exc
    return None


def _probe(strategy: Strategy, *, pools: Collection[str], grid: Grid) -> None:
    if unknown := sorted(set(strategy.pools) - set(pools)):
        raise SettingsError(
            f"it asks for pool {', '.join(unknown)}, which the environment does not have",
            remedy=f"name some of: {', '.join(sorted(pools))}",
        )
    open_bins(strategy.session, grid)
