"""Calls the functions of an environment in this process, with the events AWS would send and retries as AWS does.

One thread, one delivery at a time. Over a memory bus the order of deliveries is the same in every run.
"""

import importlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final, TypeAlias

from quantos.environment.functions import FunctionSpec, ScheduleTrigger, StreamTrigger
from quantos.messaging.adapters.record import StoredRecord
from quantos.messaging.ports import Message
from sandbox.errors import SandboxError
from sandbox.events.bus import EventBus, Stream
from sandbox.events.clock import ReplayClock
from sandbox.events.events import (
    Account,
    Event,
    Handler,
    LocalContext,
    failure_record,
    local_context,
    msk_event,
    schedule_event,
)

GROUP_PREFIX: Final = "quantos-sandbox"


@dataclass(frozen=True, kw_only=True)
class LocalFunction:
    """A function as AWS has it configured, and the code it runs."""

    spec: FunctionSpec
    handler: Handler


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One call of a function, as it went.

    `attempt` counts from 1. `error` is None when the handler returned; `abandoned` says that it failed and was the
    last attempt. `result` is what the handler returned. `trigger` is the topic or the stack of the schedule.
    """

    function: str
    trigger: str
    event: Event
    attempt: int
    seconds: float
    result: object = None
    error: Exception | None = None
    abandoned: bool = False


Observer: TypeAlias = Callable[[Delivery], None]


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What may go wrong between a bus and a function without anything being lost.

    Up to `window_batches` batches are taken at once, each is delivered `copies` times, all in an order drawn from
    `rng`, and the records of each delivery are shuffled as well.
    """

    rng: Random
    copies: int = 2
    window_batches: int = 4


class InvocationError(SandboxError):
    """A handler returned, but AWS would have called it failed."""

    code = "sandbox.invocation"


@dataclass(frozen=True)
class _Source:
    function: LocalFunction
    trigger: StreamTrigger
    stream: Stream


@dataclass(frozen=True, order=True)
class _Tick:
    moment: datetime
    place: int
    function: LocalFunction = field(compare=False)
    trigger: ScheduleTrigger = field(compare=False)


def _unobserved(_delivery: Delivery) -> None: ...


