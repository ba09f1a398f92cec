"""The process that is killed: the resize function on one plan, then the audit function on what was published.

It is forked before anything of the run exists, loaded and idle, and told later what to do.
"""

import json
import os
import signal
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path

from lambdas import runtime
from lambdas.audit import handler as audit
from lambdas.resize import handler as resize
from quantos.catalog.catalog import Catalog
from quantos.clock import utc_now
from quantos.contracts import topics
from quantos.contracts.plan import ScalingPlan
from quantos.environment.functions import AUDIT, RESIZE
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.functions import FunctionName
from quantos.messaging.adapters.record import StoredRecord
from quantos.messaging.ports import Message
from sandbox.events.events import Account, local_context, msk_event
from sandbox.kill_sweep.account_gate import BUS
from sandbox.kill_sweep.seccomp import install

TIMEOUT_SECONDS = 840.0
Work = Callable[[], None]


@dataclass(frozen=True)
class Order:
    """What a victim does: take `plan` at plan time `now`, in this environment of variables; `log` takes its output."""

    plan: ScalingPlan
    now: datetime
    variables: Mapping[str, str]
    log: Path


class Victim:
    """A loaded process, its children in one session with it."""

    def __init__(self, settings: EnvironmentSettings, catalog: Catalog) -> None:
        context = get_context("fork")
        self._channel, far = context.Pipe(duplex=True)
        self._process: BaseProcess = context.Process(target=_serve, args=(far, settings, catalog))
        self._process.start()
        far.close()

    def begin(self, order: Order) -> int:
        """Start the work; returns the listener of the calls that it and its children make."""
        self._channel.send(order)
        return recv_handle(self._channel)

    def wait(self, seconds: float) -> int | None:
        """The exit code; None when it has not ended by then."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """Kill its process group and every other group of its session, as a machine that loses power would.

        The engine puts plugins into groups of their own; they would go on for a second.
        """
        kill_session(self._process.pid or 0)

    def dismiss(self) -> None:
        """End one that was not needed."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def kill_session(session: int) -> None:
    """Kill every process of a session, and return when none is left."""
    while members := session_members(session):
        for process in members:
            _kill(process)


def session_members(session: int) -> list[int]:
    """Processes of a session that still run."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            members.append(int(stat.parent.name))
    return members


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _serve(channel: Connection, settings: EnvironmentSettings, catalog: Catalog) -> None:
    os.setsid()
    try:
        order: Order = channel.recv()
    except EOFError:  # whoever would have given one is gone
        return
    log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order.variables)
    send_handle(channel, install(), None)
    _take(order, settings, catalog)


def _take(order: Order, settings: EnvironmentSettings, catalog: Catalog) -> None:
    bus = HttpBus(order.variables["AWS_ENDPOINT_URL"])
    runtime.use(
        runtime.Runtime(settings=settings, catalog=catalog, publisher=bus, clock=lambda: order.now, wall_clock=utc_now)
    )
    account = Account(environment=settings.name, account_id=settings.account_id, region=settings.region)

    def call(name: FunctionName, records: Sequence[StoredRecord]) -> None:
        context = local_context(name, account=account, invocation=os.getpid(), timeout_seconds=TIMEOUT_SECONDS)
        event = msk_event(records, account=account, bootstrap_servers="memory:0")
        handler = {RESIZE: resize.handler, AUDIT: audit.handler}[name]
        handler(event, context.as_lambda_context())

    plan = order.plan
    call(RESIZE, [StoredRecord(topics.CAPACITY_PLANS, 0, 0, 0, plan.stack.encode(), plan.to_json())])
    if records := bus.waiting(topics.AUDIT_RECORDS):
        call(AUDIT, records)
        bus.commit(topics.AUDIT_RECORDS, offset=records[-1].offset + 1)


@dataclass(frozen=True)
class HttpBus:
    """A bus that outlives the process, behind the account's address; a Publisher."""

    url: str

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish one after the other, each acknowledged."""
        for message in messages:
            self._ask("POST", message.topic, {"key": message.key, "value": message.value.decode()})

    def waiting(self, topic: str) -> list[StoredRecord]:
        """Records of a topic that nobody has taken for good."""
        answer = json.loads(self._ask("GET", topic, None))
        return [
            StoredRecord(topic, 0, record["offset"], 0, record["key"].encode(), record["value"].encode())
            for record in answer
        ]

    def commit(self, topic: str, *, offset: int) -> None:
        """Take every record before `offset` for good."""
        self._ask("PUT", topic, {"offset": offset})

    def _ask(self, method: str, topic: str, body: Mapping[str, str | int] | None) -> bytes:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{BUS}{topic}", content, method=method)  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.read()
