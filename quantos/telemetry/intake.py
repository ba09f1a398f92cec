"""Takes batches of telemetry records into the histories of demand and of signals, and sets the poisonous ones aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from quantos.contracts import topics
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.messaging.dead_letter import dead_letter
from quantos.messaging.ports import Publisher, TopicRecord
from quantos.telemetry.parsing import Rejection, parse_record
from quantos.telemetry.ports import DemandHistory, SignalHistory


class EventClock(Protocol):
    """Now, aware, on the clock that samples are stamped by."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


_HOUR_FULL: Final = Rejection("hour-full", "the store has no room left for this series in this hour")


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """How many records of a batch became samples, each with the time it is of, and how many are dead letters."""

    taken: tuple[tuple[TopicRecord, datetime], ...]
    rejected: int

    @property
    def samples(self) -> int:
        """How many became samples."""
        return len(self.taken)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes batches; the order of records and batches does not matter.

    Key of a record: (series, time, source), of a correction and of a signal's value also the time from which it was
    known, and the revision.
    """

    history: DemandHistory
    signals: SignalHistory
    publisher: Publisher
    clock: EventClock

    def take(self, records: Sequence[TopicRecord]) -> BatchResult:
        """Add the good records to their history and publish the others, each with its reason, as dead letters.

        Raises:
            TelemetryError: a history could not take them; taking the whole batch again is safe.
            BusError: a dead letter could not be published; taking the whole batch again is safe, and may repeat some.
        """
        now = self.clock()
        taken = [(record, _parsed(record, now=now)) for record in records]
        full = {
            *self.history.add([sample for _, sample in taken if isinstance(sample, DemandSample)]),
            *self.signals.add([sample for _, sample in taken if isinstance(sample, SignalSample)]),
        }
        settled = [(record, _HOUR_FULL if result in full else result) for record, result in taken]
        letters = [
            dead_letter(record, reason=result.reason, detail=result.detail, intake=topics.TELEMETRY)
            for record, result in settled
            if isinstance(result, Rejection)
        ]
        if letters:
            self.publisher.publish(letters)
        good = tuple((record, result.time) for record, result in settled if not isinstance(result, Rejection))
        return BatchResult(taken=good, rejected=len(letters))


def _parsed(record: TopicRecord, *, now: datetime) -> DemandSample | SignalSample | Rejection:
    if record.damage is not None:
        return Rejection("damaged", record.damage)
    return parse_record(record.value, topic=record.topic, now=now)
