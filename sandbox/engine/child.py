"""A child process that is watched while it runs and never outlives the caller's interest."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from quantos.errors import EngineError

LAST_LINES: Final = 12


def run_watched(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    on_tick: Callable[[], None],
    interval_s: float = 0.5,
) -> int:
    """Run `argv` with both outputs into `log`, calling `on_tick` every `interval_s` and once at the end.

    Whatever ends the call early, an error out of `on_tick` or an interrupt included, the child and everything it
    started are killed first.

    Returns:
        The exit code.

    Raises:
        EngineError: the program does not exist or cannot be started.
    """
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            raise EngineError(f"{argv[0]} cannot be started: {exc}", remedy=f"Check that {argv[0]} works.") from exc
    try:
        while True:
            try:
                code = process.wait(timeout=interval_s)
            except subprocess.TimeoutExpired:
                on_tick()
            else:
                on_tick()
                return code
    finally:
        _end(process)


def last_lines(log: Path) -> str:
    """The end of a log, for an error message."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
