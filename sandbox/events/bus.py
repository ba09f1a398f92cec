"""The bus as an event source reads it: positions, commits and how much is left, over memory or Kafka alike."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable
from typing import Final, Protocol, TypeVar, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from quantos.environment.functions import topic_partitions
from quantos.errors import BusError
from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher, create_topics
from quantos.messaging.adapters.kafka_consumer import stored_record
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.adapters.record import StoredRecord
from quantos.messaging.adapters.url import kafka_cluster, publisher_from_url
from quantos.messaging.ports import Publisher

CALL_TIMEOUT_SECONDS: Final = 20.0
_EARLIEST: Final = cast("OffsetSpec", OffsetSpec.earliest())
_LATEST: Final = cast("OffsetSpec", OffsetSpec.latest())
_UNSETTLED: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    }
)
_SETTLING_SECONDS: Final = 0.05
_REMEDY: Final = "Check that the broker still runs, then start again; nothing uncommitted is lost."

_Answer = TypeVar("_Answer")


class Stream(Protocol):
    """One topic as one consumer group reads it."""

    def pending(self) -> int:
        """Records not read yet, as of the bus's last `refresh`."""
        ...

    def read(self, limit: int) -> tuple[StoredRecord, ...]:
        """The next records, at most `limit` and at most those pending, in order per partition."""
        ...

    def commit(self) -> None:
        """Note everything read so far as taken."""
        ...

    def rewind(self) -> None:
        """Go back to what was committed last."""
        ...


class EventBus(Protocol):
    """A bus that streams can be opened on."""

    @property
    def bootstrap_servers(self) -> str:
        """What events say of where they come from."""
        ...

    @property
    def publisher(self) -> Publisher:
        """Publishes on the same bus."""
        ...

    def open(self, group: str, topic: str) -> Stream:
        """The topic from where the group's last commit left it, or from its start."""
        ...

    def refresh(self) -> None:
        """Look how far the opened topics reach now."""
        ...


class MemoryStream:
    """A topic of a memory bus; partitions are read in turn, lowest first."""

    def __init__(self, bus: MemoryBus, *, group: str, topic: str) -> None:
        self._bus, self._group, self._topic = bus, group, topic
        self._positions: dict[int, int] = {}
        self.rewind()

    def pending(self) -> int:
        """Records not read yet."""
        return sum(self._bus.end(self._topic, partition) - at for partition, at in self._positions.items())

    def read(self, limit: int) -> tuple[StoredRecord, ...]:
        """The next records, partition after partition."""
        taken: list[StoredRecord] = []
        for partition, offset in self._positions.items():
            records = self._bus.read(self._topic, partition, offset=offset, limit=limit - len(taken))
            self._positions[partition] = offset + len(records)
            taken.extend(records)
        return tuple(taken)

    def commit(self) -> None:
        """Note everything read so far as taken."""
        for partition, offset in self._positions.items():
            self._bus.commit(self._group, self._topic, partition=partition, offset=offset)

    def rewind(self) -> None:
        """Go back to what was committed last."""
        self._positions = {
            partition: self._bus.committed(self._group, self._topic, partition=partition)
            for partition in range(self._bus.partitions(self._topic))
        }


class MemoryEventBus:
    """A memory bus as an event source."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    @property
    def bootstrap_servers(self) -> str:
        """A memory bus has no address."""
        return "memory:0"

    @property
    def publisher(self) -> Publisher:
        """The bus itself."""
        return self._bus

    def open(self, group: str, topic: str) -> MemoryStream:
        """The topic from the group's last commit on. Raises BusError when it does not exist."""
        return MemoryStream(self._bus, group=group, topic=topic)

    def refresh(self) -> None:
        """Nothing to do: memory is always up to date."""


class KafkaStream:
    """A topic of a Kafka cluster. Partitions are assigned, not subscribed to, so no rebalance is ever waited for."""

    def __init__(self, consumer: Consumer, *, topic: str, starts: dict[int, int]) -> None:
        self._consumer, self._topic = consumer, topic
        self._positions = dict(starts)
        self._committed = dict(starts)
        self.ends = dict(starts)
        self._assign()

    def pending(self) -> int:
        """Records not read yet, as of the last look at the ends."""
        return sum(max(self.ends[partition] - at, 0) for partition, at in self._positions.items())

    def read(self, limit: int) -> tuple[StoredRecord, ...]:
        """The next records. Raises BusError when the cluster does not hand out in time what it says it has."""
        wanted = min(limit, self.pending())
        taken: list[StoredRecord] = []
        deadline = time.monotonic() + CALL_TIMEOUT_SECONDS
        while len(taken) < wanted:
            left_seconds = deadline - time.monotonic()
            if left_seconds <= 0:
                raise BusError(f"Kafka handed out {len(taken)} of {wanted} records of {self._topic}", remedy=_REMEDY)
            messages = self._consumer.consume(wanted - len(taken), timeout=min(left_seconds, 1.0))
            taken.extend(stored_record(message) for message in messages)
        for record in taken:
            self._positions[record.partition] = record.offset + 1
        return tuple(taken)

    def commit(self) -> None:
        """Note everything read so far as taken, and wait until the cluster has."""
        moved = {part: at for part, at in self._positions.items() if self._committed[part] != at}
        if moved:
            offsets = [TopicPartition(self._topic, part, at) for part, at in moved.items()]
            with _translated(f"positions in {self._topic} cannot be committed"):
                self._consumer.commit(offsets=offsets, asynchronous=False)
            self._committed |= moved

    def rewind(self) -> None:
        """Go back to what was committed last."""
        self._positions = dict(self._committed)
        self._assign()

    def close(self) -> None:
        """Let the consumer go."""
        self._consumer.close()

    def _assign(self) -> None:
        self._consumer.assign([TopicPartition(self._topic, part, at) for part, at in self._positions.items()])


