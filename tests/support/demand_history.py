"""An in-process demand history, held to the same contract test as the real one."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantos.contracts.demand import DemandSample
from quantos.errors import TelemetryError
from quantos.telemetry.ports import corrections_of


@dataclass
class MemoryDemandHistory:
    """Samples in a dictionary. `fail_next` is raised once by the next `add`; `reads` counts calls of `samples`.

    `asked` holds the length of every span that was asked for.
    """

    fail_next: TelemetryError | None = None
    reads: int = 0
    asked: list[timedelta] = field(default_factory=list)
    _kept: defaultdict[str, set[DemandSample]] = field(default_factory=lambda: defaultdict(set))

    def add(self, samples: Sequence[DemandSample]) -> tuple[DemandSample, ...]:
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error
        for sample in samples:
            self._kept[sample.series].add(sample)
            if sample.known_at is not None:
                hour, series = int(sample.time.timestamp()) // 3600 * 3600, corrections_of(sample.series)
                self._kept[series].add(
                    DemandSample.model_construct(
                        schema_version=1, series=series, time=sample.known_at, source=f"{hour}", value=float(hour)
                    )
                )
        return ()

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime, known_by: datetime | None = None
    ) -> dict[str, tuple[DemandSample, ...]]:
        self.reads += 1
        self.asked.append(end - start)
        return {name: self._samples(name, start=start, end=end, known_by=known_by) for name in series}

    def _samples(
        self, series: str, *, start: datetime, end: datetime, known_by: datetime | None
    ) -> tuple[DemandSample, ...]:
        found: dict[tuple[datetime, str, bool], DemandSample] = {}
        for sample in sorted(self._kept[series], key=lambda item: item.order):
            if start <= sample.time < end and sample.was_known(known_by):
                found[sample.time, sample.source, sample.goodbye] = sample
        return tuple(found[key] for key in sorted(found))
