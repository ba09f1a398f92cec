"""The sources of every series that strategies name, as a decision would see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from quantos.capacity.demand.strategy_series import strategy_series
from quantos.contracts.strategy import StrategyBook
from quantos.environment.settings.decisions import DecisionSettings
from quantos.telemetry.bins import Grid, floor_to_bin
from quantos.telemetry.completeness import SourceState
from quantos.telemetry.windows.demand_windows import DemandWindows
from quantos.units import DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class ListedSource:
    """A source of a series that a strategy names; `last` is the end of the last bin in which it was heard."""

    strategy: str
    series: str
    source: SourceState
    last: datetime | None
    declared: bool

    @property
    def sentence(self) -> str:
        """How it stands, for a person."""
        name = f"{self.source.name}{' (declared)' if self.declared else ''}"
        return f"{self.series} {name}: {_words(self.source)}, last heard {_moment(self.last)}"


def listed_sources(
    book: StrategyBook, windows: DemandWindows, settings: DecisionSettings, *, at: datetime
) -> Iterator[ListedSource]:
    """By strategy and name, as of the last bin that ended by `at`. Raises TelemetryError."""
    end = floor_to_bin(at, bin_seconds=settings.bin_seconds)
    start = (end // DAY_SECONDS - settings.history_days) * DAY_SECONDS
    grid = Grid(start, settings.bin_seconds, (end - start) // settings.bin_seconds)
    sources = windows.read({strategy.series for strategy in book.strategies}, grid)
    for strategy in book.strategies:
        for source in strategy_series(strategy, grid, by_source=sources[strategy.series], settings=settings).sources:
            last = None if source.last is None else grid.start + (source.last + 1) * grid.bin_seconds
            yield ListedSource(
                strategy=strategy.name,
                series=strategy.series,
                source=source,
                last=None if last is None else datetime.fromtimestamp(last, UTC),
                declared=source.name in strategy.sources,
            )


def _words(source: SourceState) -> str:
    match source.state:
        case "heard":
            return "heard"
        case "silent":
            return f"silent, {source.held:g} held for it"
        case "succeeded":
            return "silent, and a new source tells what it did"
        case "retired":
            return "given up"
        case "left":
            return "said goodbye, or was retired"
    assert_never(source.state)


def _moment(last: datetime | None) -> str:
    return "never" if last is None else f"{last:%Y-%m-%d %H:%M} UTC"
