"""The demand history on DynamoDB: in the sets of `hour_sets`, by event time, texts `source|value`.

A correction is `source|value|revision|known_at` (epoch seconds, empty where not told), a goodbye ends in `|goodbye`.
All that was ever told of a key is kept, and which of it counts is decided when it is read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from quantos.contracts.demand import DemandSample
from quantos.telemetry.adapters.hour_sets import HourEntry, HourSets
from quantos.telemetry.ports import corrections_of

HOUR_SECONDS: Final = 3600
_GOODBYE: Final = "goodbye"


@dataclass(frozen=True)
class DynamoDemandHistory:
    """`DemandHistory` on one table."""

    sets: HourSets

    def add(self, samples: Sequence[DemandSample]) -> tuple[DemandSample, ...]:
        """Add samples, one update per series and hour, and return those of full hours.

        Raises TelemetryError; adding all again is safe.
        """
        entries = {sample: HourEntry.at(sample.series, sample.time, text=_text(sample)) for sample in samples}
        full = self.sets.add([*entries.values(), *(_journal_entry(sample) for sample in samples if sample.known_at)])
        return tuple(sample for sample, entry in entries.items() if entry.place in full)

    def samples(
        self, series: Collection[str], *, start: datetime, end: datetime, known_by: datetime | None = None
    ) -> dict[str, tuple[DemandSample, ...]]:
        """Samples with start <= time < end of every series asked for, goodbyes among them.

        In order of (time, source), a goodbye last. Of corrections that were known by `known_by`, all by default, the
        last counts; of what contradicts itself the greatest value. Raises TelemetryError.
        """
        counting: dict[str, dict[tuple[datetime, str, bool], DemandSample]] = {name: {} for name in series}
        for entry in self.sets.read(counting, start=start, end=end):
            sample = _sample(entry)
            by_key, key = counting[entry.series], (sample.time, sample.source, sample.goodbye)
            if sample.was_known(known_by) and (key not in by_key or by_key[key].order < sample.order):
                by_key[key] = sample
        return {name: tuple(by_key[key] for key in sorted(by_key)) for name, by_key in counting.items()}


def _journal_entry(sample: DemandSample) -> HourEntry:
    hour = int(sample.time.timestamp()) // HOUR_SECONDS * HOUR_SECONDS
    return HourEntry.at(corrections_of(sample.series), sample.known_at or sample.time, text=f"{hour}|{hour}")


def _text(sample: DemandSample) -> str:
    parts = [sample.source, f"{sample.value + 0.0!r}"]
    if sample.revision or sample.known_at or sample.goodbye:
        parts += [str(sample.revision), "" if sample.known_at is None else str(int(sample.known_at.timestamp()))]
    return "|".join([*parts, _GOODBYE] if sample.goodbye else parts)


def _sample(entry: HourEntry) -> DemandSample:
    source, value, revision, known_at, goodbye, *_ = *entry.text.split("|"), "", "", ""
    return DemandSample.model_construct(
        schema_version=1,
        series=entry.series,
        time=entry.moment,
        source=source,
        value=float(value),
        revision=int(revision or 0),
        known_at=datetime.fromtimestamp(int(known_at), UTC) if known_at else None,
        goodbye=goodbye == _GOODBYE,
    )
