"""The folder of one attempt: files by which its worker and its supervisor tell each other what they did.

Each file is there whole or not at all. The claim is made by a link, so that of two workers one runs the attempt.
"""

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from quantos.deployment.holders import ProcessMark
from quantos.orchestration.execution.classify import End

_NAME_DIGITS: Final = 24


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Which process runs an attempt, since when (epoch milliseconds); no process where nobody may any more."""

    process: ProcessMark | None
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How an attempt ended, as its worker says it. Times are epoch milliseconds; `io_bytes` are of the lake."""

    end: End
    detail: str
    evidence: str
    started_ms: int
    ended_ms: int
    io_bytes: int = 0


_CLAIM: Final = TypeAdapter(Claim)
_EXIT: Final = TypeAdapter(Exit)


@dataclass(frozen=True)
class AttemptFolder:
    """One attempt's; its program may write `workspace` and nothing else."""

    path: Path

    @property
    def order(self) -> Path:
        """What is to be run: the record of the order."""
        return self.path / "order.json"

    @property
    def workspace(self) -> Path:
        """The program's own folder."""
        return self.path / "workspace"

    @property
    def secrets(self) -> Path:
        """The secrets of its scope, each a file."""
        return self.path / "secrets"

    @property
    def log(self) -> Path:
        """What its program and its engine say."""
        return self.path / "log.txt"

    def prepare(self, order: bytes) -> None:
        """Make the folder. Key: the attempt, whose order is always the same."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        if not self.order.exists():
            self._write("order.json", order)

    def claim(self, claim: Claim) -> bool:
        """Be the one who runs it; False where another is, or was."""
        written = self._partial("claim.json", _CLAIM.dump_json(claim))
        try:
            os.link(written, self.path / "claim.json")
        except FileExistsError:
            return False
        finally:
            written.unlink()
        return True

    def claimed(self) -> Claim | None:
        """Who runs it, or ran it; None where nobody began to."""
        with suppress(FileNotFoundError):
            return _CLAIM.validate_json((self.path / "claim.json").read_bytes())
        return None

    def beat(self) -> None:
        """Say that its worker is alive now."""
        os.utime(self.path / "claim.json")

    def last_beat_ms(self) -> int:
        """When its worker was last known to be alive, epoch milliseconds."""
        return int((self.path / "claim.json").stat().st_mtime * 1000)

    def ask_to_stop(self, *, now_ms: int) -> None:
        """Have its worker end it."""
        if self.stop_asked_ms() is None:
            self._write("stop.json", str(now_ms).encode())

    def stop_asked_ms(self) -> int | None:
        """Since when it is to end, epoch milliseconds; None where it is not."""
        with suppress(FileNotFoundError):
            return int((self.path / "stop.json").read_bytes())
        return None

    def exit(self, outcome: Exit) -> None:
        """Keep how it ended: the last that its worker does."""
        self._write("exit.json", json.dumps(asdict(outcome)).encode())

    def exited(self) -> Exit | None:
        """How it ended; None where its worker has not said."""
        with suppress(FileNotFoundError):
            return _EXIT.validate_json((self.path / "exit.json").read_bytes())
        return None

    def remove(self) -> None:
        """Remove all of it. It is away at once, so that a worker that comes late never meets half of it unclaimed."""
        away = self.path.with_name(f"{self.path.name}.away")
        with suppress(FileNotFoundError):
            self.path.rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> None:
        self._partial(name, content).rename(self.path / name)

    def _partial(self, name: str, content: bytes) -> Path:
        handle, written = tempfile.mkstemp(dir=self.path, prefix=f".partial-{name}-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return Path(written)


def folder_of(state: Path, name: str) -> AttemptFolder:
    """The folder of the attempt of a name, below the executor's."""
    return AttemptFolder(state / "attempts" / hashlib.sha256(name.encode()).hexdigest()[:_NAME_DIGITS])
