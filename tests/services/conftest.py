"""A broker for the session, and the two buses every test of delivery runs on."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping

import pytest

from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher, create_topics
from quantos.messaging.adapters.memory import MemoryBus
from sandbox.events.broker import start_broker
from sandbox.events.bus import EventBus, KafkaEventBus, MemoryEventBus
from sandbox.events.kafka_jars import missing_tools

BusMaker = Callable[[Mapping[str, int]], EventBus]


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """`host:port` of a real broker."""
    if missing := missing_tools(dict(os.environ)):
        pytest.skip(f"a Kafka broker needs {' and '.join(missing)}, not installed here")
    with start_broker() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def kafka_publisher(broker: str) -> KafkaPublisher:
    """One publisher for the session; a producer needs a second to get its id from the broker."""
    return KafkaPublisher(KafkaCluster(brokers=broker), timeout_seconds=10)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.services)])
def make_bus(request: pytest.FixtureRequest) -> Iterator[BusMaker]:
    """Makes a bus with the topics given, in memory or on the broker."""
    if request.param == "memory":
        yield lambda partitions: MemoryEventBus(MemoryBus(partitions))
        return
    cluster = KafkaCluster(brokers=request.getfixturevalue("broker"))
    publisher = request.getfixturevalue("kafka_publisher")
    buses: list[KafkaEventBus] = []

    def make(partitions: Mapping[str, int]) -> KafkaEventBus:
        create_topics(cluster, partitions, replicas=1, timeout_seconds=20)
        buses.append(KafkaEventBus(cluster, publisher=publisher))
        return buses[-1]

    yield make
    for bus in buses:
        bus.close()


@pytest.fixture
def unique() -> str:
    """A name no other test uses; a broker keeps topics and groups from test to test."""
    return uuid.uuid4().hex[:12]
