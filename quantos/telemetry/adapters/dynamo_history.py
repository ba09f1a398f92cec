"""The demand history on DynamoDB: in the sets of `hour_sets`, by event time, texts `source|value`.

When one key arrives with two values both are kept, and the greatest is read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from quantos.contracts.demand import DemandSample
from quantos.telemetry.adapters.hour_sets import HourEntry, HourSets


@dataclass(frozen=True)
class DynamoDemandHistory:
    """`DemandHistory` on one table."""

    sets: HourSets

    def add(self, samples: Sequence[DemandSample]) -> None:
        """Add samples, one update per series and hour. Raises TelemetryError; adding all again is safe."""
        self.sets.add(
            HourEntry.at(sample.series, sample.time, text=f"{sample.source}|{sample.value + 0.0!r}")
            for sample in samples
        )

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for.

        In order of (time, source); of conflicting values the greatest. Raises TelemetryError.
        """
        greatest: dict[str, dict[tuple[datetime, str], float]] = {name: {} for name in series}
        for entry in self.sets.read(greatest, start=start, end=end):
            source, value = entry.text.split("|")
            found, key = greatest[entry.series], (entry.moment, source)
            found[key] = max(found.get(key, 0.0), float(value))
        return {
            name: tuple(
                DemandSample.model_construct(schema_version=1, series=name, time=time, source=source, value=value)
                for (time, source), value in sorted(found.items())
            )
            for name, found in greatest.items()
        }
