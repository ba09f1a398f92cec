"""Writes tests/slow.txt, which `make unit` leaves out, from what a run of the unit tests took.

    make test ARGS="--durations=0 --durations-min=0.01" | .venv/bin/python -m scripts.slow_tests 0.12

Its argument is the most seconds that a test may take, setting up what it uses included; run it on an idle machine.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).resolve().parent.parent / "tests" / "slow.txt"
DURATION: Final = re.compile(r"\s*([\d.]+)s (?:call|setup|teardown)\s+(tests/unit/.+)")


def slow_tests(lines: Iterable[str], *, most_seconds: float) -> list[str]:
    """Cases of tests that took longer, by node id."""
    seconds = defaultdict[str, float](float)
    for line in lines:
        if duration := DURATION.match(line):
            seconds[duration[2]] += float(duration[1])
    return sorted(case for case, took in seconds.items() if took > most_seconds)


if __name__ == "__main__":
    LIST.write_text("\n".join(slow_tests(sys.stdin, most_seconds=float(sys.argv[1]))) + "\n", encoding="utf-8")
