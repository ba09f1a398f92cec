"""Run a program that is killed as soon as standard input closes: it never outlives whoever holds the other end.

Run as a script, by path and with the standard library alone: `python -I tether.py PROGRAM ARGUMENT...`.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


def main(argv: list[str]) -> int:
    """Run `argv` to its end or to the end of standard input, whichever is first, and return its exit code."""
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda _number, _frame: program.kill())
    threading.Thread(target=_end_with_input, args=(program,), daemon=True).start()
    return program.wait()


def start_tethered(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, its output to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__)), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )


def let_go(process: subprocess.Popen[bytes]) -> None:
    """End a tethered program at once, and wait until it is gone: for those whose data is thrown away."""
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


def _end_with_input(program: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
