"""The broker is real, keeps the Publisher's promises, and is gone when its owner is."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantos.errors import BusError
from quantos.messaging.adapters.kafka import KafkaCluster, KafkaPublisher, create_topics
from quantos.messaging.adapters.kafka_consumer import KafkaConsumer
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.adapters.url import publisher_from_url
from quantos.messaging.ports import Message, Publisher
from sandbox.errors import SandboxError
from sandbox.events.broker import start_broker
from sandbox.events.bus import KafkaEventBus, open_bus

ROOT = Path(__file__).parents[2]


def publisher_and_log(
    kind: str, request: pytest.FixtureRequest, topic: str
) -> tuple[Publisher, KafkaEventBus | MemoryBus]:
    if kind == "memory":
        bus = MemoryBus({topic: 5})
        return bus, bus
    url = f"kafka://{request.getfixturevalue('broker')}"
    cluster = KafkaCluster(brokers=request.getfixturevalue("broker"))
    create_topics(cluster, {topic: 5}, replicas=1, timeout_seconds=20)
    return publisher_from_url(url), KafkaEventBus(cluster)


@pytest.mark.parametrize("kind", ["memory", pytest.param("kafka", marks=pytest.mark.services)])
def test_publisher_keeps_every_record_in_order_of_its_key(
    kind: str, request: pytest.FixtureRequest, unique: str
) -> None:
    topic = f"orders.{unique}"
    publisher, log = publisher_and_log(kind, request, topic)
    publisher.publish([])
    sent = [(f"key-{number % 7}", str(number)) for number in range(500)]
    publisher.publish([Message(topic=topic, key=key, value=value.encode()) for key, value in sent])
    if isinstance(log, MemoryBus):
        records = log.records(topic)
    else:
        stream = log.open("reader", topic)
        log.refresh()
        records = stream.read(stream.pending())
        log.close()
    assert len(records) == 500
    for key in {key for key, _ in sent}:
        mine = [record for record in records if record.key == key.encode()]
        assert [record.value.decode() for record in mine] == [value for other, value in sent if other == key]
        expected = MemoryBus({topic: 5})
        expected.publish([Message(topic=topic, key=key, value=b"")])
        assert {record.partition for record in mine} == {expected.records(topic)[0].partition}


@pytest.mark.parametrize("kind", ["memory", pytest.param("kafka", marks=pytest.mark.services)])
def test_publisher_refuses_an_unknown_topic(kind: str, request: pytest.FixtureRequest, unique: str) -> None:
    publisher, log = publisher_and_log(kind, request, f"orders.{unique}")
    with pytest.raises(BusError):
        publisher.publish([Message(topic=f"absent.{unique}", key="k", value=b"v")])
    publisher.publish([Message(topic=f"orders.{unique}", key="k", value=b"v")])
    if isinstance(log, KafkaEventBus):
        log.close()


@pytest.mark.services
def test_the_projects_topics_are_created_once_and_kept(broker: str) -> None:
    for _ in range(2):
        with open_bus(f"kafka://{broker}") as bus:
            stream = bus.open("reader", "audit.records.dlq")
            bus.refresh()
            assert stream.pending() == 0


def test_no_broker_is_an_error_within_the_time_allowed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        cluster = KafkaCluster(brokers=f"127.0.0.1:{taken.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(BusError, match=r"0 of 1 records acknowledged.*Connection refused"):
            KafkaPublisher(cluster, timeout_seconds=1.0).publish([Message(topic="t", key="k", value=b"v")])
    assert time.monotonic() - started < 4


def test_without_java_the_error_names_the_remedy(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(SandboxError, match="needs Java") as caught, start_broker(environment=environment):
        pass
    assert "Install a Java runtime" in caught.value.remedy


def test_an_old_java_is_named(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    with pytest.raises(SandboxError, match="is Java 11, and Kafka needs 17"), start_broker(environment=environment):
        pass


def test_without_maven_the_error_names_the_remedy(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\"' >&2\n")
    java.chmod(0o755)
    environment = {"PATH": str(tmp_path), "JAVA_HOME": "", "HOME": str(tmp_path)}
    with pytest.raises(SandboxError) as caught, start_broker(environment=environment):
        pass
    assert "Maven" in caught.value.what or "version" in caught.value.what


@dataclass
class Member:
    """A consumer of a group, and the partitions that it lost."""

    consumer: KafkaConsumer
    lost: list[int]

    def until(self, count: int) -> list[bytes]:
        """The next records, so many of them."""
        values: list[bytes] = []
        deadline = time.monotonic() + 30
        while len(values) < count and time.monotonic() < deadline:
            values += [record.value for record in self.consumer.read(100, timeout_seconds=0.2)]
        return values


def member(cluster: KafkaCluster, topic: str) -> Member:
    lost: list[int] = []
    return Member(KafkaConsumer(cluster, group=f"group-{topic}", topic=topic, lost=lost.append), lost)


@pytest.mark.services
def test_a_consumer_begins_where_its_group_said_that_it_is_done(broker: str, unique: str) -> None:
    cluster, topic = KafkaCluster(brokers=broker), f"asked-{unique}"
    create_topics(cluster, {topic: 1}, replicas=1, timeout_seconds=20)
    KafkaPublisher(cluster).publish([Message(topic=topic, key="k", value=str(n).encode()) for n in range(4)])
    first = member(cluster, topic)
    assert first.until(4) == [b"0", b"1", b"2", b"3"]
    first.consumer.commit({})
    first.consumer.commit({0: 2})
    first.consumer.close()
    second = member(cluster, topic)
    assert second.until(2) == [b"2", b"3"]
    second.consumer.close()
    with pytest.raises(BusError, match=f"{topic} has positions that cannot be kept"):
        member(KafkaCluster(brokers="127.0.0.1:1"), topic).consumer.commit({0: 1})


@pytest.mark.services
def test_a_consumer_is_told_of_partitions_that_another_has(broker: str, unique: str) -> None:
    cluster, topic = KafkaCluster(brokers=broker), f"shared-{unique}"
    create_topics(cluster, {topic: 2}, replicas=1, timeout_seconds=20)
    KafkaPublisher(cluster).publish([Message(topic=topic, key=str(n), value=b"v") for n in range(20)])
    first = member(cluster, topic)
    assert len(first.until(20)) == 20
    second = member(cluster, topic)
    deadline = time.monotonic() + 30
    while not first.lost and time.monotonic() < deadline:
        first.consumer.read(1, timeout_seconds=0.2)
        second.consumer.read(1, timeout_seconds=0.2)
    assert len(first.lost) == 1
    for each in (first, second):
        each.consumer.close()


@pytest.mark.services
def test_the_broker_dies_with_a_killed_owner(broker: str) -> None:
    program = "\n".join(
        (
            "import sys, time",
            "from sandbox.events.broker import start_broker",
            "with start_broker() as bootstrap:",
            "    print(bootstrap, flush=True)",
            "    time.sleep(120)",
        )
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        host, _, port = owner.stdout.readline().strip().partition(":")
    assert _listens(host, int(port))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while _listens(host, int(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _listens(host, int(port))


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
