"""A consumer that says itself which records it is done with, for programs that run on and on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka import Message as KafkaMessage

from quantos.errors import BusError
from quantos.messaging.adapters.kafka import KAFKA, KafkaCluster
from quantos.messaging.adapters.record import StoredRecord
from quantos.translation import translated

_REMEDY: Final = "check that the brokers run and can be reached, and that this group may read the topic"


class KafkaConsumer:
    """One of a group that shares out a topic's partitions. Each call raises BusError where the cluster cannot be asked.

    Args:
        cluster: where the topic is.
        group: whose positions are kept.
        topic: that is read, from its beginning where the group has no position.
        lost: told of each partition that another of the group has from now on.
    """

    def __init__(self, cluster: KafkaCluster, *, group: str, topic: str, lost: Callable[[int], None]) -> None:
        self._topic, self._lost = topic, lost
        settings = cluster.client_settings() | {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
        }
        with self._asking("cannot be read"):
            self._consumer = Consumer(settings)
            self._consumer.subscribe([topic], on_revoke=self._revoked, on_lost=self._revoked)

    def read(self, limit: int, *, timeout_seconds: float) -> Sequence[StoredRecord]:
        """The next records, at most so many, of those that come in time."""
        with self._asking("cannot be read"):
            messages = self._consumer.consume(limit, timeout=timeout_seconds)
        return tuple(map(stored_record, messages))

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Keep from which offset on each partition is to be read again."""
        if offsets:
            places = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
            with self._asking("has positions that cannot be kept"):
                self._consumer.commit(offsets=places, asynchronous=False)

    def close(self) -> None:
        """Leave the group."""
        with self._asking("cannot be left"):
            self._consumer.close()

    def _revoked(self, _consumer: Consumer, places: list[TopicPartition]) -> None:
        for place in places:
            self._lost(place.partition)

    def _asking(self, what: str) -> AbstractContextManager[None]:
        return translated(KAFKA, into=BusError, what=f"{self._topic} {what}", remedy=_REMEDY)


def stored_record(message: KafkaMessage) -> StoredRecord:
    """The record of a message. Raises BusError where it is an error, or has no place."""
    if (error := message.error()) is not None:
        raise BusError(f"Kafka could not hand out a record: {error.str()}", remedy=_REMEDY)
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise BusError("Kafka handed out a record without a place", remedy=_REMEDY)
    return StoredRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp_ms=message.timestamp()[1],
        key=message.key() or b"",
        value=message.value() or b"",
    )
