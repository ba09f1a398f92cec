"""Binned demand of the last weeks, kept between decisions, so that a warm decision reads hours and not weeks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from quantos.telemetry.bins import FloatArray, Grid, bin_sums
from quantos.telemetry.ports import DemandHistory

TAIL_SECONDS: Final = 2 * 3600
"""Samples up to this old are read again at every decision."""

REREAD_PARTS: Final = 24
"""Whenever the window has moved on by an hour, one of this many parts of it is read again."""

_HOUR_SECONDS: Final = 3600


@dataclass
class _Kept:
    start: int
    sums: FloatArray
    hour: int


@dataclass
class DemandWindows:
    """Bin sums by series, read through from the history.

    A sample that arrives less than `TAIL_SECONDS` late is in the next decision; a later one within `REREAD_PARTS`
    hours of the clock that decisions run on. Errors of the history (TelemetryError) pass through.
    """

    history: DemandHistory
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)

    def read(self, series: str, grid: Grid) -> FloatArray:
        """Sums on `grid`, NaN where a bin has no sample; shape (count,)."""
        key = (series, grid.bin_seconds)
        kept = self._kept.get(key)
        if kept is None or not _continues(kept, grid):
            sums = self._fetch(series, grid)
        else:
            sums = self._continue(series, grid, kept=kept)
        if kept is None or grid.end >= kept.start + len(kept.sums) * grid.bin_seconds:
            self._kept[key] = _Kept(start=grid.start, sums=sums, hour=grid.end // _HOUR_SECONDS)
        return sums.copy()

    def _continue(self, series: str, grid: Grid, *, kept: _Kept) -> FloatArray:
        sums = np.full(grid.count, np.nan)
        shift = (grid.start - kept.start) // grid.bin_seconds
        carried = kept.sums[shift : shift + grid.count]
        sums[: len(carried)] = carried
        kept_end = min(kept.start + len(kept.sums) * grid.bin_seconds, grid.end)
        self._overwrite(series, grid, sums=sums, start=kept_end - TAIL_SECONDS, end=grid.end)
        for hour in range(kept.hour + 1, grid.end // _HOUR_SECONDS + 1):
            for start, end in _part(grid, hour=hour):
                self._overwrite(series, grid, sums=sums, start=start, end=end)
        return sums

    def _overwrite(self, series: str, grid: Grid, *, sums: FloatArray, start: int, end: int) -> None:
        first = max((start - grid.start) // grid.bin_seconds, 0)
        last = min(-(-(end - grid.start) // grid.bin_seconds), grid.count)
        part = Grid(grid.start + first * grid.bin_seconds, grid.bin_seconds, last - first)
        sums[first:last] = self._fetch(series, part)

    def _fetch(self, series: str, grid: Grid) -> FloatArray:
        samples = self.history.samples(
            series, start=datetime.fromtimestamp(grid.start, UTC), end=datetime.fromtimestamp(grid.end, UTC)
        )
        return bin_sums(samples, grid)


def _part(grid: Grid, *, hour: int) -> Iterator[tuple[int, int]]:
    """Spans to read again in an hour, epoch seconds.

    Time is cut into spans that do not move with the window; of any `REREAD_PARTS` in a row one has its turn.
    """
    hours = -(-grid.count * grid.bin_seconds // (REREAD_PARTS * _HOUR_SECONDS))
    length = hours * _HOUR_SECONDS
    for index in range(grid.start // length, -(-grid.end // length)):
        if index % REREAD_PARTS == hour % REREAD_PARTS:
            yield max(index * length, grid.start), min((index + 1) * length, grid.end)


def _continues(kept: _Kept, grid: Grid) -> bool:
    """Whether `grid` starts inside what is kept and moves on by less than the parts would be read again in."""
    kept_end = kept.start + len(kept.sums) * grid.bin_seconds
    moved_seconds = grid.end - kept_end
    return kept.start <= grid.start < kept_end and 0 <= moved_seconds < REREAD_PARTS * _HOUR_SECONDS
