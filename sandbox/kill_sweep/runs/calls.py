"""Calls of functions, each in a process of its own, of which one is killed at the moment chosen."""

import os
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from sandbox.errors import SandboxError
from sandbox.kill_sweep.account_gate import GatedServer
from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.moments import Effect, Moment, Phase
from sandbox.kill_sweep.victim import kill_session

Work: TypeAlias = Callable[[], tuple[int, bytes]]
"""What a process does, and its answer: a status of HTTP, or 0, and a body."""


class CallGate(Gate):
    """The gate of calls until one is killed, at the first that comes of some moments.

    Args:
        seen: how often each effect was there under earlier gates; it is counted on.
    """

    def __init__(self, moments: Collection[Moment], *, mark: Path, seen: Counter[str]) -> None:
        super().__init__(self._kill_process, mark=mark, moment=None)
        self.function = ""
        self.process: BaseProcess | None = None
        self._moments = {moment.effect: moment for moment in reversed(tuple(moments))}
        self._seen = seen

    @property
    def hit(self) -> Moment | None:
        """The moment that has come: the process that runs is dead, or as good as dead."""
        return self._moment

    def enter(self, name: str) -> Phase | None:
        """Let an effect of the function that runs begin, which names it too."""
        name = f"{self.function}: {name}"
        with self._guard:
            if not self._closed:
                self._moment = self._moments.get(Effect(name, self._seen[name] + 1))
        return super().enter(name)

    def _kill_process(self) -> None:
        if self.process is None or self.process.pid is None:
            raise SandboxError("there is nobody to kill", remedy="set the process before it starts")
        kill_session(self.process.pid)


class Calls:
    """Calls functions, one at a time; at each moment that comes the process of a call is killed."""

    def __init__(self, server: GatedServer, moments: Sequence[Moment], *, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._moments = list(moments)
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
        self._gate.function, self._gate.process = function, process
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

    def _open_gate(self) -> CallGate:
        return CallGate(self._moments, mark=self._folder / "mark.json", seen=self._seen)


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
