"""An in-process demand history, held to the same contract test as the real one."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantos.contracts.demand import DemandSample
from quantos.errors import TelemetryError


@dataclass
class MemoryDemandHistory:
    """Samples in a dictionary. `fail_next` is raised once by the next `add`; `reads` counts calls of `samples`.

    `asked` holds the length of every span that was asked for.
    """

    fail_next: TelemetryError | None = None
    reads: int = 0
    asked: list[timedelta] = field(default_factory=list)
    _kept: defaultdict[str, dict[tuple[datetime, str], DemandSample]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, samples: Sequence[DemandSample]) -> None:
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error
        for sample in samples:
            kept = self._kept[sample.series]
            key = (sample.time, sample.source)
            if key not in kept or kept[key].value < sample.value:
                kept[key] = sample

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        self.reads += 1
        self.asked.append(end - start)
        return {name: self._samples(name, start=start, end=end) for name in series}

    def _samples(self, series: str, *, start: datetime, end: datetime) -> tuple[DemandSample, ...]:
        found = [sample for sample in self._kept[series].values() if start <= sample.time < end]
        return tuple(sorted(found, key=lambda sample: (sample.time, sample.source)))
