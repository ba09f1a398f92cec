"""The event loop delivers alike over a bus in memory and over a real Kafka broker."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from quantos.environment.functions import FunctionSpec, ScheduleTrigger, StreamTrigger
from quantos.errors import BusError
from quantos.messaging.ports import Message
from sandbox.events.bus import EventBus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account
from sandbox.events.loop import Delivery, EventLoop, Faults, InvocationError, LocalFunction

BusMaker = Callable[[Mapping[str, int]], EventBus]
ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
START = datetime(2026, 3, 3, 7, tzinfo=UTC)


@dataclass
class Bench:
    """A bus with a topic of its own, a loop over it and what the loop's observer saw."""

    make_bus: BusMaker
    name: str
    seen: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus = self.make_bus({self.topic: 3, self.letters: 1})
        self.clock = ReplayClock(START)

    @property
    def topic(self) -> str:
        return f"in.{self.name}"

    @property
    def letters(self) -> str:
        return f"{self.topic}.dlq"

    def publish(self, values: Mapping[str, str] | list[tuple[str, str]]) -> None:
        pairs = values.items() if isinstance(values, Mapping) else values
        self.bus.publisher.publish([Message(topic=self.topic, key=key, value=value.encode()) for key, value in pairs])

    def function(self, handler: Any, *, batch_size: int = 10, retries: int = 2, timeout: int = 60) -> LocalFunction:
        trigger = StreamTrigger(
            topic=self.topic,
            batch_size=batch_size,
            batching_window_seconds=0,
            retries=retries,
            failure_topic=self.letters,
        )
        spec = FunctionSpec(name=f"f-{self.name}", timeout_seconds=timeout, streams=(trigger,))
        return LocalFunction(spec=spec, handler=handler)

    def loop(self, *functions: LocalFunction, **options: Any) -> EventLoop:
        return EventLoop(self.bus, functions, clock=self.clock, account=ACCOUNT, observer=self.seen.append, **options)

    def letters_kept(self) -> list[dict[str, Any]]:
        stream = self.bus.open(f"reader-{self.name}", self.letters)
        self.bus.refresh()
        return [json.loads(record.value) for record in stream.read(stream.pending())] if stream.pending() else []


@pytest.fixture
def bench(make_bus: BusMaker, unique: str) -> Bench:
    return Bench(make_bus, unique)


def values_of(event: dict[str, Any]) -> list[str]:
    return [base64.b64decode(record["value"]).decode() for records in event["records"].values() for record in records]


def test_every_record_is_delivered_once_and_in_order_per_key(bench: Bench) -> None:
    taken: dict[str, list[int]] = {}

    def handler(event: dict[str, Any], context: object) -> None:
        for value in values_of(event):
            key, number = value.split(":")
            taken.setdefault(key, []).append(int(number))

    loop = bench.loop(bench.function(handler, batch_size=7))
    bench.publish([(f"k{number % 5}", f"k{number % 5}:{number}") for number in range(100)])
    calls = loop.run_until_idle()
    assert calls == 15
    assert taken == {f"k{key}": list(range(key, 100, 5)) for key in range(5)}
    assert loop.run_until_idle() == 0


def test_a_batch_never_exceeds_its_size_and_says_where_it_is_from(bench: Bench) -> None:
    sizes: list[int] = []

    def handler(event: dict[str, Any], context: object) -> dict[str, int]:
        sizes.append(len(values_of(event)))
        assert event["bootstrapServers"] == bench.bus.bootstrap_servers
        for place, records in event["records"].items():
            assert {f"{record['topic']}-{record['partition']}" for record in records} == {place}
            offsets = [record["offset"] for record in records]
            assert offsets == sorted(offsets)
        return {"taken": sizes[-1]}

    bench.publish([(str(number), "x") for number in range(11)])
    bench.loop(bench.function(handler, batch_size=4)).run_until_idle()
    assert sum(sizes) == 11
    assert max(sizes) == 4
    assert [delivery.result for delivery in bench.seen] == [{"taken": size} for size in sizes]


def test_a_failing_batch_is_tried_again_whole_and_then_counts_as_read(bench: Bench) -> None:
    attempts: list[list[str]] = []

    def handler(event: dict[str, Any], context: object) -> None:
        attempts.append(values_of(event))
        event.clear()
        if len(attempts) < 3:
            raise BusError("not now", remedy="Later.")

    bench.publish([("k", "1"), ("k", "2")])
    loop = bench.loop(bench.function(handler, retries=2))
    assert loop.run_until_idle() == 3
    assert attempts == [["1", "2"]] * 3
    assert [type(delivery.error) for delivery in bench.seen] == [BusError, BusError, type(None)]
    assert bench.letters_kept() == []
    assert loop.abandoned == ()


def test_a_batch_that_never_succeeds_goes_whole_to_the_failure_topic_and_the_next_is_read(bench: Bench) -> None:
    def handler(event: dict[str, Any], context: object) -> None:
        if "poison" in values_of(event):
            raise ValueError("cannot be read")

    bench.publish([("k", "poison"), ("k", "good")])
    loop = bench.loop(bench.function(handler, batch_size=1, retries=1))
    assert loop.run_until_idle() == 3
    (letter,) = bench.letters_kept()
    assert values_of(letter["payload"]) == ["poison"]
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["requestContext"]["approximateInvokeCount"] == 2
    assert letter["responseContext"]["functionError"] == "ValueError: cannot be read"
    assert [(one.attempt, one.abandoned) for one in loop.abandoned] == [(2, True)]
    assert bench.seen[-1].error is None


