"""Single wild measurements told from true surges: a wrong one is not learnt from, and holds nothing up later.

A spike is a run of measured bins that has ended: above `FACTOR` times the reference somewhere, and nowhere below half
of that. The reference is the greatest of three: the highest level that demand sustained on the `REFERENCE_DAYS` UTC
days before; what only one in twenty of its positive bins then exceeded; and the highest level that demand sustained
around the bin itself. A level is sustained by measured bins in a row that last longer than `SUSTAINED_SECONDS`, two at
least: so neither a surge that lasts nor its crest is a spike, and a wild value on top of it is one. Bins without a
measurement sustain and end nothing. As long as a run lasts it is demand like any other: a surge passes at once, and
only what went away at once is taken for an error.

A run that is not alone is demand as well: one of like size (by `FACTOR`) at the same time of another of these days, to
`SUSTAINED_SECONDS`, corroborates both, and so do `FREQUENT` others of like size at any time of them. Less than `FACTOR`
times the reference is never doubted unless it leads to more, nor is anything without a reference.

Once it has ended, a spike reads as the last measured bin before it, for learning and for serving alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import BoolArray, FloatArray
from quantos.units import DAY_SECONDS

FACTOR: Final = 10.0
SUSTAINED_SECONDS: Final = 900
REFERENCE_DAYS: Final = 8
FREQUENT: Final = 5
_HIGH: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class Spike:
    """The bins `begin` to `end` - 1; taken for a spike by origins from `known` on and before `revoked`."""

    begin: int
    end: int
    known: int
    revoked: int

    def known_at(self, origin: int) -> bool:
        """Whether an origin takes it for a spike."""
        return self.known <= origin < self.revoked


def spikes_in(values: FloatArray, *, start: int, bin_seconds: int) -> tuple[Spike, ...]:
    """Every spike of a series, whenever it was taken for one; each judgement rests on what had been seen by then.

    Args:
        values: shape (n,), NaN where unknown.
        start: when the first bin starts, epoch seconds.
    """
    measured = np.flatnonzero(np.isfinite(values))
    if not len(measured):
        return ()
    most = max(SUSTAINED_SECONDS // bin_seconds, 1)
    days = (start + np.arange(len(values)) * bin_seconds) // DAY_SECONDS
    days -= days[0]
    known = values[measured]
    sustained = _sustained(known, most=most)
    usual = _references(known, sustained, days[measured])[days[measured]]
    levels = _Levels(known=known, usual=usual, sustained=sustained, most=most)
    bursts = levels.bursts()
    day_bins = max(DAY_SECONDS // bin_seconds, 1)
    second = int(np.searchsorted(days, 1))
    spikes = []
    for place, burst in enumerate(bursts):
        others = np.array([other.wild for at, other in enumerate(bursts) if at != place], dtype=np.int64)
        for run in levels.ended(burst):
            begin = int(measured[run.begin])
            bins = measured[others] - begin
            like = measured[others[_like(bins, known[others] / known[run.begin : run.end].max(), day_bins=day_bins)]]
            daily = like[_same_time(like - begin, day_bins=day_bins, most=most)]
            moments = [*daily[:1].tolist(), *like[FREQUENT - 1 : FREQUENT].tolist()]
            seen = max(int(measured[run.known]), second)
            undone = len(values) if run.undone == len(measured) else int(measured[run.undone])
            revoked = min([undone, *moments])
            if revoked > begin:
                end = int(measured[run.end - 1]) + 1
                spikes.append(Spike(begin=begin, end=end, known=seen, revoked=max(revoked, seen)))
    return tuple(spikes)


def without_spikes(values: FloatArray, spikes: Sequence[Spike], *, origin: int) -> FloatArray:
    """Demand as the origin knows it, shape (n,): a spike reads as the last measured bin before it, or the next one."""
    known = [spike for spike in spikes if spike.known_at(origin)]
    if not known:
        return values
    cleaned = values.copy()
    for spike in sorted(known, key=lambda item: item.begin):
        before = np.flatnonzero(np.isfinite(cleaned[: spike.begin]))[-1:]
        after = spike.end + np.flatnonzero(np.isfinite(values[spike.end :]))[:1]
        run = cleaned[spike.begin : spike.end]
        run[np.isfinite(run)] = cleaned[[*before, *after][0]]
    return cleaned


def cleaned(values: FloatArray, *, start: int, bin_seconds: int) -> FloatArray:
    """Demand as its last bin knows it."""
    spikes = spikes_in(values, start=start, bin_seconds=bin_seconds)
    return without_spikes(values, spikes, origin=len(values) - 1)


def judged_alike(spikes: Sequence[Spike], *, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The origins `first` to `end` - 1 in runs that take the same bins for spikes, as (begin, end)."""
    changes = {moment for spike in spikes for moment in (spike.known, spike.revoked) if first < moment < end}
    cuts = [first, *sorted(changes), end]
    yield from pairwise(cuts)


