"""A bus inside this process, with the partitions, offsets and consumer groups of Kafka."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from quantos.clock import utc_now
from quantos.environment.functions import topic_partitions
from quantos.errors import BusError
from quantos.messaging.adapters.record import StoredRecord, partition_of
from quantos.messaging.ports import Message


class Clock(Protocol):
    """Now, aware, in UTC."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


class MemoryBus:
    """A Publisher whose records can be read back. Safe to share between threads.

    Args:
        partitions: number of partitions by topic; as on a broker that creates no topic by itself, others do not exist.
        clock: stamps the records.
    """

    def __init__(self, partitions: Mapping[str, int], *, clock: Clock = utc_now) -> None:
        self._logs: dict[str, list[list[StoredRecord]]] = {
            topic: [[] for _ in range(count)] for topic, count in partitions.items()
        }
        self._committed: dict[tuple[str, str, int], int] = {}
        self._clock = clock
        self._guard = threading.Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        """Append all in order. Raises BusError, with nothing appended, when a topic does not exist."""
        timestamp_ms = int(self._clock().timestamp() * 1000)
        with self._guard:
            for message in messages:
                self._log(message.topic)
            for message in messages:
                self._append(message, timestamp_ms=timestamp_ms)

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises BusError when it does not exist."""
        with self._guard:
            return len(self._log(topic))

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next record of the partition will get."""
        with self._guard:
            return len(self._log(topic)[partition])

    def read(self, topic: str, partition: int, *, offset: int, limit: int) -> tuple[StoredRecord, ...]:
        """At most `limit` records of a partition from `offset` on."""
        with self._guard:
            return tuple(self._log(topic)[partition][offset : offset + limit])

    def commit(self, group: str, topic: str, *, partition: int, offset: int) -> None:
        """Note that the group has taken every record before `offset`."""
        with self._guard:
            self._committed[group, topic, partition] = offset

    def committed(self, group: str, topic: str, *, partition: int) -> int:
        """Where the group goes on reading; 0 before its first commit."""
        with self._guard:
            return self._committed.get((group, topic, partition), 0)

    def records(self, topic: str) -> tuple[StoredRecord, ...]:
        """Every record of a topic, partition after partition."""
        with self._guard:
            return tuple(record for log in self._log(topic) for record in log)

    def _log(self, topic: str) -> list[list[StoredRecord]]:
        try:
            return self._logs[topic]
        except KeyError:
            raise BusError(
                f"the bus has no topic {topic}", remedy="Declare it in quantos/environment/functions.py."
            ) from None

    def _append(self, message: Message, *, timestamp_ms: int) -> None:
        key = message.key.encode()
        logs = self._log(message.topic)
        partition = partition_of(key, len(logs))
        log = logs[partition]
        log.append(
            StoredRecord(
                topic=message.topic,
                partition=partition,
                offset=len(log),
                timestamp_ms=timestamp_ms,
                key=key,
                value=message.value,
            )
        )


_buses: dict[str, MemoryBus] = {}
_buses_guard = threading.Lock()


def memory_bus(name: str) -> MemoryBus:
    """The one bus of that name in this process, with the project's topics; made on first use."""
    with _buses_guard:
        return _buses.setdefault(name, MemoryBus(topic_partitions()))


def discard_memory_bus(name: str) -> None:
    """Forget the bus of that name and everything on it; nothing happens when there is none."""
    with _buses_guard:
        _buses.pop(name, None)
