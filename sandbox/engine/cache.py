"""Where engines are kept between runs, and how exactly one process puts one there."""

import contextlib
import errno
import fcntl
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from quantos.errors import EngineError
from sandbox.engine.progress import Reporter

WAIT_INTERVAL_S: Final = 0.5
_PARTIAL_PREFIX: Final = ".partial-"


@dataclass(frozen=True)
class EngineCache:
    """The folder of engines. An engine appears in it whole, by a rename, or not at all."""

    root: Path
    sleep: Callable[[float], None] = time.sleep

    def folder(self, name: str) -> Path:
        """Where the engine called `name` lies once it is whole; its executables are in `bin` under it."""
        return self.root / name

    @contextlib.contextmanager
    def lock(self, reporter: Reporter) -> Iterator[None]:
        """Hold the only right to add engines; waits, telling the listener for whom, as long as another has it.

        The operating system drops the right when its holder dies.

        Raises:
            EngineError: the folder cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            file = (self.root / "lock").open("a+", encoding="utf-8")
        except OSError as exc:
            raise EngineError(
                f"engines are kept in {self.root}, which cannot be written: {exc}",
                remedy="Point XDG_CACHE_HOME at a folder that can be written.",
            ) from exc
        with file:
            while not _try_lock(file):
                file.seek(0)
                holder = file.read().strip() or "unknown"
                reporter.report(f"Waiting for process {holder}, which is getting the engine")
                self.sleep(WAIT_INTERVAL_S)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self._discard_leftovers()
            yield

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty folder on the file system of the cache, gone afterwards unless published."""
        staging = Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=self.root))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def publish(self, staging: Path, name: str) -> Path:
        """Make `staging` the engine called `name`, in place of a broken one of that name."""
        target = self.folder(name)
        if target.exists():
            target.rename(Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=self.root)) / name)
        staging.chmod(0o755)
        staging.rename(target)
        return target

    def _discard_leftovers(self) -> None:
        for leftover in self.root.glob(f"{_PARTIAL_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def cache_of(environment: Mapping[str, str]) -> EngineCache:
    """The cache of the user: under XDG_CACHE_HOME where it is an absolute path, else under ~/.cache.

    Raises:
        EngineError: neither XDG_CACHE_HOME nor HOME is set.
    """
    base = environment.get("XDG_CACHE_HOME", "")
    if not Path(base).is_absolute():
        home = environment.get("HOME", "")
        if not home:
            raise EngineError(
                "the engine's cache folder is unknown: HOME and XDG_CACHE_HOME are both unset", remedy="Set HOME."
            )
        base = str(Path(home) / ".cache")
    return EngineCache(root=Path(base) / "quantos" / "engine")


def entry_digest(*parts: bytes) -> str:
    """Twelve hex digits that differ when any part, the operating system or the processor does."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True
