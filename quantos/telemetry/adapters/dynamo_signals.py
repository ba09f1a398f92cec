"""The signal history on DynamoDB: in the sets of `hour_sets`, by the time from which a value was known.

Texts are `source|seconds|holds|value`, `seconds` being from then to the time that the value is about. What became known
later lies in later items, so a revision touches nothing that was there before.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quantos.contracts.demand import SignalSample
from quantos.telemetry.adapters.hour_sets import HourEntry, HourSets


@dataclass(frozen=True)
class DynamoSignalHistory:
    """`SignalHistory` on one table."""

    sets: HourSets

    def add(self, samples: Sequence[SignalSample]) -> tuple[SignalSample, ...]:
        """Add samples, one update per series and hour, and return those of full hours.

        Raises TelemetryError; adding all again is safe.
        """
        entries = {sample: HourEntry.at(sample.series, sample.known_at, text=_text(sample)) for sample in samples}
        full = self.sets.add(entries.values())
        return tuple(sample for sample, entry in entries.items() if entry.place in full)

    def became_known(
        self, series: Collection[str], *, start: datetime, end: datetime
    ) -> dict[str, tuple[SignalSample, ...]]:
        """Samples with start <= known_at < end of every series asked for.

        In order of (known_at, time, source); of conflicting ones that of the greatest value, then the longest hold.
        Raises TelemetryError.
        """
        contents: dict[str, dict[tuple[datetime, datetime, str], tuple[float, int]]] = {name: {} for name in series}
        for entry in self.sets.read(contents, start=start, end=end):
            source, seconds, holds, value = entry.text.split("|")
            key = (entry.moment, entry.moment + timedelta(seconds=int(seconds)), source)
            content = (float(value), int(holds))
            contents[entry.series][key] = max(contents[entry.series].get(key, content), content)
        return {
            name: tuple(_sample(name, key, content) for key, content in sorted(kept.items()))
            for name, kept in contents.items()
        }


def _sample(series: str, key: tuple[datetime, datetime, str], content: tuple[float, int]) -> SignalSample:
    (known_at, time, source), (value, holds) = key, content
    return SignalSample.model_construct(
        schema_version=1,
        series=series,
        time=time,
        known_at=known_at,
        source=source,
        value=value,
        holds_seconds=holds,
    )


def _text(sample: SignalSample) -> str:
    seconds = int((sample.time - sample.known_at).total_seconds())
    return f"{sample.source}|{seconds}|{sample.holds_seconds}|{sample.value + 0.0!r}"
