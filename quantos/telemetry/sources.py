"""What each source told of a series, bin by bin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import FloatArray, IntArray
from quantos.contracts.demand import DemandSample
from quantos.telemetry.bins import Grid


@dataclass(frozen=True, kw_only=True)
class SourceBins:
    """What there is of a series of `count` bins, and nothing for what is not: sources come and go.

    Attributes:
        names: of sources, in no order.
        bins, sources, values: shape (k,) each: in bin `bins[i]`, ascending, `names[sources[i]]` told `values[i]`.
        left_bins, left: shape (g,) each: in bin `left_bins[i]` `names[left[i]]` said goodbye.
    """

    count: int
    names: tuple[str, ...]
    bins: IntArray
    sources: IntArray
    values: FloatArray
    left_bins: IntArray
    left: IntArray

    def sums(self) -> FloatArray:
        """What all sources told together, shape (count,); NaN where none told anything."""
        known = np.zeros(self.count, dtype=np.bool_)
        known[self.bins] = True
        return np.where(known, np.bincount(self.bins, weights=self.values, minlength=self.count), np.nan)

    def moved(self, by: int, *, count: int) -> Self:
        """The same on a grid of `count` bins that starts `by` bins later."""
        kept = (self.bins >= by) & (self.bins < by + count)
        still = (self.left_bins >= by) & (self.left_bins < by + count)
        return self._of(count, self.names, kept=kept, still=still, by=by)

    def replaced(self, part: Self, *, first: int) -> Self:
        """With the bins from `first` on as a part has them, as many as it has."""
        end = first + part.count
        kept = (self.bins < first) | (self.bins >= end)
        still = (self.left_bins < first) | (self.left_bins >= end)
        place = dict(zip(self.names, count(), strict=False))
        names = (*self.names, *(name for name in part.names if name not in place))
        place = dict(zip(names, count(), strict=False))
        moved = np.array([place[name] for name in part.names], dtype=np.int64)
        bins = np.concatenate([self.bins[kept], part.bins + first])
        order = np.argsort(bins, kind="stable")
        joined = type(self)(
            count=self.count,
            names=names,
            bins=bins[order],
            sources=np.concatenate([self.sources[kept], moved[part.sources]])[order],
            values=np.concatenate([self.values[kept], part.values])[order],
            left_bins=np.concatenate([self.left_bins[still], part.left_bins + first]),
            left=np.concatenate([self.left[still], moved[part.left]]),
        )
        return joined.named()

    def named(self) -> Self:
        """Without names of which nothing is told any more."""
        used = np.union1d(self.sources, self.left)
        if len(used) == len(self.names):
            return self
        place = np.zeros(len(self.names), dtype=np.int64)
        place[used] = np.arange(len(used))
        return type(self)(
            count=self.count,
            names=tuple(self.names[index] for index in used),
            bins=self.bins,
            sources=place[self.sources],
            values=self.values,
            left_bins=self.left_bins,
            left=place[self.left],
        )

    def _of(
        self, count: int, names: tuple[str, ...], *, kept: NDArray[np.bool_], still: NDArray[np.bool_], by: int
    ) -> Self:
        return type(self)(
            count=count,
            names=names,
            bins=self.bins[kept] - by,
            sources=self.sources[kept],
            values=self.values[kept],
            left_bins=self.left_bins[still] - by,
            left=self.left[still],
        ).named()


def source_bins(samples: Sequence[DemandSample], grid: Grid) -> SourceBins:
    """Samples of one series by source and bin; those outside the grid are left out.

    Counts (`market/`, `workload/`) of a source add up over a bin; of levels (`system/`) its greatest counts. A goodbye
    counts unless its source was heard after it in the same bin.
    """
    place: dict[str, int] = {}
    cells: dict[tuple[int, int], float] = {}
    left: dict[tuple[int, int], datetime] = {}
    heard: dict[tuple[int, int], datetime] = {}
    for sample in samples:
        index = (int(sample.time.timestamp()) - grid.start) // grid.bin_seconds
        if not 0 <= index < grid.count:
            continue
        key = (index, place.setdefault(sample.source, len(place)))
        moments = left if sample.goodbye else heard
        moments[key] = max(sample.time, moments.get(key, sample.time))
        if sample.goodbye:
            continue
        if sample.series.startswith("system/"):
            cells[key] = max(cells.get(key, 0.0), sample.value)
        else:
            cells[key] = cells.get(key, 0.0) + sample.value
    coordinates = np.array(sorted(cells), dtype=np.int64).reshape(-1, 2)
    last = sorted(key for key, moment in left.items() if key not in heard or moment >= heard[key])
    gone = np.array(last, dtype=np.int64).reshape(-1, 2)
    return SourceBins(
        count=grid.count,
        names=tuple(place),
        bins=coordinates[:, 0],
        sources=coordinates[:, 1],
        values=np.array([cells[key] for key in sorted(cells)], dtype=np.float64),
        left_bins=gone[:, 0],
        left=gone[:, 1],
    )
