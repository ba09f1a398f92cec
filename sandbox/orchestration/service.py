"""Orchestration on one machine: the API, the functions behind it and an executor, over one bus, in real time.

One thread delivers events and steps the executor; the API answers beside it, as other instances of functions would.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from lambdas import runtime
from quantos.catalog.catalog import load_catalog
from quantos.clock import utc_now
from quantos.contracts import topics
from quantos.environment.functions import AUDIT, DISPATCH, RUNS, SUBMIT, SWEEP, function_table
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from sandbox.api.gateway import Gateway, serving
from sandbox.api.tokens import open_issuer
from sandbox.events.bus import EventBus, Stream, open_bus
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account
from sandbox.events.loop import GROUP_PREFIX, EventLoop, load_functions

DELIVERED: Final = (DISPATCH, RUNS, SWEEP, AUDIT)
ORDERS: Final = 100
PAUSE_SECONDS: Final = 0.02


class Executor(Protocol):
    """What runs attempts here, or has them run."""

    def take(self, message: Create | Stop | Acknowledge) -> object:
        """Take what is asked of an attempt. Key: the attempt; what comes twice changes nothing."""
        ...

    def holds(self) -> bool:
        """Whether something that was taken is lost with this process, unless the topic keeps it."""
        ...

    def step(self, *, now_ms: int) -> None:
        """Do what can be done now."""
        ...


@dataclass
class Orders:
    """What the bus has for an executor. Key: the attempt, which the executor remembers."""

    stream: Stream
    executor: Executor
    _uncommitted: bool = False

    def take(self) -> int:
        """Hand over what is there, and return how many orders that were."""
        records = self.stream.read(ORDERS) if self.stream.pending() else ()
        for record in records:
            self.executor.take(_order(record.value))
        self._uncommitted = self._uncommitted or bool(records)
        if self._uncommitted and not self.executor.holds():
            self.stream.commit()
            self._uncommitted = False
        return len(records)


def _order(value: bytes) -> Create | Stop | Acknowledge:
    message = decode(value)
    if not isinstance(message, Create | Stop | Acknowledge):
        raise OrchestrationError(
            f"{type(message).__name__} is no order to an executor", remedy="see what writes to orch.attempts"
        )
    return message


@dataclass(frozen=True)
class Service:
    """A running orchestration; `address` is its API's."""

    address: str
    bus: EventBus
    loop: EventLoop
    orders: Orders
    executor: Executor

    def step(self) -> int:
        """Do what can be done now, and return how many deliveries that took."""
        self.bus.refresh()
        calls = self.loop.advance_to(utc_now()) + self.orders.take()
        self.executor.step(now_ms=round(time.time() * 1000))
        return calls

    def run(self, until: Callable[[], bool]) -> None:
        """Step until something holds."""
        while not until():
            if not self.step():
                time.sleep(PAUSE_SECONDS)
        self.loop.settle()


@contextlib.contextmanager
def orchestration(
    settings: EnvironmentSettings, *, state_dir: Path, bus_url: str, executor: Callable[[TopicSender], Executor]
) -> Iterator[Service]:
    """Orchestration of an environment that is up in the sandbox; `executor` makes what runs its attempts."""
    with open_bus(bus_url) as bus, contextlib.ExitStack() as closing:
        clock = ReplayClock(utc_now())
        runtime.use(
            runtime.Runtime(
                settings=settings,
                catalog=load_catalog(),
                publisher=bus.publisher,
                clock=utc_now,
                wall_clock=utc_now,
            )
        )
        account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)
        log = closing.enter_context((state_dir / "logs" / "orchestration.log").open("a", encoding="utf-8", buffering=1))
        with contextlib.redirect_stdout(log):
            functions = {function.spec.name: function for function in load_functions(function_table(settings))}
        gateway = Gateway(
            functions={SUBMIT: functions[SUBMIT]},
            issuer=open_issuer(state_dir, settings.api),
            account=account,
            clock=utc_now,
        )
        loop = EventLoop(
            bus, [functions[name] for name in DELIVERED], clock=clock, account=account, lingering=frozenset()
        )
        runs = executor(TopicSender(bus.publisher))
        orders = Orders(bus.open(f"{GROUP_PREFIX}-executor", topics.ORCH_ATTEMPTS), runs)
        address = closing.enter_context(serving(gateway))
        yield Service(address=address, bus=bus, loop=loop, orders=orders, executor=runs)
