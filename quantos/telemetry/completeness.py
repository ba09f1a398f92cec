"""Which bins of a series are all there, and what is held for sources that should have told something and did not.

A source is expected once it was heard in `EXPECTED_FROM` bins, or where it is declared: in every open bin, or as often
as it used to tell, by the median of its last intervals. It is no longer expected once it said goodbye, nor, unless it
is declared, once it was silent for a stated time of open bins while others of its series were heard. Closed hours do
not count, and a source that tells zero is not silent.

A source that appears while another is silent, or shortly before, is taken for its successor, as of a pod that was
rolled, where it tells at least half of what is held for the silent one: then nothing is held, and nothing is missing.
Once it did so in `EXPECTED_FROM` bins the silent one is gone for good, and it is the successor that is expected.

What is held for a silent source is the greatest of three: its share of the series, over the last day that it was heard,
of what the others tell now; what it told at this time of the last day it told anything, of seven; and, in the time
after which a series is stale, or where it told nothing at this time of any day, the last it told. Where no source of a
series is heard, nothing is held here: such a bin is unknown.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from quantos.arrays import BoolArray, FloatArray, IntArray
from quantos.telemetry.sources import SourceBins

EXPECTED_FROM: Final = 3
"""Bins in which a source that nobody declared is heard before it is missed."""
INTERVALS: Final = 12
"""Of so many intervals the median says how often a source tells."""
MOST_SHARE: Final = 0.9
"""Silent sources together are taken to have no greater share of what is told."""
SUCCEEDS: Final = 0.5
"""Part of what is held for a silent source that a new one must tell to be its successor."""
ROWS_KEPT: Final = 16
"""Series by bin of so many sources are in hand at once: there may be thousands."""
_DAYS: Final = 7

State = Literal["heard", "silent", "succeeded", "retired", "left"]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """When a source is missed.

    Attributes:
        opened: shape (n,), when there can be demand.
        day_bins: bins of a day.
        stale_bins: bins of silence for which the last value is taken to stand.
        retired_bins: open bins of silence after which an undeclared source is expected no more.
        declared: names of sources that are expected however long they are silent.
    """

    opened: BoolArray
    day_bins: int
    stale_bins: int
    retired_bins: int
    declared: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """A source in the last bin.

    Attributes:
        last: bin in which it was last heard; None where it never was.
        silent_bins: open bins since then.
        held: what is held for it, in the unit of the series.
    """

    name: str
    state: State
    last: int | None
    silent_bins: int
    held: float


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A series with what is held for its silent sources.

    Attributes:
        values: shape (n,), what was told and what is held; NaN where nothing was told.
        complete: shape (n,), whether nothing that was expected is missing of what was told.
        sources: every source in the last bin, by name.
    """

    values: FloatArray
    complete: BoolArray
    sources: tuple[SourceState, ...]


def heard(source_bins: SourceBins, expected: Expectation) -> Heard:
    """What is known of a series: what its sources told, and what is held for those that should have."""
    hearing = _Hearing(source_bins, expected)
    gaps = [gap for source in range(len(source_bins.names)) for gap in hearing.gaps(source)]
    missing = list(hearing.held(gaps))
    values, complete = hearing.sums.copy(), np.ones(source_bins.count, dtype=np.bool_)
    for item in missing:
        values[item.bins] += item.held
        complete[item.bins] = False
    states = [hearing.state(source, missing) for source in range(len(source_bins.names))]
    never = (
        SourceState(name=name, state="silent", last=None, silent_bins=source_bins.count, held=0.0)
        for name in sorted(set(expected.declared) - set(source_bins.names))
    )
    return Heard(
        values=values, complete=complete, sources=tuple(sorted([*states, *never], key=lambda state: state.name))
    )


@dataclass(frozen=True, kw_only=True)
class _Gap:
    """The silence of a source between its bins `last` and `end`, and the `bins` in which it was missed, shape (m,)."""

    source: int
    last: int
    end: int
    bins: IntArray


