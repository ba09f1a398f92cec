"""Run a program that is killed as soon as standard input closes: it never outlives whoever holds the other end.

Run as a script, by path and with the standard library alone: `python -I tether.py PROGRAM ARGUMENT...`.
"""

import os
import signal
import subprocess
import sys
import threading


def main(argv: list[str]) -> int:
    """Run `argv` to its end or to the end of standard input, whichever is first, and return its exit code."""
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda _number, _frame: program.kill())
    threading.Thread(target=_end_with_input, args=(program,), daemon=True).start()
    return program.wait()


def _end_with_input(program: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
