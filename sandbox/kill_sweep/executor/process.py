"""The executor that is killed: intake and supervisor as they are, in a process of its own."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path

import boto3

from quantos.contracts import topics
from quantos.messaging.adapters.record import StoredRecord
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from sandbox.execution.composition import supervisor_of
from sandbox.execution.place import Place
from sandbox.kill_sweep.executor.steps import HELD
from sandbox.kill_sweep.seccomp import install
from sandbox.kill_sweep.victim import HttpBus
from sandbox.orchestration.service import Orders

PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Post:
    """Where an executor works; `environ` is its workers'."""

    place: Place
    url: str
    environ: Mapping[str, str]
    log: Path


@dataclass
class HttpStream:
    """A topic of the bus behind an address, from its last commit on; a Stream."""

    bus: HttpBus
    topic: str
    _read: list[StoredRecord] = field(default_factory=list)

    def pending(self) -> int:
        """Records not read yet."""
        return len(self._waiting())

    def read(self, limit: int) -> tuple[StoredRecord, ...]:
        """The next records."""
        records = self._waiting()[:limit]
        self._read += records
        return tuple(records)

    def commit(self) -> None:
        """Note everything read so far as taken."""
        if self._read:
            self.bus.commit(self.topic, offset=self._read[-1].offset + 1)
        self._read.clear()

    def rewind(self) -> None:
        """Go back to what was committed last."""
        self._read.clear()

    def _waiting(self) -> list[StoredRecord]:
        return self.bus.waiting(self.topic)[len(self._read) :]


def serve(channel: Connection, post: Post) -> None:
    """Take orders and step until killed; the listener of what it and its workers do goes through the channel."""
    os.setsid()
    log = os.open(post.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    send_handle(channel, install(HELD), None)
    bus = HttpBus(post.url)
    archive = WorkspaceArchive(boto3.client("s3"), post.place.bucket)
    supervisor = supervisor_of(post.place, sender=TopicSender(bus), archive=archive, environ=post.environ)
    orders = Orders(HttpStream(bus, topics.ORCH_ATTEMPTS), supervisor)
    while True:
        orders.take()
        supervisor.step(now_ms=round(time.time() * 1000))
        time.sleep(PAUSE_SECONDS)
