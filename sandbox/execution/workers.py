"""The processes that run attempts, each in a session of its own, so that all that it started can be ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import descendants, start_time
from quantos.deployment.holders import ProcessMark
from quantos.orchestration.attempt.folder import AttemptFolder

_RAYS: Final = b"\0RAY_AUTH_TOKEN="
"""Among the variables of what Ray's head starts, and of nothing else."""


@dataclass(frozen=True)
class Workers:
    """Starts workers; those of an earlier supervisor are known by their claims only."""

    environment: Mapping[str, str]
    _started: dict[Path, list[subprocess.Popen[bytes]]] = field(default_factory=dict)

    def start(self, folder: AttemptFolder) -> None:
        """Start a worker for an attempt. Of any number of them one runs it: whoever claims it."""
        with folder.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "sandbox.execution.attempt", str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                start_new_session=True,
            )
        self._started.setdefault(folder.path, []).append(worker)

    def on_the_way(self, folder: AttemptFolder) -> bool:
        """Whether one that was started here still runs."""
        return any(worker.poll() is None for worker in self._started.get(folder.path, ()))

    def tries(self, folder: AttemptFolder) -> int:
        """How many were started here for an attempt."""
        return len(self._started.get(folder.path, ()))

    def forget(self, folder: AttemptFolder) -> None:
        """An attempt is over: no more is kept of its workers."""
        for worker in self._started.pop(folder.path, ()):
            worker.poll()


def end_session(leader: ProcessMark, folder: AttemptFolder) -> None:
    """Kill every process of the session that a process led, the process itself too, and whatever left the session.

    While one of the session is left, no other process gets the leader's pid. What left it is known by its variables,
    which name the attempt's folder; what runs on Ray is Ray's to end, whose own processes have the same.
    """
    recycled = start_time(leader.pid) not in {"", leader.started}
    of_leader = set() if recycled else {*_session(leader.pid), *descendants(leader.pid)}
    for pid in {*of_leader, *_naming(os.fsencode(folder.workspace))}:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _naming(text: bytes) -> Iterator[int]:
    """Processes whose variables name it and that Ray did not start, where the system shows them."""
    for pid in _all():
        with suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes()
            if text in variables and _RAYS not in variables:
                yield pid


def _session(leader: int) -> Iterator[int]:
    for pid in descendants(1) if not Path("/proc/self/stat").exists() else _all():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                yield pid


def _all() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