@dataclass(frozen=True, kw_only=True)
class _Burst:
    """Measured bins `begin` to `end` - 1, each far above all known when it came; `wild` is the first by `FACTOR`."""

    begin: int
    end: int
    wild: int


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """Measured bins `begin` to `end` - 1: a run that had ended for origins from `known` on and before `undone`."""

    begin: int
    end: int
    known: int
    undone: int


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """Measured bins, what is usual for each, and the least of each and the `most` before it; shape (m,) each."""

    known: FloatArray
    usual: FloatArray
    sustained: FloatArray
    most: int

    def bursts(self) -> list[_Burst]:
        """Every run that is far above the reference as it stands in each of its bins."""
        reference = np.maximum(self.usual, self.sustained)
        wild = self.known > FACTOR * reference
        runs = _runs(self.known > FACTOR / 2 * reference)
        return [
            _Burst(begin=begin, end=end, wild=begin + int(np.argmax(wild[begin:end])))
            for begin, end in runs
            if wild[begin:end].any()
        ]

    def ended(self, burst: _Burst) -> list[_Ended]:
        """What of a burst is a run that has ended, as origin after origin sees what demand sustains after it."""
        last = min(burst.end + self.most, len(self.known) - 1)
        since: dict[tuple[int, int], int] = {}
        undone_runs = []
        for origin in range(burst.begin, last + 1):
            runs = self._ended_by(burst, origin)
            undone = since.keys() - runs
            undone_runs.extend(_Ended(begin=a, end=b, known=since.pop((a, b)), undone=origin) for a, b in undone)
            for run in runs:
                since.setdefault(run, origin)
        rest = [_Ended(begin=a, end=b, known=known, undone=len(self.known)) for (a, b), known in since.items()]
        return sorted([*undone_runs, *rest], key=lambda run: (run.begin, run.known))

    def _ended_by(self, burst: _Burst, origin: int) -> set[tuple[int, int]]:
        bins = np.arange(burst.begin, min(burst.end, origin + 1))
        around = [self.sustained[place : min(origin, place + self.most) + 1].max() for place in bins.tolist()]
        reference = np.maximum(self.usual[bins], around)
        values = self.known[bins]
        runs = [(burst.begin + a, burst.begin + b) for a, b in _runs(values > FACTOR / 2 * reference)]
        wild = bins[values > FACTOR * reference]
        return {(a, b) for a, b in runs if b <= origin and ((wild >= a) & (wild < b)).any()}


def _sustained(known: FloatArray, *, most: int) -> FloatArray:
    """The least of each bin and the `most` before it; zero where there are not so many."""
    sustained = known.copy()
    for back in range(1, most + 1):
        sustained[back:] = np.minimum(sustained[back:], known[:-back])
    sustained[:most] = 0.0
    return sustained


def _references(known: FloatArray, sustained: FloatArray, days: NDArray[np.int64]) -> FloatArray:
    """What is usual at most, by day; infinite where nothing is. The first day is judged as the second is."""
    count = int(days[-1]) + 1
    firsts = np.searchsorted(days, np.arange(count + 1))
    highest = np.array([sustained[a:b].max(initial=0.0) for a, b in pairwise(firsts)])
    peaks = np.array([known[a:b].max(initial=0.0) for a, b in pairwise(firsts)])
    references = np.full(count, np.inf)
    for day in range(count):
        before = slice(max(day - REFERENCE_DAYS, 0), day) if day else slice(0, 1)
        level = highest[before].max(initial=0.0)
        if peaks[day] > FACTOR * level:
            earlier = known[firsts[before.start] : firsts[before.stop]]
            usual = earlier[earlier > 0]
            level = max(level, float(np.quantile(usual, _HIGH))) if len(usual) else level
        if level > 0:
            references[day] = level
    return references


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
