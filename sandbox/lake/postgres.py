"""A Postgres on loopback with throw-away data, which ends with the process that started it."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.tether import let_go, start_tethered

START_TIMEOUT_SECONDS: Final = 30.0
FOLDERS: Final = Path("/usr/lib/postgresql")
USER: Final = "postgres"
"""Postgres does not run as root; of the user and of the database."""
_LOOPBACK: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Postgres:
    """A server that takes whoever asks on loopback."""

    port: int
    programs: Path

    def url(self, database: str) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg2://{USER}@{_LOOPBACK}:{self.port}/{database}"

    def jdbc_url(self, database: str) -> str:
        """As Java takes it."""
        return f"jdbc:postgresql://{_LOOPBACK}:{self.port}/{database}"


def find_programs(environment: Mapping[str, str]) -> Path | None:
    """The folder of Postgres' programs, the newest; None where there is none."""
    folders = sorted(FOLDERS.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if folders:
        return folders[-1]
    initdb = shutil.which("initdb", path=environment.get("PATH"))
    return None if initdb is None else Path(initdb).resolve().parent


@contextlib.contextmanager
def start_postgres(
    folder: Path, *, environment: Mapping[str, str], port: int, database: str
) -> Generator[Postgres, None, None]:
    """A server with an empty database for as long as the block runs, its data in `folder`.

    Raises:
        SandboxError: Postgres is not installed, or did not start.
    """
    programs = find_programs(environment)
    if programs is None:
        raise SandboxError("Postgres is not installed", remedy="Install Debian's postgresql, or run without Trino.")
    data, log = folder / "postgres", folder / "postgres.log"
    data.mkdir()
    as_user = _as_user(data)
    server = Postgres(port, programs)
    _run([*as_user, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", USER, "-N"], log)
    options = ("-p", str(port), "-c", f"listen_addresses={_LOOPBACK}", "-c", "fsync=off", "-k", "")
    process = start_tethered([*as_user, str(programs / "postgres"), "-D", str(data), *options], log=log)
    try:
        _wait_until_ready(server, process, log=log)
        _run([str(programs / "createdb"), "-h", _LOOPBACK, "-p", str(port), "-U", USER, database], log)
        yield server
    finally:
        let_go(process)


def _as_user(data: Path) -> list[str]:
    if os.getuid() != 0:
        return []
    shutil.chown(data, USER)
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]


def _run(command: list[str], log: Path) -> None:
    with log.open("ab") as output:
        outcome = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, cwd="/")
    if outcome.returncode != 0:
        raise _start_error(log)


def _wait_until_ready(server: Postgres, process: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    command = [str(server.programs / "pg_isready"), "-q", "-h", _LOOPBACK, "-p", str(server.port)]
    while subprocess.run(command, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise _start_error(log)
        time.sleep(_POLL_SECONDS)


def _start_error(log: Path) -> SandboxError:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
    return SandboxError("Postgres did not start:\n" + "\n".join(lines), remedy="See the last lines of its log above.")
