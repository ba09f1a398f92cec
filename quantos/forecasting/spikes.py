"""Single wild measurements told from true surges: a wrong one is not learnt from, and holds nothing up later.

A spike is a run of bins that has ended, no longer than `SUSTAINED_SECONDS` (one bin at least): above `FACTOR` times the
reference somewhere, and nowhere below half of that, so that the crest of a long surge is none. The reference is the
highest level that demand sustained for longer on the `REFERENCE_DAYS` UTC days before, or what only one in twenty of
its positive bins then exceeded, where that is more. As long as a run lasts it is demand like any other: a surge passes
at once, and only what went away at once is taken for an error. A run that is not alone is demand as well: one of like
size (by `FACTOR`) at the same time of another of these days, to `SUSTAINED_SECONDS`, corroborates both, and so do
`FREQUENT` others of like size at any time of them. Less than `FACTOR` times the reference is never doubted unless it
leads to more, nor is anything without a reference.

Once it has ended, a spike reads as the bin before it, for learning and for serving alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantos.telemetry.bins import BoolArray, FloatArray

FACTOR: Final = 10.0
SUSTAINED_SECONDS: Final = 900
REFERENCE_DAYS: Final = 8
FREQUENT: Final = 5
_HIGH: Final = 0.95
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Spike:
    """The bins `begin` to `end` - 1; taken for a spike by origins from `known` on and before `revoked`."""

    begin: int
    end: int
    known: int
    revoked: int


def spikes_in(values: FloatArray, *, start: int, bin_seconds: int) -> tuple[Spike, ...]:
    """Every spike of a series, whenever it was taken for one; each judgement rests on what had been seen by then.

    Args:
        values: shape (n,), NaN where unknown, which ends no run.
        start: when the first bin starts, epoch seconds.
    """
    most = max(SUSTAINED_SECONDS // bin_seconds, 1)
    known = _carried(values)
    days = (start + np.arange(len(values)) * bin_seconds) // _DAY_SECONDS
    days -= days[0] if len(days) else 0
    reference = _references(known, days, most=most)
    usual = reference[days] if len(days) else np.zeros(0)
    wild = known > FACTOR * usual
    runs = [(begin, end) for begin, end in _runs(known > FACTOR / 2 * usual) if wild[begin:end].any()]
    day_bins = max(_DAY_SECONDS // bin_seconds, 1)
    second = int(np.searchsorted(days, 1)) if len(days) else 0
    begins = np.array([begin for begin, _ in runs])
    sizes = np.array([known[begin:end].max() for begin, end in runs])
    found = []
    for begin, end in runs:
        if end - begin > most or end >= len(values):
            continue
        like = begins[_like(begins - begin, sizes / known[begin:end].max(), day_bins=day_bins)]
        daily = like[_same_time(like - begin, day_bins=day_bins, most=most)]
        moments = [*daily[:1].tolist(), *like[FREQUENT - 1 : FREQUENT].tolist()]
        seen, revoked = max(end, second), min(moments, default=len(values))
        if revoked > begin:
            found.append(Spike(begin=begin, end=end, known=seen, revoked=max(revoked, seen)))
    return tuple(found)


def without_spikes(values: FloatArray, spikes: Sequence[Spike], *, origin: int) -> FloatArray:
    """Demand as the origin knows it: a spike reads as the bin before it, else as the one after it; shape (n,)."""
    known = [spike for spike in spikes if spike.known <= origin < spike.revoked]
    if not known:
        return values
    cleaned = values.copy()
    for spike in known:
        cleaned[spike.begin : spike.end] = cleaned[spike.begin - 1] if spike.begin else values[spike.end]
    return cleaned


def cleaned(values: FloatArray, *, start: int, bin_seconds: int) -> FloatArray:
    """Demand as its last bin knows it."""
    found = spikes_in(values, start=start, bin_seconds=bin_seconds)
    return without_spikes(values, found, origin=len(values) - 1)


def judged_alike(spikes: Sequence[Spike], *, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The origins `first` to `end` - 1 in runs that take the same bins for spikes, as (begin, end)."""
    changes = {moment for spike in spikes for moment in (spike.known, spike.revoked) if first < moment < end}
    cuts = [first, *sorted(changes), end]
    yield from pairwise(cuts)


def _references(known: FloatArray, days: NDArray[np.int64], *, most: int) -> FloatArray:
    """What is usual at most, by day; infinite where nothing is. The first day is judged as the second is."""
    count = int(days[-1]) + 1 if len(days) else 0
    sustained = known.copy()
    for back in range(1, most + 1):
        sustained[back:] = np.minimum(sustained[back:], known[:-back])
    sustained[:most] = 0.0
    firsts = np.searchsorted(days, np.arange(count + 1))
    highest = np.array([sustained[a:b].max(initial=0.0) for a, b in pairwise(firsts)])
    peaks = np.array([known[a:b].max(initial=0.0) for a, b in pairwise(firsts)])
    found = np.full(count, np.inf)
    for day in range(count):
        before = slice(max(day - REFERENCE_DAYS, 0), day) if day else slice(0, 1)
        level = highest[before].max(initial=0.0)
        if peaks[day] > FACTOR * level:
            earlier = known[firsts[before.start] : firsts[before.stop]]
            usual = earlier[earlier > 0]
            level = max(level, float(np.quantile(usual, _HIGH))) if len(usual) else level
        if level > 0:
            found[day] = level
    return found


def _like(bins: NDArray[np.int64], sizes: FloatArray, *, day_bins: int) -> BoolArray:
    """Which other runs, so many bins later and so many times as large, are of like size and within the days."""
    within = (bins != 0) & (np.abs(bins) <= REFERENCE_DAYS * day_bins)
    return within & (sizes >= 1 / FACTOR) & (sizes <= FACTOR)


def _same_time(bins: NDArray[np.int64], *, day_bins: int, most: int) -> BoolArray:
    """Which runs, so many bins later, are at the same time of another day."""
    whole = np.rint(bins / day_bins)
    return (whole != 0) & (np.abs(bins - whole * day_bins) <= most)


def _runs(wild: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wild, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _carried(values: FloatArray) -> FloatArray:
    """Each unknown value as the last known one; zero before any is."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
