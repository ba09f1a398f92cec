"""Binned demand of the last weeks, kept between decisions, so that a warm decision reads hours and not weeks."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from quantos.telemetry.bins import FloatArray, Grid, bin_sums
from quantos.telemetry.ports import DemandHistory

TAIL_SECONDS: Final = 2 * 3600
"""Samples up to this old are read again at every decision."""

REREAD_PARTS: Final = 24
"""Whenever the window has moved on by an hour, one of this many parts of it is read again."""

_HOUR_SECONDS: Final = 3600


@dataclass(frozen=True)
class _Span:
    """From `start` to `end`, epoch seconds, as read in `hour` of the clock that decisions run on."""

    start: int
    end: int
    hour: int


@dataclass(frozen=True)
class _Kept:
    span: _Span
    sums: FloatArray


@dataclass
class DemandWindows:
    """Bin sums by series, read through from the history.

    A sample that arrives less than `TAIL_SECONDS` late is in the next decision; a later one within `REREAD_PARTS`
    hours of the clock that decisions run on. Errors of the history (TelemetryError) pass through.
    """

    history: DemandHistory
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)

    def read(self, series: Collection[str], grid: Grid) -> dict[str, FloatArray]:
        """Sums on `grid` of every series asked for, NaN where a bin has no sample; shape (count,) each."""
        waiting: defaultdict[_Span | None, list[str]] = defaultdict(list)
        for name in series:
            kept = self._kept.get((name, grid.bin_seconds))
            waiting[kept.span if kept is not None and _continues(kept.span, grid) else None].append(name)
        found: dict[str, FloatArray] = {}
        for span, names in waiting.items():
            found |= self._fetch(names, grid) if span is None else self._continue(names, grid, span=span)
        for name, sums in found.items():
            self._keep(name, grid, sums=sums)
        return {name: found[name].copy() for name in series}

    def _keep(self, series: str, grid: Grid, *, sums: FloatArray) -> None:
        kept = self._kept.get((series, grid.bin_seconds))
        if kept is None or grid.end >= kept.span.end:
            span = _Span(start=grid.start, end=grid.end, hour=grid.end // _HOUR_SECONDS)
            self._kept[series, grid.bin_seconds] = _Kept(span, sums)

    def _continue(self, series: Collection[str], grid: Grid, *, span: "_Span") -> dict[str, FloatArray]:
        """Sums of series that are kept on one span."""
        found = {name: np.full(grid.count, np.nan) for name in series}
        shift = (grid.start - span.start) // grid.bin_seconds
        for name, sums in found.items():
            carried = self._kept[name, grid.bin_seconds].sums[shift : shift + grid.count]
            sums[: len(carried)] = carried
        self._overwrite(found, grid, start=min(span.end, grid.end) - TAIL_SECONDS, end=grid.end)
        for hour in range(span.hour + 1, grid.end // _HOUR_SECONDS + 1):
            for start, end in _part(grid, hour=hour):
                self._overwrite(found, grid, start=start, end=end)
        return found

    def _overwrite(self, found: Mapping[str, FloatArray], grid: Grid, *, start: int, end: int) -> None:
        first = max((start - grid.start) // grid.bin_seconds, 0)
        last = min(-(-(end - grid.start) // grid.bin_seconds), grid.count)
        part = Grid(grid.start + first * grid.bin_seconds, grid.bin_seconds, last - first)
        for name, sums in self._fetch(found, part).items():
            found[name][first:last] = sums

    def _fetch(self, series: Collection[str], grid: Grid) -> dict[str, FloatArray]:
        samples = self.history.samples(series, start=grid.starts_at, end=grid.ends_at)
        return {name: bin_sums(samples[name], grid) for name in series}


def _part(grid: Grid, *, hour: int) -> Iterator[tuple[int, int]]:
    """Spans to read again in an hour, epoch seconds.

    Time is cut into spans that do not move with the window; of any `REREAD_PARTS` in a row one has its turn.
    """
    hours = -(-grid.count * grid.bin_seconds // (REREAD_PARTS * _HOUR_SECONDS))
    length = hours * _HOUR_SECONDS
    for index in range(grid.start // length, -(-grid.end // length)):
        if index % REREAD_PARTS == hour % REREAD_PARTS:
            yield max(index * length, grid.start), min((index + 1) * length, grid.end)


def _continues(kept: _Span, grid: Grid) -> bool:
    """Whether `grid` starts inside what is kept and moves on by less than the parts would be read again in."""
    moved_seconds = grid.end - kept.end
    return kept.start <= grid.start < kept.end and 0 <= moved_seconds < REREAD_PARTS * _HOUR_SECONDS
