"""The records of a Kafka event as AWS delivers it: topic-partition lists, keys and values in base64."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from quantos.errors import BusError


class _WireRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    key: str | None = None
    value: str | None = None


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
        for record in _listed(records):
            yield _decoded(record, topic=str(name).rpartition("-")[0])


def _listed(records: object) -> Sequence[object]:
    return records if isinstance(records, Sequence) and not isinstance(records, str) else (records,)


def _decoded(record: object, *, topic: str) -> KafkaRecord:
    """The record; `topic` is that of the list it stands in."""
    try:
        wire = _WireRecord.model_validate(record)
    except ValidationError as exc:
        return KafkaRecord(
            topic, partition=-1, offset=-1, timestamp_ms=0, key="", value=_as_text(record), damage=_first(exc)
        )
    value, damage = _value(wire.value or "")
    return KafkaRecord(
        topic=wire.topic,
        partition=wire.partition,
        offset=wire.offset,
        timestamp_ms=wire.timestamp,
        key=_value(wire.key or "")[0].decode(errors="replace"),
        value=value,
        damage=damage,
    )


def _value(text: str) -> tuple[bytes, str | None]:
    """The bytes that a text stands for; those of the text itself, and why, when it is no base64."""
    try:
        return base64.b64decode(text, validate=True), None
    except ValueError as exc:
        return text.encode(errors="replace"), f"the value is not base64: {exc}"


def _as_text(record: object) -> bytes:
    return json.dumps(record, default=repr).encode()


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"not a Kafka record: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
