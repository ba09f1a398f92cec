"""Binned demand of the last weeks, kept between decisions, so that a warm decision reads hours and not weeks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from quantos.telemetry.bins import FloatArray, Grid, bin_sums
from quantos.telemetry.kept_windows import KeptWindow, dumped, loaded, window_key
from quantos.telemetry.ports import DemandHistory, WindowStore
from quantos.telemetry.rereading import ReadSpan, continues, read_again


@dataclass(frozen=True)
class _Kept:
    span: ReadSpan
    sums: FloatArray


@dataclass
class DemandWindows:
    """Bin sums by series, read through from the history.

    With a store, a new process goes on from what another read last. A late sample is in a decision as soon as
    `telemetry.rereading` comes to it. Errors of the histories and of the store (TelemetryError, CapacityError) pass
    through.
    """

    history: DemandHistory
    store: WindowStore | None = None
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)
    _stored_hours: dict[str, int] = field(default_factory=dict)

    def read(self, series: Collection[str], grid: Grid, *, keep: bool = False) -> dict[str, FloatArray]:
        """Sums on `grid` of every series asked for, NaN where a bin has no sample; shape (count,) each.

        `keep` lets the store be written, once in an hour of the clock that decisions run on.
        """
        self._recall(series, grid)
        waiting: defaultdict[ReadSpan | None, list[str]] = defaultdict(list)
        for name in series:
            kept = self._kept.get((name, grid.bin_seconds))
            waiting[kept.span if kept is not None and continues(kept.span, grid) else None].append(name)
        found: dict[str, FloatArray] = {}
        for span, names in waiting.items():
            found |= (
                self._fetch(names, grid, known_by=grid.ends_at)
                if span is None
                else self._continue(names, grid, span=span)
            )
        for name, sums in found.items():
            self._keep(name, grid, sums=sums)
        if keep:
            self._store(found, grid)
        return {name: found[name].copy() for name in series}

    def _recall(self, series: Collection[str], grid: Grid) -> None:
        """Take over what another process kept, if this one has nothing yet."""
        if self.store is None or all((name, grid.bin_seconds) in self._kept for name in series):
            return
        content = self.store.get(window_key(series, bin_seconds=grid.bin_seconds))
        window = None if content is None else loaded(content)
        if window is not None and continues(window.span, grid):
            self._kept |= {(name, grid.bin_seconds): _Kept(window.span, sums) for name, sums in window.sums.items()}

    def _store(self, found: Mapping[str, FloatArray], grid: Grid) -> None:
        key, span = window_key(found, bin_seconds=grid.bin_seconds), ReadSpan.of(grid)
        if self.store is not None and span.hour > self._stored_hours.get(key, -1):
            self.store.put(key, dumped(KeptWindow(span, found)))
            self._stored_hours[key] = span.hour

    def _keep(self, series: str, grid: Grid, *, sums: FloatArray) -> None:
        kept = self._kept.get((series, grid.bin_seconds))
        if kept is None or grid.end >= kept.span.end:
            self._kept[series, grid.bin_seconds] = _Kept(ReadSpan.of(grid), sums)

    def _continue(self, series: Collection[str], grid: Grid, *, span: ReadSpan) -> dict[str, FloatArray]:
        """Sums of series that are kept on one span."""
        found = {name: np.full(grid.count, np.nan) for name in series}
        shift = (grid.start - span.start) // grid.bin_seconds
        for name, sums in found.items():
            carried = self._kept[name, grid.bin_seconds].sums[shift : shift + grid.count]
            sums[: len(carried)] = carried
        for start, end in read_again(span, grid):
            self._overwrite(found, grid, start=start, end=end)
        return found

    def _overwrite(self, found: Mapping[str, FloatArray], grid: Grid, *, start: int, end: int) -> None:
        first = max((start - grid.start) // grid.bin_seconds, 0)
        last = min(-(-(end - grid.start) // grid.bin_seconds), grid.count)
        part = Grid(grid.start + first * grid.bin_seconds, grid.bin_seconds, last - first)
        for name, sums in self._fetch(found, part, known_by=grid.ends_at).items():
            found[name][first:last] = sums

    def _fetch(self, series: Collection[str], grid: Grid, *, known_by: datetime) -> dict[str, FloatArray]:
        """As was known by a moment, whatever has been corrected since."""
        samples = self.history.samples(series, start=grid.starts_at, end=grid.ends_at)
        if any(not sample.was_known(known_by) for found in samples.values() for sample in found):
            samples = self.history.samples(series, start=grid.starts_at, end=grid.ends_at, known_by=known_by)
        return {name: bin_sums(samples[name], grid) for name in series}
