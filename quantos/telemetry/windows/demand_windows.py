"""Binned demand of the last weeks, kept between decisions, so that a warm decision reads hours and not weeks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid
from quantos.telemetry.ports import DemandHistory, WindowStore, corrections_of
from quantos.telemetry.sources import SourceBins, source_bins
from quantos.telemetry.windows.refresh import ReadSpan, continues, joined_hours, read_again
from quantos.telemetry.windows.snapshot import KeptWindow, dumped, loaded, window_key


@dataclass(frozen=True)
class _Kept:
    span: ReadSpan
    source_bins: SourceBins


@dataclass
class DemandWindows:
    """What sources told by series and bin, read through from the history.

    With a store, a new process goes on from what another read last. A correction, and whatever else says from when it
    was known, is in the next decision; another late sample as soon as `telemetry.refresh` comes to it. Errors of the
    histories and of the store (TelemetryError, CapacityError) pass through.
    """

    history: DemandHistory
    store: WindowStore | None = None
    _kept: dict[tuple[str, int], _Kept] = field(default_factory=dict)
    _stored_hours: dict[str, int] = field(default_factory=dict)

    def read(self, series: Collection[str], grid: Grid, *, keep: bool = False) -> dict[str, SourceBins]:
        """What is there on `grid` of every series asked for, as was known at its end.

        `keep` lets the store be written, once in an hour of the clock that decisions run on.
        """
        self._recall(series, grid)
        waiting: defaultdict[ReadSpan | None, list[str]] = defaultdict(list)
        for name in series:
            kept = self._kept.get((name, grid.bin_seconds))
            waiting[kept.span if kept is not None and continues(kept.span, grid) else None].append(name)
        by_series: dict[str, SourceBins] = {}
        for span, names in waiting.items():
            by_series |= self._fetch(names, grid) if span is None else self._continue(names, grid, span=span)
        for name, bins in by_series.items():
            self._keep(name, grid, bins=bins)
        if keep:
            self._store(by_series, grid)
        return by_series

    def corrected(self, series: Collection[str], *, since: datetime, until: datetime) -> bool:
        """Whether what had been told of any series before `since` was corrected from then on and before `until`.

        Only what says from when it was known is seen.
        """
        journals = {corrections_of(name) for name in series}
        hours = self.history.samples(journals, start=since, end=until)
        return any(sample.value < since.timestamp() for corrections in hours.values() for sample in corrections)

    def _recall(self, series: Collection[str], grid: Grid) -> None:
        """Take over what another process kept, if this one has nothing yet."""
        if self.store is None or all((name, grid.bin_seconds) in self._kept for name in series):
            return
        content = self.store.get(window_key(series, bin_seconds=grid.bin_seconds))
        window = None if content is None else loaded(content)
        if window is not None and continues(window.span, grid):
            self._kept |= {
                (name, grid.bin_seconds): _Kept(window.span, bins) for name, bins in window.source_bins.items()
            }

    def _store(self, by_series: Mapping[str, SourceBins], grid: Grid) -> None:
        key, span = window_key(by_series, bin_seconds=grid.bin_seconds), ReadSpan.of(grid)
        if self.store is not None and span.hour > self._stored_hours.get(key, -1):
            self.store.put(key, dumped(KeptWindow(span, by_series)))
            self._stored_hours[key] = span.hour

    def _keep(self, series: str, grid: Grid, *, bins: SourceBins) -> None:
        kept = self._kept.get((series, grid.bin_seconds))
        if kept is None or grid.end >= kept.span.end:
            self._kept[series, grid.bin_seconds] = _Kept(ReadSpan.of(grid), bins)

    def _continue(self, series: Collection[str], grid: Grid, *, span: ReadSpan) -> dict[str, SourceBins]:
        """Series that are kept on one span."""
        shift = (grid.start - span.start) // grid.bin_seconds
        by_series = {
            name: self._kept[name, grid.bin_seconds].source_bins.moved(shift, count=grid.count) for name in series
        }
        tail, *parts = read_again(span, grid)
        corrected = self._overwrite(by_series, grid, tail, journals=[corrections_of(name) for name in series])
        hours = {int(sample.value) for sample in corrected if grid.start <= sample.value < tail[0]}
        for part in (*parts, *joined_hours(hours)):
            self._overwrite(by_series, grid, part)
        return by_series

    def _overwrite(
        self, by_series: dict[str, SourceBins], grid: Grid, span: tuple[int, int], *, journals: Collection[str] = ()
    ) -> list[DemandSample]:
        """Read a span, epoch seconds, again; what journals of corrections tell in it."""
        start, end = span
        first = max((start - grid.start) // grid.bin_seconds, 0)
        last = min(-(-(end - grid.start) // grid.bin_seconds), grid.count)
        part = Grid(grid.start + first * grid.bin_seconds, grid.bin_seconds, last - first)
        samples = self._samples([*by_series, *journals], part, known_by=grid.ends_at)
        for name, before in by_series.items():
            by_series[name] = before.replaced(source_bins(samples[name], part), first=first)
        return [sample for name in journals for sample in samples[name]]

    def _fetch(self, series: Collection[str], grid: Grid) -> dict[str, SourceBins]:
        samples = self._samples(series, grid, known_by=grid.ends_at)
        return {name: source_bins(samples[name], grid) for name in series}

    def _samples(
        self, series: Collection[str], grid: Grid, *, known_by: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        """As was known by a moment, whatever has been corrected since."""
        samples = self.history.samples(series, start=grid.starts_at, end=grid.ends_at)
        if all(sample.was_known(known_by) for series_samples in samples.values() for sample in series_samples):
            return samples
        return self.history.samples(series, start=grid.starts_at, end=grid.ends_at, known_by=known_by)