def test_an_interrupt_leaves_the_batch_for_the_next_run(bench: Bench) -> None:
    taken: list[str] = []

    def handler(event: dict[str, Any], context: object) -> None:
        taken.extend(values_of(event))
        if len(taken) == 1:
            raise KeyboardInterrupt

    bench.publish([("k", "1")])
    loop = bench.loop(bench.function(handler))
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_idle()
    assert loop.run_until_idle() == 1
    assert taken == ["1", "1"]


def test_a_new_loop_goes_on_where_the_last_one_committed(bench: Bench) -> None:
    taken: list[str] = []

    def handler(event: dict[str, Any], context: object) -> None:
        taken.extend(values_of(event))

    bench.publish([("k", "1")])
    bench.loop(bench.function(handler)).run_until_idle()
    bench.publish([("k", "2")])
    bench.loop(bench.function(handler)).run_until_idle()
    assert taken == ["1", "2"]


def test_a_handler_that_publishes_is_followed_until_all_is_quiet(bench: Bench) -> None:
    taken: list[str] = []

    def handler(event: dict[str, Any], context: object) -> None:
        for value in values_of(event):
            taken.append(value)
            if int(value) < 3:
                bench.publish({"k": str(int(value) + 1)})

    bench.publish({"k": "0"})
    assert bench.loop(bench.function(handler)).run_until_idle() == 4
    assert taken == ["0", "1", "2", "3"]


def test_faults_deliver_every_batch_twice_and_out_of_order_and_lose_nothing(bench: Bench) -> None:
    arrived: list[str] = []

    def handler(event: dict[str, Any], context: object) -> None:
        arrived.extend(values_of(event))

    sent = [str(number) for number in range(40)]
    bench.publish([("one-key", value) for value in sent])
    bench.loop(bench.function(handler, batch_size=5), faults=Faults(rng=Random(7))).run_until_idle()
    assert Counter(arrived) == dict.fromkeys(sent, 2)
    assert arrived[: len(sent)] != sent
    first_places = [arrived.index(value) for value in sent]
    assert first_places != sorted(first_places)


def test_a_slow_handler_is_failed_as_aws_would_have_ended_it(bench: Bench) -> None:
    now = [0.0]

    def handler(event: dict[str, Any], context: Any) -> None:
        now[0] += 5.0

    bench.publish({"k": "1"})
    loop = bench.loop(bench.function(handler, retries=0, timeout=3), monotonic=lambda: now[0])
    loop.run_until_idle()
    (delivery,) = loop.abandoned
    assert isinstance(delivery.error, InvocationError)
    assert delivery.seconds == 5.0
    assert len(bench.letters_kept()) == 1


def test_an_answer_that_is_not_json_is_a_failure(bench: Bench) -> None:
    bench.publish({"k": "1"})
    loop = bench.loop(bench.function(lambda event, context: {"at": START}, retries=0))
    loop.run_until_idle()
    (delivery,) = loop.abandoned
    assert "not JSON" in str(delivery.error)


def test_schedules_fire_on_their_multiples_after_what_was_published_before(bench: Bench) -> None:
    order: list[str] = []

    def stream_handler(event: dict[str, Any], context: object) -> None:
        order.extend(values_of(event))

    def schedule_handler(event: dict[str, Any], context: Any) -> None:
        order.append(event["scheduled_time"])
        bench.publish({"k": f"plan at {bench.clock():%H:%M}"})
        assert 0 < context.get_remaining_time_in_millis() <= 30_000

    schedule = FunctionSpec(
        name="decide",
        timeout_seconds=30,
        schedules=(ScheduleTrigger(stack="dev-capacity", interval_seconds=300, retries=0),),
    )
    loop = bench.loop(bench.function(stream_handler), LocalFunction(spec=schedule, handler=schedule_handler))
    bench.publish({"k": "telemetry"})
    assert loop.advance_to(START + timedelta(minutes=11)) == 5
    assert order == ["telemetry", "2026-03-03T07:05:00Z", "plan at 07:05", "2026-03-03T07:10:00Z", "plan at 07:10"]
    assert bench.clock() == START + timedelta(minutes=11)


def test_a_scheduled_call_that_fails_for_good_is_kept(bench: Bench) -> None:
    def handler(event: dict[str, Any], context: object) -> None:
        raise ValueError("no data")

    schedule = FunctionSpec(
        name="decide",
        timeout_seconds=30,
        schedules=(ScheduleTrigger(stack="dev-capacity", interval_seconds=300, retries=1),),
    )
    loop = bench.loop(LocalFunction(spec=schedule, handler=handler))
    assert loop.advance_to(START + timedelta(minutes=5)) == 2
    (delivery,) = loop.abandoned
    assert (delivery.trigger, delivery.attempt, str(delivery.error)) == ("dev-capacity", 2, "no data")


def test_an_unknown_topic_is_named(make_bus: BusMaker, unique: str) -> None:
    bus = make_bus({f"known.{unique}": 1})
    with pytest.raises(BusError, match=f"no topic absent.{unique}"):
        bus.open("group", f"absent.{unique}")
