"""Demand of runs as telemetry: what they take of each pool now, and what they will of it, bin by bin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

from quantos.contracts.demand import DemandSample, SignalSample, runs_series, runs_signal
from quantos.orchestration.demand.stretches import Stretch, present_vcpu

SOURCE: Final = "sweep"
DECIMALS: Final = 6


@dataclass(frozen=True, kw_only=True)
class Telling:
    """When something is told, and of which bins.

    Attributes:
        now_ms: epoch milliseconds.
        bins: how many are told of, the present one first.
    """

    now_ms: int
    bin_seconds: int
    bins: int

    @property
    def first(self) -> int:
        """Start of the present bin, epoch seconds."""
        return self.now_ms // 1000 // self.bin_seconds * self.bin_seconds

    @property
    def known_at(self) -> datetime:
        """The present second."""
        return datetime.fromtimestamp(self.now_ms // 1000, UTC)


def demand_sample(parts: Sequence[Stretch], *, pool: str, telling: Telling) -> DemandSample:
    """What runs take of a pool now, as the present bin's demand; said again later in the bin it is a correction.

    Key: series, bin and source, by how many seconds of the bin are over.
    """
    return DemandSample(
        series=runs_series(pool),
        time=datetime.fromtimestamp(telling.first, UTC),
        source=SOURCE,
        value=round(present_vcpu(parts, pool=pool, now_ms=telling.now_ms), DECIMALS),
        revision=telling.now_ms // 1000 - telling.first,
        known_at=telling.known_at,
    )


def signal_samples(parts: Sequence[Stretch], *, pool: str, telling: Telling) -> Iterator[SignalSample]:
    """The most that runs are expected to take of a pool at once in each bin, the present one first; 0 is said too.

    All bins are told of each time, so that what was said of one before is revised. Key: series, bin and second.
    """
    here = [part for part in parts if part.pool == pool]
    for number in range(telling.bins):
        start = telling.first + number * telling.bin_seconds
        yield SignalSample(
            series=runs_signal(pool),
            time=datetime.fromtimestamp(start, UTC),
            known_at=telling.known_at,
            source=SOURCE,
            value=round(most_vcpu(here, start_ms=start * 1000, end_ms=(start + telling.bin_seconds) * 1000), DECIMALS),
            holds_seconds=telling.bin_seconds,
        )


def most_vcpu(parts: Sequence[Stretch], *, start_ms: int, end_ms: int) -> float:
    """The most that is taken at any moment from start until end, vCPU; what ends at a moment takes nothing then."""
    changes: list[tuple[int, float]] = []
    for part in parts:
        if part.start_ms < end_ms and part.end_ms > start_ms:
            changes += [(max(part.start_ms, start_ms), part.vcpu), (part.end_ms, -part.vcpu)]
    return max(accumulate(vcpu for _, vcpu in sorted(change for change in changes if change[0] < end_ms)), default=0.0)
