"""The bus in memory keeps Kafka's promises."""

import random

import pytest

from quantos.contracts import topics
from quantos.errors import BusError
from quantos.messaging.adapters.memory import MemoryBus, discard_memory_bus, memory_bus
from quantos.messaging.adapters.record import partition_of
from quantos.messaging.ports import Message


def message(key: str, value: str, topic: str = "orders") -> Message:
    return Message(topic=topic, key=key, value=value.encode())


def test_records_of_one_key_keep_their_order_in_one_partition() -> None:
    bus = MemoryBus({"orders": 4})
    keys = [random.Random(3).choice("abcdefgh") for _ in range(200)]
    bus.publish([message(key, str(number)) for number, key in enumerate(keys)])
    for key in set(keys):
        records = [record for record in bus.records("orders") if record.key == key.encode()]
        assert len({record.partition for record in records}) == 1
        assert [int(record.value) for record in records] == [at for at, other in enumerate(keys) if other == key]


def test_offsets_are_dense_per_partition() -> None:
    bus = MemoryBus({"orders": 3})
    bus.publish([message(str(number), "x") for number in range(50)])
    for partition in range(3):
        assert [record.offset for record in bus.read("orders", partition, offset=0, limit=99)] == list(
            range(bus.end("orders", partition))
        )
    assert sum(bus.end("orders", partition) for partition in range(3)) == 50


def test_unknown_topic_is_refused_and_nothing_of_the_call_is_kept() -> None:
    bus = MemoryBus({"orders": 1})
    with pytest.raises(BusError, match="no topic typo"):
        bus.publish([message("k", "1"), message("k", "2", topic="typo")])
    assert bus.records("orders") == ()


def test_groups_read_on_their_own() -> None:
    bus = MemoryBus({"orders": 1})
    bus.publish([message("k", "1"), message("k", "2")])
    bus.commit("first", "orders", partition=0, offset=2)
    assert bus.committed("first", "orders", partition=0) == 2
    assert bus.committed("second", "orders", partition=0) == 0


def test_a_name_is_one_bus_with_the_projects_topics() -> None:
    try:
        memory_bus("test-names").publish([message("dev-capacity", "plan", topic=topics.CAPACITY_PLANS)])
        dead = memory_bus("test-names")
        assert [record.value for record in dead.records(topics.CAPACITY_PLANS)] == [b"plan"]
        assert dead.partitions(topics.AUDIT_RECORDS) == 1
        assert dead.partitions(topics.dead_letter(topics.AUDIT_RECORDS)) == 1
    finally:
        discard_memory_bus("test-names")
    assert memory_bus("test-names").records(topics.CAPACITY_PLANS) == ()
    discard_memory_bus("test-names")


def test_partition_is_the_crc_32_of_the_key() -> None:
    published_check_value_of_crc_32 = 0xCBF43926
    assert partition_of(b"123456789", 7) == published_check_value_of_crc_32 % 7
