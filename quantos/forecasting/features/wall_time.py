"""History by the clock on the wall, so that the same time of day is always a whole number of days ago.

A market opens at a local time. Seen in UTC its opening moves when clocks change, on other days in other countries.
Looked back on from one origin, each demand is therefore moved by what its own clock has been changed by since; what is
near the origin stays as it is. An hour that did not exist repeats the bin before it, one that came twice keeps one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True)
class Clocked:
    """Demand whose times of day go by one clock.

    Attributes:
        values: shape (n,), in the unit of demand.
        offsets: shape (n + ahead,), seconds that the clock is ahead of UTC at the start of each bin, whole bins apart.
        opened: shape (n + ahead,), when there can be such demand; None where that is not known.
    """

    values: FloatArray
    offsets: NDArray[np.int64]
    opened: BoolArray | None = None

    def until(self, count: int) -> "Clocked":
        """The first `count` bins, with as many ahead."""
        ahead = len(self.offsets) - len(self.values)
        return Clocked(
            values=self.values[:count],
            offsets=self.offsets[: count + ahead],
            opened=None if self.opened is None else self.opened[: count + ahead],
        )

    def since(self, first: int) -> "Clocked":
        """All but the first `first` bins."""
        return Clocked(
            values=self.values[first:],
            offsets=self.offsets[first:],
            opened=None if self.opened is None else self.opened[first:],
        )


def spans(parts: Sequence[Clocked], *, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The bins `first` to `end` - 1 in runs in which no clock is changed, as (begin, end)."""
    changed = np.zeros(max(end - first - 1, 0), dtype=np.bool_)
    for part in parts:
        changed |= np.diff(part.offsets[first:end]) != 0
    cuts = [first, *(first + 1 + np.flatnonzero(changed)).tolist(), end]
    yield from ((begin, stop) for begin, stop in pairwise(cuts) if begin < stop)


def seen_from(part: Clocked, origin: int, *, bin_seconds: int) -> Clocked:
    """The part with what came before its clock was last changed, by `origin`, at the times of that clock."""
    at = seen_at(part.offsets, origin, bin_seconds=bin_seconds)
    if not len(at):
        return part
    opened = None if part.opened is None else np.concatenate([part.opened[at], part.opened[len(at) :]])
    return replace(part, values=np.concatenate([part.values[at], part.values[len(at) :]]), opened=opened)


def seen_at(offsets: NDArray[np.int64], origin: int, *, bin_seconds: int) -> NDArray[np.intp]:
    """Which bin stands at each time before the clock was last changed, shape (k,); what comes after stands still."""
    changed = np.flatnonzero(offsets[: origin + 1] != offsets[origin])
    real = np.arange(int(changed[-1]) + 1 if len(changed) else 0)
    there = real + (offsets[: len(real)] - offsets[origin]) // bin_seconds
    within = (there >= 0) & (there < len(real))
    index = np.full(len(real), -1, dtype=np.intp)
    index[there[within]] = real[within]
    index = np.maximum.accumulate(index) if len(index) else index
    return np.where(index < 0, real[within].min(initial=len(real)), index) if within.any() else np.maximum(index, 0)


def together(parts: Sequence[Clocked]) -> tuple[FloatArray, BoolArray | None]:
    """Demand and open hours of all parts: unknown where any is, open where any is."""
    values = np.sum([part.values for part in parts], axis=0)
    opened = [part.opened for part in parts]
    known = [hours for hours in opened if hours is not None]
    return values, np.logical_or.reduce(known) if len(known) == len(parts) else None
