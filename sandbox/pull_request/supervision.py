"""What the processes below one process take together, and their end when it is too much."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import descendants
from sandbox.pull_request.confinement import Bounds

POLL_SECONDS: Final = 0.5
MOST_ROUNDS: Final = 50
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def waited(process: subprocess.Popen[bytes], *, bounds: Bounds) -> str:
    """Wait for a child until it ends, or until all below this process take too much: then why, in words."""
    deadline = time.monotonic() + bounds.seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return ""
        if time.monotonic() > deadline:
            return f"it took longer than {bounds.seconds:.0f} seconds"
        below = descendants(os.getpid())
        if len(below) > bounds.processes:
            return f"it started more than {bounds.processes} processes"
        if sum(_memory(pid) for pid in below) > bounds.memory_bytes:
            return f"it took more than {bounds.memory_bytes / 1024**3:.1f} GiB of memory"


@contextmanager
def nothing_left() -> Iterator[None]:
    """Whatever this process and those below it start meanwhile has ended afterwards."""
    before = frozenset(descendants(os.getpid()))
    try:
        yield
    finally:
        end_all_below(except_for=before)


def end_all_below(*, except_for: frozenset[int] = frozenset()) -> None:
    """Kill everything that this process and those below it have started, until nothing is left."""
    for _ in range(MOST_ROUNDS):
        below = [pid for pid in descendants(os.getpid()) if pid not in except_for]
        if not below:
            return
        for pid in below:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap(below)


def _reap(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    time.sleep(POLL_SECONDS / 10)


def _memory(pid: int) -> int:
    """Bytes of memory that a process has in use; 0 where it has ended, or the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
