"""The official download of the engine, given up on quickly where there is no route to it."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from quantos.errors import EngineError
from sandbox.engine.cache import entry_digest
from sandbox.engine.child import last_lines, run_watched
from sandbox.engine.progress import Reporter
from sandbox.engine.version import PINNED_VERSION

_MB: Final = 1_000_000
_PROJECT_ROOT: Final = Path(__file__).parents[2]
_FETCH: Final = (sys.executable, "-m", "sandbox.engine.fetch")
_REMEDY: Final = "Check the network, or install Pulumi by hand and put it on PATH."


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    """When a download counts as having no route: too little of the archive in time, or no byte more for too long."""

    route_s: float = 15.0
    route_bytes: int = _MB
    stall_s: float = 15.0
    total_s: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Download:
    """The pinned version from its publisher, through the Automation API's own installer."""

    limits: DownloadLimits = DownloadLimits()
    command: Sequence[str] = _FETCH
    clock: Callable[[], float] = time.monotonic
    origin: Literal["download", "built"] = "download"
    entry_name: str = field(default_factory=lambda: f"{PINNED_VERSION}-download-{entry_digest()}")

    def fill(self, staging: Path, *, environment: Mapping[str, str], reporter: Reporter) -> None:
        """Download into `staging`/bin.

        Raises:
            EngineError: no route within the limits, or the installer failed.
        """
        scratch = staging / "scratch"
        scratch.mkdir()
        watch = _Watch(folder=staging, limits=self.limits, clock=self.clock, reporter=reporter)
        log = staging / "download.log"
        code = run_watched(
            [*self.command, str(staging), str(PINNED_VERSION)],
            cwd=_PROJECT_ROOT,
            environment={**environment, "TMPDIR": str(scratch)},
            log=log,
            on_tick=watch.tick,
            interval_s=0.25,
        )
        if code != 0:
            reason = last_lines(log).rpartition("\n")[2]
            raise EngineError(f"the official download failed: {reason}", remedy=_REMEDY)
        shutil.rmtree(scratch)


class _Watch:
    """Counts what has arrived and raises when it is too little."""

    def __init__(self, *, folder: Path, limits: DownloadLimits, clock: Callable[[], float], reporter: Reporter) -> None:
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._reporter = reporter
        self._started_s = self._grown_s = clock()
        self._most_bytes = 0

    def tick(self) -> None:
        now_s, arrived = self._clock(), folder_bytes(self._folder)
        if arrived > self._most_bytes:
            self._most_bytes, self._grown_s = arrived, now_s
        self._reporter.report(f"Downloading Pulumi {PINNED_VERSION}", done=self._most_bytes // _MB, unit="MB")
        took_s, still_s = now_s - self._started_s, now_s - self._grown_s
        if self._most_bytes < self._limits.route_bytes and took_s >= self._limits.route_s:
            raise EngineError(f"no route to the official download within {self._limits.route_s:.0f} s", remedy=_REMEDY)
        if still_s >= self._limits.stall_s or took_s >= self._limits.total_s:
            mb = self._most_bytes / _MB
            raise EngineError(f"the official download stopped at {mb:.0f} MB after {took_s:.0f} s", remedy=_REMEDY)


def folder_bytes(folder: Path) -> int:
    """The size of all files under `folder`; files that vanish meanwhile count as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
