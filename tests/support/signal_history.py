"""An in-process signal history, held to the same contract test as the real one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from quantos.contracts.demand import SignalSample

Key = tuple[datetime, datetime, str]


@dataclass
class MemorySignalHistory:
    """Samples in a dictionary; `reads` counts calls of `became_known`."""

    reads: int = 0
    _kept: dict[str, dict[Key, SignalSample]] = field(default_factory=dict)

    def add(self, samples: Sequence[SignalSample]) -> tuple[SignalSample, ...]:
        for sample in samples:
            kept = self._kept.setdefault(sample.series, {})
            key = (sample.known_at, sample.time, sample.source)
            kept[key] = max(kept.get(key, sample), sample, key=lambda item: (item.value, item.holds_seconds))
        return ()

    def became_known(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[SignalSample, ...]]:
        self.reads += 1
        return {
            name: tuple(sample for key, sample in sorted(self._kept.get(name, {}).items()) if start <= key[0] < end)
            for name in series
        }
