"""Containers by runc, without a daemon: made, started, watched and removed; needs root and cgroups of version 1."""

import json
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.oci_documents import RunConfig
from images.running.bundle import Limits, Start, runtime_config
from images.running.network import ContainerNetwork

CGROUPS: Final = Path("/sys/fs/cgroup/memory")
_SECONDS: Final = 60
_STOP_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The most that a container took, all of its processes and what it wrote in /tmp; and how many were killed."""

    peak_bytes: int
    killed: int


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that was made, and the folder of its configuration and log."""

    name: str
    folder: Path
    pid: int
    cgroup: str

    @property
    def network(self) -> ContainerNetwork:
        """Its network."""
        return ContainerNetwork(self.pid)

    @property
    def log(self) -> Path:
        """What its program wrote."""
        return self.folder / "log"

    def start(self) -> None:
        """Let its program begin. Raises ImageError where it cannot."""
        _runc(["start", self.name])

    def memory(self) -> Memory:
        """What it has taken until now, or took before it ended."""
        folder = CGROUPS / self.cgroup.lstrip("/")
        try:
            peak = int((folder / "memory.max_usage_in_bytes").read_text(encoding="ascii"))
            counts = dict(
                line.split() for line in (folder / "memory.oom_control").read_text(encoding="ascii").splitlines()
            )
            killed = int(counts["oom_kill"])
        except (OSError, ValueError, KeyError) as exc:
            raise ImageError(f"what {self.name} took cannot be read: {exc}", remedy="run it on cgroups of v1") from exc
        return Memory(peak_bytes=peak, killed=killed)

    def running(self) -> bool:
        """Whether its program runs."""
        state = Path(f"/proc/{self.pid}/stat")
        with suppress(OSError):
            return state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
        return False

    def stop(self, *, within_seconds: float = _STOP_SECONDS) -> float:
        """Ask its program to end, kill it where it does not, and return after how many seconds it was gone."""
        started = time.monotonic()
        with suppress(ImageError):
            _runc(["kill", self.name, "TERM"])
        while self.running() and time.monotonic() - started < within_seconds:
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - started

    def remove(self) -> None:
        """End it at once, and let nothing of it stay but its folder."""
        with suppress(ImageError):
            _runc(["delete", "--force", self.name])


def create(folder: Path, run: RunConfig, *, name: str, start: Start, limits: Limits) -> Container:
    """Make a container, whose program waits for `Container.start`; `folder` is for its configuration and log.

    Raises:
        ImageError: runc is not there, or does not make it.
    """
    config = runtime_config(run, start, limits)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    pid_file = folder / "pid"
    with (folder / "log").open("wb") as log:
        command = ["create", "--bundle", str(folder), "--pid-file", str(pid_file), name]
        process = subprocess.run(
            ["runc", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, timeout=_SECONDS
        )
    if process.returncode:
        said = (folder / "log").read_text(encoding="utf-8", errors="replace").strip()[-600:]
        raise ImageError(f"runc made no container: {said}", remedy="run as root, with runc installed")
    pid = int(pid_file.read_text(encoding="ascii"))
    return Container(name=name, folder=folder, pid=pid, cgroup=start.cgroup)


def _runc(arguments: Sequence[str]) -> None:
    try:
        run = subprocess.run(["runc", *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS)
        reason = run.stderr.strip()[-600:] if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = str(exc)
    if reason:
        raise ImageError(f"`runc {arguments[0]}` failed: {reason}", remedy="run as root, with runc installed")
