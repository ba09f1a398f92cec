"""Calls of functions, each in a process of its own, of which one is killed at the moment chosen."""

import os
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from sandbox.errors import SandboxError
from sandbox.kill_sweep.account_gate import GatedServer
from sandbox.kill_sweep.moments import Effect, Moment
from sandbox.kill_sweep.stories.gate import MomentsGate
from sandbox.kill_sweep.victim import kill_session

Work: TypeAlias = Callable[[], tuple[int, bytes]]
"""What a process does, and its answer: a status of HTTP, or 0, and a body."""


class Calls:
    """Calls functions, one at a time; at each moment that comes the process of a call is killed."""

    def __init__(self, server: GatedServer, moments: Sequence[Moment], *, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._moments = list(moments)
        self._process: BaseProcess | None = None
        self._gate = self._open_gate()
        self.hit: list[Moment] = []

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What has passed since the last kill."""
        return self._gate.effects

    def call(self, function: str, work: Work) -> tuple[int, bytes] | None:
        """The answer of a call; None where it was killed. Raises SandboxError where it failed by itself."""
        context = get_context("fork")
        channel, far = context.Pipe(duplex=False)
        process = context.Process(target=_process, args=(far, self._folder / "calls.log", work))
        self._gate.who, self._process = function, process
        self._server.gate = self._gate
        process.start()
        far.close()
        answer = _received(channel)
        process.join()
        self._server.gate = None
        if self._gate.hit is not None:
            self._gate.close()
            self.hit.append(self._gate.hit)
            self._moments.remove(self._gate.hit)
            self._gate = self._open_gate()
            return None
        if answer is None:
            raise SandboxError(f"{function} failed by itself", remedy=f"read {self._folder / 'calls.log'}")
        return answer

    def _open_gate(self) -> MomentsGate:
        return MomentsGate(self._kill, self._moments, mark=self._folder / "mark.json", seen=self._seen)

    def _kill(self) -> None:
        if self._process is None or self._process.pid is None:
            raise SandboxError("there is nobody to kill", remedy="set the process before it starts")
        kill_session(self._process.pid)


def _received(channel: Connection) -> tuple[int, bytes] | None:
    with channel:
        try:
            return channel.recv()
        except EOFError:
            return None


def _process(channel: Connection, log: Path, work: Work) -> None:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        channel.send(work())
    except Exception:  # the process of a function that raises has failed
        traceback.print_exc()
    os._exit(0)
