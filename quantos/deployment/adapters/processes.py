"""The processes of this machine, by pid and start time, so that a recycled pid is never taken for another."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from quantos.deployment.holders import ProcessMark

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_LOG_STREAM = "AWS_LAMBDA_LOG_STREAM_NAME"


class LocalProcesses:
    """Reads `/proc`, or asks `ps` where there is none."""

    def me(self) -> ProcessMark:
        """This process."""
        return mark(os.getpid())

    def gone(self, mark: ProcessMark) -> bool:
        """Whether it ran on this machine and runs no more; False for processes of other machines."""
        return mark.host == this_host() and start_time(mark.pid) != mark.started


def mark(pid: int) -> ProcessMark:
    """A running process of this machine."""
    return ProcessMark(this_host(), pid, start_time(pid))


def this_host() -> str:
    """One boot and one pid namespace of this machine.

    Functions start from copies of one machine's memory, boot id included; the log stream, which no two of their
    environments share, tells these apart.
    """
    try:
        place = f"{_BOOT_ID.read_text(encoding='ascii').strip()}/{_PID_NAMESPACE.readlink()}"
    except OSError:
        place = socket.gethostname()
    stream = os.environ.get(_LOG_STREAM, "")
    return f"{place}/{stream}" if stream else place


def start_time(pid: int) -> str:
    """When process `pid` started, as the kernel's clock tick (Linux) or `ps`'s text; empty when it has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return answer.stdout.strip()


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    below: list[int] = []
    waiting = [pid]
    while waiting:
        new = children.get(waiting.pop(), [])
        below += new
        waiting += new
    return below


def _parents() -> Iterator[tuple[int, int]]:
    """Pid and parent of every process."""
    if not Path("/proc/self/stat").exists():
        command = ["ps", "-e", "-o", "pid=,ppid="]
        listed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
        yield from ((int(pid), int(parent)) for pid, parent in map(str.split, listed.splitlines()))
        return
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(stat.parent.name), int(fields[1])