class EventLoop:
    """Delivers what is on the bus and what is due to a table of functions.

    Args:
        bus: where topics are read and failed batches published; each function is one consumer group on it.
        functions: what is called, in this order where several have work.
        clock: event time; `advance_to` moves it.
        account: whose names the events carry.
        observer: told of every call, failed ones included.
        faults: what to do to batches on the way; nothing by default.
        lingering: names of functions whose batches wait until they are full, or until `settle`; in a replay that
            passes an hour in a second a batching window holds many bins.
        monotonic: measures calls against the functions' timeouts, seconds.
    """

    def __init__(
        self,
        bus: EventBus,
        functions: Sequence[LocalFunction],
        *,
        clock: ReplayClock,
        account: Account,
        observer: Observer = _unobserved,
        faults: Faults | None = None,
        lingering: frozenset[str] = frozenset(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._functions = tuple(functions)
        self._clock = clock
        self._account = account
        self._observer = observer
        self._faults = faults
        self._lingering = lingering
        self._monotonic = monotonic
        self._invocations = itertools.count(1)
        self._abandoned: list[Delivery] = []
        self._sources = tuple(
            _Source(function, trigger, bus.open(f"{GROUP_PREFIX}-{function.spec.name}", trigger.topic))
            for function in self._functions
            for trigger in function.spec.streams
        )

    @property
    def abandoned(self) -> tuple[Delivery, ...]:
        """The last attempt of everything that failed for good, batches and scheduled calls."""
        return tuple(self._abandoned)

    def run_until_idle(self) -> int:
        """Deliver batches until every topic is read to its end, and return how many calls that took.

        A batch counts as read when its handler has returned or all attempts have failed and the failure record is
        published. What is neither error nor return, such as an interrupt, leaves the batch unread and goes up.
        """
        return self._run(self._lingering)

    def settle(self) -> int:
        """Deliver what is on the bus to its end, lingering batches too, and return how many calls that took."""
        return self._run(frozenset())

    def _run(self, lingering: frozenset[str]) -> int:
        calls = 0
        while True:
            self._bus.refresh()
            busy = [source for source in self._sources if _is_due(source, lingering)]
            if not busy:
                return calls
            for source in busy:
                calls += self._drain_window(source)

    def advance_to(self, moment: datetime) -> int:
        """Let time pass until `moment`, calling what is due on the way and emptying the bus before and after.

        Returns:
            How many calls that took.
        """
        calls = 0
        for tick in self._ticks_until(moment):
            self._clock.move_to(tick.moment)
            calls += self.run_until_idle()
            calls += self._call_scheduled(tick)
        self._clock.move_to(moment)
        return calls + self.run_until_idle()

    def _drain_window(self, source: _Source) -> int:
        try:
            batches = [source.stream.read(source.trigger.batch_size)]
            if self._faults is None:
                calls = self._deliver_batch(source, batches[0])
            else:
                while source.stream.pending() and len(batches) < self._faults.window_batches:
                    batches.append(source.stream.read(source.trigger.batch_size))
                calls = sum(self._deliver_batch(source, batch) for batch in _disturbed(batches, self._faults))
        except BaseException:
            source.stream.rewind()
            raise
        source.stream.commit()
        return calls

    def _deliver_batch(self, source: _Source, records: Sequence[StoredRecord]) -> int:
        event = msk_event(records, account=self._account, bootstrap_servers=self._bus.bootstrap_servers)
        trigger = source.trigger
        last = self._call(source.function, event, trigger=trigger.topic, retries=trigger.retries)
        if last.error is not None:
            self._publish_failure(last, topic=trigger.failure_topic)
        return last.attempt

    def _call_scheduled(self, tick: _Tick) -> int:
        event = schedule_event(tick.trigger.stack, tick.moment)
        return self._call(tick.function, event, trigger=tick.trigger.stack, retries=tick.trigger.retries).attempt

    def _call(self, function: LocalFunction, event: Event, *, trigger: str, retries: int) -> Delivery:
        """Call until it succeeds or `retries` more attempts have failed, and return the last attempt."""
        attempt = 0
        while True:
            attempt += 1
            delivery = self._attempt(function, event, trigger=trigger, attempt=attempt, last=attempt > retries)
            self._observer(delivery)
            if delivery.abandoned:
                self._abandoned.append(delivery)
            if delivery.error is None or delivery.abandoned:
                return delivery

    def _attempt(self, function: LocalFunction, event: Event, *, trigger: str, attempt: int, last: bool) -> Delivery:
        spec = function.spec
        context = local_context(
            spec.name,
            account=self._account,
            invocation=next(self._invocations),
            timeout_seconds=spec.timeout_seconds,
        )
        started_seconds = self._monotonic()
        result: object = None
        error: Exception | None = None
        try:
            result = _invoke(function, event, context=context)
        except Exception as exc:  # Lambda takes any exception for a failed call.
            error = exc
        seconds = self._monotonic() - started_seconds
        if error is None and seconds > spec.timeout_seconds:
            error = InvocationError(
                f"{spec.name} took {seconds:.1f} s and AWS would have ended it after {spec.timeout_seconds} s",
                remedy="Make the function faster, its batch smaller or its timeout longer.",
            )
        return Delivery(
            function=spec.name,
            trigger=trigger,
            event=event,
            attempt=attempt,
            seconds=seconds,
            result=result,
            error=error,
            abandoned=error is not None and last,
        )

    def _publish_failure(self, delivery: Delivery, *, topic: str) -> None:
        record = failure_record(
            delivery.event,
            function=delivery.function,
            account=self._account,
            attempts=delivery.attempt,
            error=f"{type(delivery.error).__name__}: {delivery.error}",
            now=self._clock(),
        )
        value = json.dumps(record, separators=(",", ":")).encode()
        self._bus.publisher.publish([Message(topic=topic, key=delivery.function, value=value)])

    def _ticks_until(self, moment: datetime) -> list[_Tick]:
        now = self._clock()
        ticks = [
            _Tick(tick, place, function, trigger)
            for place, function in enumerate(self._functions)
            for trigger in function.spec.schedules
            for tick in _moments(trigger, after=now, until=moment)
        ]
        return sorted(ticks)


def load_functions(specs: Iterable[FunctionSpec]) -> tuple[LocalFunction, ...]:
    """The functions with the code that AWS would run, imported from their modules.

    Raises:
        SandboxError: a module has no handler.
    """
    return tuple(LocalFunction(spec=spec, handler=_handler(spec)) for spec in specs)


def _is_due(source: _Source, lingering: frozenset[str]) -> bool:
    least = source.trigger.batch_size if source.function.spec.name in lingering else 1
    return source.stream.pending() >= least


def _handler(spec: FunctionSpec) -> Handler:
    handler = getattr(importlib.import_module(spec.module), "handler", None)
    if not callable(handler):
        raise SandboxError(f"{spec.module} has no handler", remedy="Define handler(event, context) in it.")
    return handler


def _invoke(function: LocalFunction, event: Event, *, context: LocalContext) -> object:
    """Call with a copy of the event, and hold the answer to what Lambda can send back: JSON."""
    result = function.handler(json.loads(json.dumps(event)), context.as_lambda_context())
    try:
        json.dumps(result)
    except (TypeError, ValueError) as exc:
        raise InvocationError(
            f"{function.spec.name} returned what is not JSON: {exc}",
            remedy="Return plain values, such as model_dump(mode='json').",
        ) from exc
    return result


def _disturbed(batches: Sequence[Sequence[StoredRecord]], faults: Faults) -> list[list[StoredRecord]]:
    deliveries = [list(batch) for batch in batches for _ in range(faults.copies)]
    faults.rng.shuffle(deliveries)
    for delivery in deliveries:
        faults.rng.shuffle(delivery)
    return deliveries


def _moments(trigger: ScheduleTrigger, *, after: datetime, until: datetime) -> Iterator[datetime]:
    interval, offset = trigger.interval_seconds, trigger.offset_seconds
    first = (int(after.timestamp()) - offset) // interval + 1
    last = (int(until.timestamp()) - offset) // interval
    for multiple in range(first, last + 1):
        yield datetime.fromtimestamp(multiple * interval + offset, tz=UTC)
