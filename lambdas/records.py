"""The records of a Kafka event, as powertools reads it: one that is damaged stops nothing, and is no other record.

Powertools decodes base64 leniently and leaves types as they come; here neither is let pass.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Final

from aws_lambda_powertools.utilities.data_classes import KafkaEvent
from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord

from quantos.errors import BusError

_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "topic": (str,),
    "partition": (int,),
    "offset": (int,),
    "timestamp": (int, NoneType),
    "key": (str, NoneType),
    "value": (str, NoneType),
}


@dataclass(frozen=True)
class KafkaRecord:
    """One record, decoded. `timestamp_ms` is the broker's or the producer's, epoch milliseconds.

    A tombstone's value is empty, and bytes of a key that are no UTF-8 are replaced: neither may stop its batch. Nor may
    a record that is no record, or whose value is no base64: its `damage` says so, and `value` is what arrived.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: str
    value: bytes
    damage: str | None = None


def decoded(event: Mapping[str, object]) -> Iterator[KafkaRecord]:
    """Every record of the event, in the order of its partitions.

    Raises:
        BusError: the event is not what a Kafka event source mapping sends.
    """
    partitions = event.get("records")
    if not isinstance(partitions, Mapping):
        raise BusError(
            "the event is not a Kafka batch: it has no records by topic and partition",
            remedy="call this function through an MSK event source mapping",
        )
    for name, records in partitions.items():
        topic = str(name).rpartition("-")[0]
        for raw in _listed(records):
            if isinstance(raw, Mapping):
                (record,) = KafkaEvent({"records": {name: [raw]}}).records
                yield _decoded(record, topic=topic)
            else:
                yield _damaged(raw, topic=topic, why="it is no mapping of fields")


def _listed(records: object) -> Sequence[object]:
    return records if isinstance(records, Sequence) and not isinstance(records, str) else (records,)


def _decoded(record: KafkaEventRecord, *, topic: str) -> KafkaRecord:
    """The record; `topic` is that of the list it stands in."""
    for field, kinds in _FIELDS.items():
        value = record.get(field)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return _damaged(record.raw_event, topic=topic, why=f"its {field} is {value!r}")
    value, damage = _value(record.get("value") or "")
    return KafkaRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.get("timestamp") or 0,
        key=_value(record.key or "")[0].decode(errors="replace"),
        value=value,
        damage=damage,
    )


def _damaged(raw: object, *, topic: str, why: str) -> KafkaRecord:
    return KafkaRecord(
        topic,
        partition=-1,
        offset=-1,
        timestamp_ms=0,
        key="",
        value=json.dumps(raw, default=repr).encode(),
        damage=f"not a Kafka record: {why}",
    )


def _value(text: str) -> tuple[bytes, str | None]:
    """The bytes that a text stands for; those of the text itself, and why, when it is no base64."""
    try:
        return base64.b64decode(text, validate=True), None
    except ValueError as exc:
        return text.encode(errors="replace"), f"the value is not base64: {exc}"
