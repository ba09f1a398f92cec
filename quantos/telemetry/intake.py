"""Takes batches of telemetry records into the histories of demand and of signals, and sets the poisonous ones aside."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quantos.contracts import topics
from quantos.contracts.demand import DemandSample, SignalSample
from quantos.messaging.ports import Message, Publisher, TopicRecord
from quantos.telemetry.ingest import Rejection, parse_record
from quantos.telemetry.ports import DemandHistory, SignalHistory


class EventClock(Protocol):
    """Now, aware, on the clock that samples are stamped by."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many records of a batch became samples, and how many went to a dead-letter topic."""

    samples: int
    rejected: int


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

    def take(self, records: Sequence[TopicRecord]) -> Taken:
        """Add the good records to their history and publish the others, each with its reason, as dead letters.

        Raises:
            TelemetryError: a history could not take them; taking the whole batch again is safe.
            BusError: a dead letter could not be published; taking the whole batch again is safe, and may repeat some.
        """
        now = self.clock()
        samples: list[DemandSample] = []
        signals: list[SignalSample] = []
        letters: list[Message] = []
        for record in records:
            parsed = parse_record(record.value, topic=record.topic, now=now)
            if isinstance(parsed, Rejection):
                letters.append(_dead_letter(record, parsed))
            elif isinstance(parsed, SignalSample):
                signals.append(parsed)
            else:
                samples.append(parsed)
        if samples:
            self.history.add(samples)
        if signals:
            self.signals.add(signals)
        if letters:
            self.publisher.publish(letters)
        return Taken(samples=len(samples) + len(signals), rejected=len(letters))


def _dead_letter(record: TopicRecord, rejection: Rejection) -> Message:
    body = {
        "reason": rejection.reason,
        "detail": rejection.detail,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "value": base64.b64encode(record.value).decode(),
    }
    return Message(topics.dead_letter(record.topic), record.key, json.dumps(body).encode())
