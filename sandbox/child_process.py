"""A child process that outlives its parent, named so that a recycled pid is never taken for it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quantos.deployment.adapters.processes import start_time
from sandbox.errors import SandboxError

POLL_SECONDS = 0.05
_children: dict[int, subprocess.Popen[bytes]] = {}
"""Children of this very process; a child that nobody waits for stays as a zombie."""


@dataclass(frozen=True)
class ProcessMark:
    """A process by pid and start time; `started` is the kernel's clock tick (Linux) or `ps`'s text."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs; one that ended and waits for its parent does not."""
        return start_time(self.pid) == self.started


def start_detached(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> ProcessMark:
    """Start `command` in a session of its own, its output to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )
    _children[process.pid] = process
    return ProcessMark(process.pid, start_time(process.pid))


def end(mark: ProcessMark, *, within_seconds: float) -> None:
    """End the process: asked first, killed when it has not gone by half of the time.

    Raises:
        SandboxError: it is still there after `within_seconds`.
    """
    deadline = time.monotonic() + within_seconds
    for order, until in ((signal.SIGTERM, deadline - within_seconds / 2), (signal.SIGKILL, deadline)):
        if not mark.alive():
            return
        os.kill(mark.pid, order)
        while time.monotonic() < until:
            _reap(mark.pid)
            if not mark.alive():
                return
            time.sleep(POLL_SECONDS)
    raise SandboxError(f"process {mark.pid} does not end", remedy=f"look at it with `ps -p {mark.pid}` and end it")


def _reap(pid: int) -> None:
    if pid in _children and _children[pid].poll() is not None:
        del _children[pid]
