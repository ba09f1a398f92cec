"""The records of a Kafka event as AWS delivers it: topic-partition lists, keys and values in base64."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from quantos.errors import BusError


class _WireRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    key: str | None = None
    value: str | None = None


class _WireEvent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    records: Mapping[str, tuple[_WireRecord, ...]]


@dataclass(frozen=True)
class KafkaRecord:
    """One record, decoded. `timestamp_ms` is the broker's or the producer's, epoch milliseconds.

    A tombstone's value is empty, and bytes of a key that are no UTF-8 are replaced: neither may stop its batch.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: str
    value: bytes


def decoded(event: Mapping[str, object]) -> Iterator[KafkaRecord]:
    """Every record of the event, in the order of its partitions.

    Raises:
        BusError: the event is not what a Kafka event source mapping sends.
    """
    try:
        wire = _WireEvent.model_validate(event)
        for partition in wire.records.values():
            for record in partition:
                yield KafkaRecord(
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    timestamp_ms=record.timestamp,
                    key=base64.b64decode(record.key or "", validate=True).decode(errors="replace"),
                    value=base64.b64decode(record.value or "", validate=True),
                )
    except (ValidationError, binascii.Error) as exc:
        raise BusError(
            f"the event is not a Kafka batch: {exc}", remedy="call this function through an MSK event source mapping"
        ) from exc
