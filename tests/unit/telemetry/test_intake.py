import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.contracts import topics
from quantos.environment.functions import topic_partitions
from quantos.errors import BusError, TelemetryError
from quantos.messaging.adapters.memory import MemoryBus
from quantos.telemetry.intake import BatchResult, Intake
from tests.support.demand_history import MemoryDemandHistory
from tests.support.signal_history import MemorySignalHistory

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
TOPIC = topics.TELEMETRY_WORKLOAD


@dataclass(frozen=True)
class Record:
    value: bytes
    topic: str = TOPIC
    partition: int = 2
    offset: int = 41
    key: str = "workload/orders"
    damage: str | None = None


def good(minutes: int, value: float = 1.0) -> Record:
    moment = NOW - timedelta(minutes=minutes)
    body = {"series": "workload/orders", "time": moment.isoformat(), "source": "gw", "value": value}
    return Record(json.dumps(body).encode())


@dataclass
class Bench:
    history: MemoryDemandHistory = field(default_factory=MemoryDemandHistory)
    signals: MemorySignalHistory = field(default_factory=MemorySignalHistory)
    bus: MemoryBus = field(default_factory=lambda: MemoryBus(topic_partitions()))

    def take(self, *records: Record) -> BatchResult:
        return Intake(history=self.history, signals=self.signals, publisher=self.bus, clock=lambda: NOW).take(records)

    def values(self) -> list[float]:
        found = self.history.samples(["workload/orders"], start=NOW - timedelta(days=9), end=NOW + timedelta(days=1))[
            "workload/orders"
        ]
        return [item.value for item in found]

    def letters(self) -> int:
        return self.bus.end(topics.dead_letter(TOPIC), 0)


def test_poison_is_set_aside_with_its_reason_and_the_rest_goes_on():
    bench = Bench()

    taken = bench.take(good(10, 3), Record(b"\x00poison", offset=7), good(5, 4))

    assert (taken.samples, taken.rejected) == (2, 1)
    assert bench.values() == [3, 4]
    (letter,) = bench.bus.read(topics.dead_letter(TOPIC), 0, offset=0, limit=5)
    body = json.loads(letter.value)
    assert (body["reason"], body["topic"], body["partition"], body["offset"]) == ("not-json", TOPIC, 2, 7)
    assert base64.b64decode(body["value"]) == b"\x00poison"


def test_a_failing_history_raises_and_taking_the_batch_again_loses_nothing():
    bench = Bench(history=MemoryDemandHistory(fail_next=TelemetryError("the store is down", remedy="wait")))
    batch = (good(10, 3), Record(b"poison"))

    with pytest.raises(TelemetryError):
        bench.take(*batch)
    bench.take(*batch)

    assert bench.values() == [3]
    assert bench.letters() == 1


def test_a_failing_bus_raises_so_that_no_poison_is_lost():
    bench = Bench(bus=MemoryBus({TOPIC: 1}))

    with pytest.raises(BusError):
        bench.take(good(10, 3), Record(b"poison"))


@settings(deadline=None)
@given(batch=st.lists(st.builds(good, st.integers(0, 20), st.integers(0, 9).map(float)), max_size=12), data=st.data())
def test_batches_taken_twice_and_in_any_order_change_no_figure(batch: list[Record], data: st.DataObject):
    once, again = Bench(), Bench()
    once.take(*batch)
    delivered = data.draw(st.permutations(batch + batch))
    again.take(*delivered[: len(delivered) // 3])
    again.take(*delivered[len(delivered) // 3 :])

    assert again.values() == once.values()


def test_an_empty_batch_is_nothing():
    assert Bench().take() == BatchResult(taken=(), rejected=0)