@dataclass(frozen=True, kw_only=True)
class _Missing:
    """What is held in a gap: in its `bins`, those in which no successor stood in for the source, shapes (m,)."""

    gap: _Gap
    bins: IntArray
    held: FloatArray


@dataclass(frozen=True, kw_only=True)
class _Bare:
    """The `bins` of a gap in which nothing stands in for a source, shape (m,).

    Attributes:
        share: that the source had of all that was told.
        before: shape (m,), what it told before. `instead`: what a new source tells.
    """

    bins: IntArray
    share: float
    before: FloatArray
    instead: FloatArray


class _Hearing:
    """One series, and when its sources are expected. `clock` counts open bins."""

    def __init__(self, source_bins: SourceBins, expected: Expectation) -> None:
        self.source_bins, self.expected = source_bins, expected
        self.sums = source_bins.sums()
        self.clock = np.cumsum(expected.opened)
        by_source = np.argsort(source_bins.sources, kind="stable")
        ends = np.cumsum(np.bincount(source_bins.sources, minlength=len(source_bins.names)))
        self.cells: list[IntArray] = np.split(by_source, ends)[: len(source_bins.names)]
        self.rows: dict[int, FloatArray] = {}
        self.first = [int(source_bins.bins[cells[0]]) if len(cells) else source_bins.count for cells in self.cells]

    def gaps(self, source: int) -> Iterator[_Gap]:
        """Where a source was expected and told nothing."""
        bins = self.source_bins.bins[self.cells[source]]
        declared = self.source_bins.names[source] in self.expected.declared
        intervals = np.maximum(np.diff(self.clock[bins]), 1)
        ends = np.append(bins[1:], self.source_bins.count)
        for place in np.flatnonzero(np.append(intervals > 1, True)):
            last, end = int(bins[place]), int(ends[place])
            before = intervals[max(place - INTERVALS, 0) : place]
            if self._left(source, last, end) or (len(before) + 1 < EXPECTED_FROM and not declared):
                continue
            every = max(int(np.median(before)), 1) if len(before) else 1
            between = np.arange(last + 1, end)
            silent = self.clock[between] - self.clock[last]
            missed = self.expected.opened[between] & (silent >= every)
            if not declared:
                missed &= silent <= self.expected.retired_bins
            yield _Gap(source=source, last=last, end=end, bins=between[missed])

    def held(self, gaps: Sequence[_Gap]) -> Iterator[_Missing]:
        """What is held for each gap, where no successor tells as much."""
        bare = [self._bare(gap, successor) for gap, successor in zip(gaps, self._successors(gaps), strict=True)]
        missing, others = np.zeros(self.source_bins.count), np.nan_to_num(self.sums)
        for item in bare:
            missing[item.bins] += item.share
            others[item.bins] -= item.instead
        whole = np.maximum(others, 0.0) / (1 - np.minimum(missing, MOST_SHARE))
        for gap, item in zip(gaps, bare, strict=True):
            held = np.maximum(item.share * whole[item.bins], item.before)
            yield _Missing(gap=gap, bins=item.bins, held=np.maximum(held - item.instead, 0.0))

    def _bare(self, gap: _Gap, successor: int | None) -> "_Bare":
        """The bins of a gap in which a successor tells less than half of what would be held, were nothing else missing;
        none from where it told that much in `EXPECTED_FROM` of them.
        """
        share, before, instead = self._share(gap), self._before(gap), np.zeros(len(gap.bins))
        if successor is not None:
            instead = np.nan_to_num(self._row(successor)[gap.bins])
        rest = np.maximum(np.nan_to_num(self.sums[gap.bins]) - instead, 0.0)
        held = np.maximum(share / (1 - min(share, MOST_SHARE)) * rest, before)
        bare = (instead < SUCCEEDS * held) | (instead <= 0)
        bare &= np.cumsum(~bare) < EXPECTED_FROM
        return _Bare(bins=gap.bins[bare], share=share, before=before[bare], instead=instead[bare])

    def state(self, source: int, missing: Sequence[_Missing]) -> SourceState:
        """How a source stands in the last bin."""
        count, cells = self.source_bins.count, self.cells[source]
        last = int(self.source_bins.bins[cells[-1]]) if len(cells) else None
        silent = int(self.clock[-1] - self.clock[last]) if last is not None else count
        tail = next((item for item in missing if (item.gap.source, item.gap.end) == (source, count)), None)
        state: State = "heard"
        if self._left(source, -1 if last is None else last, count):
            state = "left"
        elif tail is not None and len(tail.gap.bins):
            missed = self.clock[-1] == self.clock[tail.gap.bins[-1]]
            bare = len(tail.bins) and tail.bins[-1] == tail.gap.bins[-1]
            state = ("silent" if bare else "succeeded") if missed else "retired"
        held = float(tail.held[-1]) if tail is not None and state == "silent" else 0.0
        return SourceState(name=self.source_bins.names[source], state=state, last=last, silent_bins=silent, held=held)

    def _left(self, source: int, last: int, end: int) -> bool:
        """Whether a source said goodbye after it was last heard and before it was heard again."""
        left = self.source_bins.left_bins[self.source_bins.left == source]
        return bool(((left >= last) & (left < end)).any())

    def _row(self, source: int) -> FloatArray:
        """What a source told, NaN where it told nothing."""
        if source not in self.rows:
            if len(self.rows) >= ROWS_KEPT:
                self.rows.clear()
            row = np.full(self.source_bins.count, np.nan)
            row[self.source_bins.bins[self.cells[source]]] = self.source_bins.values[self.cells[source]]
            self.rows[source] = row
        return self.rows[source]

    def _share(self, gap: _Gap) -> float:
        """The part that a source had of all that was told in the bins of its last day."""
        cells = self.cells[gap.source]
        bins = self.source_bins.bins[cells]
        first, end = np.searchsorted(bins, (gap.last - self.expected.day_bins, gap.last), side="right")
        total = float(self.sums[bins[first:end]].sum())
        return float(self.source_bins.values[cells[first:end]].sum()) / total if total > 0 else 0.0

    def _before(self, gap: _Gap) -> FloatArray:
        """What a source told at the same time of the last day it told anything, or last, shape (m,)."""
        row = self._row(gap.source)
        before = np.full(len(gap.bins), np.nan)
        for days in range(1, _DAYS + 1):
            unknown = np.flatnonzero(np.isnan(before))
            then = gap.bins[unknown] - days * self.expected.day_bins
            if not len(then) or then[-1] < 0:
                break
            before[unknown] = np.where(then >= 0, row[np.maximum(then, 0)], np.nan)
        fresh = self.clock[gap.bins] - self.clock[gap.last] < self.expected.stale_bins
        return np.fmax(before, np.where(fresh | np.isnan(before), row[gap.last], np.nan))

    def _successors(self, gaps: Sequence[_Gap]) -> list[int | None]:
        """For each gap a source that first told something while it lasted, or as long before it as a series goes stale;
        each succeeds one silent source only, the first that was silent.
        """
        waiting = sorted(range(len(self.cells)), key=lambda source: self.first[source])
        successors: list[int | None] = [None] * len(gaps)
        for place in sorted(range(len(gaps)), key=lambda index: gaps[index].last):
            gap = gaps[place]
            earliest = max(gap.last - self.expected.stale_bins, self.first[gap.source])
            fitting = (
                candidate
                for candidate in waiting
                if earliest < self.first[candidate] < gap.end and candidate != gap.source
            )
            if (successor := next(fitting, None)) is not None:
                successors[place] = successor
                waiting.remove(successor)
        return successors