class KafkaEventBus:
    """A Kafka cluster as an event source.

    Args:
        cluster: where the topics are.
        publisher: publishes on the same cluster; one of its own by default.
    """

    def __init__(self, cluster: KafkaCluster, *, publisher: Publisher | None = None) -> None:
        self._cluster = cluster
        self._admin = AdminClient(cluster.client_settings())
        self._publisher = publisher or KafkaPublisher(cluster)
        self._streams: dict[str, list[KafkaStream]] = {}

    @property
    def bootstrap_servers(self) -> str:
        """The brokers."""
        return self._cluster.brokers

    @property
    def publisher(self) -> Publisher:
        """Publishes on the cluster."""
        return self._publisher

    def open(self, group: str, topic: str) -> KafkaStream:
        """The topic from the group's last commit on. Raises BusError when it does not exist."""
        consumer = Consumer(
            {
                **self._cluster.client_settings(),
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
            }
        )
        with _translated(f"topic {topic} cannot be read"):
            known = consumer.list_topics(topic, timeout=CALL_TIMEOUT_SECONDS).topics[topic]
            if known.error is not None:
                consumer.close()
                raise BusError(
                    f"Kafka has no topic {topic}: {known.error}", remedy="Create the project's topics first."
                )
            partitions = [TopicPartition(topic, part) for part in sorted(known.partitions)]
            starts = self._offsets(partitions, _EARLIEST)
            committed = _settled(lambda: consumer.committed(partitions, timeout=CALL_TIMEOUT_SECONDS))
        positions = {part.partition: max(part.offset, starts[topic, part.partition]) for part in committed}
        stream = KafkaStream(consumer, topic=topic, starts=positions)
        self._streams.setdefault(topic, []).append(stream)
        return stream

    def refresh(self) -> None:
        """Look how far the opened topics reach now, in one request."""
        wanted = [TopicPartition(topic, part) for topic, streams in self._streams.items() for part in streams[0].ends]
        with _translated("the ends of the topics cannot be read"):
            ends = self._offsets(wanted, _LATEST)
        for topic, streams in self._streams.items():
            for stream in streams:
                stream.ends = {part: ends[topic, part] for part in stream.ends}

    def close(self) -> None:
        """Let every consumer go."""
        for streams in self._streams.values():
            for stream in streams:
                stream.close()
        self._streams.clear()

    def _offsets(self, partitions: Iterable[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        wanted = dict.fromkeys(partitions, spec)
        if not wanted:
            return {}

        def ask() -> dict[tuple[str, int], int]:
            futures = self._admin.list_offsets(wanted, request_timeout=CALL_TIMEOUT_SECONDS)
            return {
                (part.topic, part.partition): future.result(CALL_TIMEOUT_SECONDS).offset
                for part, future in futures.items()
            }

        return _settled(ask)


@contextlib.contextmanager
def open_bus(url: str) -> Generator[EventBus, None, None]:
    """The bus that `memory://NAME` or `kafka://HOST:PORT` names, with the project's topics on it.

    Raises:
        SettingsError: the URL names no bus.
        BusError: the cluster cannot be reached.
    """
    publisher = publisher_from_url(url)
    if isinstance(publisher, MemoryBus):
        yield MemoryEventBus(publisher)
        return
    cluster = kafka_cluster(url)
    create_topics(cluster, topic_partitions(), replicas=1, timeout_seconds=CALL_TIMEOUT_SECONDS)
    bus = KafkaEventBus(cluster)
    try:
        yield bus
    finally:
        bus.close()


def _settled(ask: Callable[[], _Answer]) -> _Answer:
    """Ask again while the cluster is still settling after a start or the creation of a topic."""
    deadline = time.monotonic() + CALL_TIMEOUT_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as exc:
            if exc.args[0].code() not in _UNSETTLED or time.monotonic() >= deadline:
                raise
        time.sleep(_SETTLING_SECONDS)


@contextlib.contextmanager
def _translated(what: str) -> Generator[None, None, None]:
    try:
        yield
    except KafkaException as exc:
        raise BusError(f"{what}: {exc}", remedy=_REMEDY) from exc
