"""Outside signals aligned with demand: at each moment the value that counted as far as was known then."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import FloatArray
from quantos.contracts.demand import SignalSample


@dataclass(frozen=True)
class SignalReadings:
    """Values of one signal in any order, shape (k,) each; times are epoch seconds.

    Attributes:
        about: what the value is about.
        known_at: from when it could have been known.
        stands_until: when it stops standing for the present.
    """

    about: FloatArray
    known_at: FloatArray
    stands_until: FloatArray
    values: FloatArray

    @classmethod
    def of(cls, samples: Iterable[SignalSample]) -> Self:
        """The readings of one series."""
        return cls.of_rows(
            (about := item.time.timestamp(), item.known_at.timestamp(), about + item.holds_seconds, item.value)
            for item in samples
        )

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[float, float, float, float]]) -> Self:
        """Of what a value is about, when it was known, until when it stands, and the value."""
        return cls(*np.array(list(rows), dtype=np.float64).reshape(-1, 4).T)

    def __add__(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            *(np.concatenate([getattr(self, part.name), getattr(other, part.name)]) for part in fields(self))
        )

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Those that `kept`, shape (k,), says."""
        return type(self)(*(getattr(self, part.name)[kept] for part in fields(self)))


def known_values(readings: SignalReadings, moments: FloatArray, *, ahead_seconds: float) -> FloatArray:
    """What counted at each moment, from what could have been known then; NaN where nothing did.

    Of the values known by a moment about it or an earlier time, that about the latest time counts, until it no longer
    stands; no older one comes back in its place. Of one time the latest known counts, so that a revision replaces what
    it revises from when it was known and not before; of several of those the greatest. Where values are known about
    times up to `ahead_seconds` later, the greatest of all these counts: what is provided for is the largest demand of
    that stretch.

    Args:
        moments: epoch seconds, ascending, shape (n,).
        ahead_seconds: how far demand is looked ahead.

    Returns:
        Shape (n,).
    """
    values = _present(readings, moments)
    scheduled = readings.where(readings.about > readings.known_at)
    order = np.lexsort((scheduled.stands_until, scheduled.values, scheduled.known_at, scheduled.about))
    about, known_at = scheduled.about[order], scheduled.known_at[order]
    revised_at = np.append(np.where(about[1:] == about[:-1], known_at[1:], np.inf), np.inf)[: len(about)]
    counts_from = np.maximum(known_at, about - ahead_seconds)
    first = np.searchsorted(moments, counts_from, side="left")
    last = np.searchsorted(moments, np.minimum(about, revised_at), side="left")
    for begin, end, value in zip(first.tolist(), last.tolist(), scheduled.values[order].tolist(), strict=True):
        values[begin:end] = np.fmax(values[begin:end], value)
    return values


def _present(readings: SignalReadings, moments: FloatArray) -> FloatArray:
    """Values about the latest time that is not after a moment, as known then."""
    if not len(readings.values):
        return np.full(len(moments), np.nan)
    counts_from = np.maximum(readings.known_at, readings.about)
    newest_last = np.lexsort((readings.stands_until, readings.values, readings.known_at, readings.about))
    rank = np.empty(len(newest_last), dtype=np.intp)
    rank[newest_last] = np.arange(len(newest_last))
    order = np.argsort(counts_from, kind="stable")
    newest = newest_last[np.maximum.accumulate(rank[order])]
    last = np.searchsorted(counts_from[order], moments, side="right") - 1
    chosen = newest[np.maximum(last, 0)]
    stands = (last >= 0) & (readings.stands_until[chosen] >= moments)
    return np.where(stands, readings.values[chosen], np.nan)
