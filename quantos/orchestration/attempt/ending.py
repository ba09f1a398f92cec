"""Why a program has to end before it does by itself, and its end."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import descendants
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.execution.local import Given

GRACE_S: Final = 5.0
MOST_LOG_BYTES: Final = 256 * 2**20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """An attempt's, from when this is made.

    Attributes:
        pids: of all its processes.
    """

    folder: AttemptFolder
    given: Given
    pids: Callable[[], Iterable[int]]
    begun_s: float = field(default_factory=time.monotonic)

    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self.folder.stop_asked_ms() is not None

    def exceeded(self) -> str:
        """Which limit it has exceeded, in words; "" where none."""
        if (time.monotonic() - self.begun_s) * 1000 > self.given.time_ms:
            return f"ran longer than its limit of {self.given.time_ms / 1000:g} s"
        if self.folder.log.stat().st_size > MOST_LOG_BYTES:
            return f"wrote more than {_mib(MOST_LOG_BYTES)} to its log"
        used = sum(map(_own_memory, self.pids()))
        if used > self.given.memory_bytes:
            return f"out of memory: its processes had {_mib(used)} in use, of {_mib(self.given.memory_bytes)}"
        return ""


def end_below(pid: int) -> None:
    """End every process below one: asked first, and killed after a grace period."""
    below = descendants(pid)
    _send(below, signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    while time.monotonic() < until and _reaped(descendants(pid)):
        time.sleep(0.05)
    kill_below(pid)


def kill_below(pid: int) -> None:
    """Kill every process below one, until none is left."""
    while below := _reaped(descendants(pid)):
        _send(below, signal.SIGKILL)
        time.sleep(0.02)


def _reaped(pids: list[int]) -> list[int]:
    """Those that have not ended; what became this process's own by its parent's end is waited for."""
    left = []
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if stat[0] != "Z":
            left.append(pid)
    return left


def _send(pids: Iterable[int], order: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, order)


def _own_memory(pid: int) -> int:
    """Bytes in use that a process shares with no other; 0 where it has ended, or the system does not say."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _mib(number: int) -> str:
    return f"{number / 2**20:.0f} MiB"
