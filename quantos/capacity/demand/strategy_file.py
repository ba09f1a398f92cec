"""A file of strategies as a person hands it in: all that is wrong with it at once, and what to know beforehand."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from quantos.capacity.pools.node_prices import NodePrice
from quantos.capacity.pools.pod_placement import without_room
from quantos.contracts.strategy import ExchangeSession, Strategy, StrategyBook
from quantos.documents.places import Plain
from quantos.documents.settings_file import placed, read_file, refusal, validated
from quantos.errors import ForecastError
from quantos.faults import FaultPath, in_order
from quantos.telemetry.bins import Grid
from quantos.telemetry.sessions.exchange_hours import recorded_until

REMEDY: Final = "correct the file; quantos/contracts/strategy.py says what each field may hold"
HOLIDAYS_AHEAD: Final = timedelta(days=90)
"""From so long before the last recorded holiday of an exchange on it is told that there are no more."""


@dataclass(frozen=True)
class StrategyFile:
    """The strategies of a file, and what whoever hands it in should know."""

    book: StrategyBook
    notes: tuple[str, ...]


def read_strategies(path: Path, *, nodes: Mapping[str, NodePrice], today: date) -> StrategyFile:
    """The strategies of a YAML or JSON file.

    Args:
        nodes: by pool of the environment.
        today: from which on every calendar must be told.

    Raises:
        SettingsError: with a line for everything that is wrong.
    """
    document = read_file(path, shown=str(path), remedy=REMEDY)
    book, faults = validated(StrategyBook, document)
    further = [*_unknown_pools(document.value, nodes)]
    if book is not None:
        further += [*_no_calendars(book, today=today), *without_room(book, nodes)]
    if book is None or further:
        raise refusal(str(path), in_order((*faults, *placed(further, document))), remedy=REMEDY)
    return StrategyFile(book, tuple(_notes(book, today=today)))


def _unknown_pools(stated: Plain, pools: Collection[str]) -> Iterator[tuple[FaultPath, str]]:
    """Told of a file that is wrong elsewhere too."""
    strategies = stated.get("strategies") if isinstance(stated, dict) else None
    for index, strategy in enumerate(strategies if isinstance(strategies, list) else ()):
        named = strategy.get("pools") if isinstance(strategy, dict) else None
        for place, pool in enumerate(named if isinstance(named, list) else ()):
            if isinstance(pool, str) and pool not in pools:
                near = difflib.get_close_matches(pool, pools, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                message = f"no pool is called {pool}{meant} (there are {', '.join(pools)})"
                yield ("strategies", index, "pools", place), message


def _no_calendars(book: StrategyBook, *, today: date) -> Iterator[tuple[FaultPath, str]]:
    for index, strategy in enumerate(book.strategies):
        try:
            _recorded_until(strategy, today=today)
        except ForecastError as exc:
            yield ("strategies", index, "session", "calendar"), f"{exc.what}; {exc.remedy}"


def _notes(book: StrategyBook, *, today: date) -> Iterator[str]:
    for strategy in book.strategies:
        if (until := _recorded_until(strategy, today=today)) is not None:
            yield (
                f"{strategy.name}: holidays of its exchange are recorded until {until}; later weekdays count as "
                "sessions until a newer version of exchange-calendars knows them"
            )


def _recorded_until(strategy: Strategy, *, today: date) -> date | None:
    if not isinstance(strategy.session, ExchangeSession):
        return None
    start = int(datetime.combine(today, time(), UTC).timestamp())
    return recorded_until(strategy.session, Grid(start, 3600, HOLIDAYS_AHEAD.days * 24))
