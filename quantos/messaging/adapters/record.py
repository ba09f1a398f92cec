"""A record as a bus keeps it, whichever bus that is."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredRecord:
    """One record at its offset. `timestamp_ms` is the producer's time, milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: CRC-32 modulo their number, as librdkafka's `consistent` partitioner has it."""
    return zlib.crc32(key) % partitions
