"""Processes that take too much are ended, and nothing is left of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PROBE = """
import os, subprocess, sys
from sandbox.pull_request.confinement import Bounds, adopt_orphans
from sandbox.pull_request.supervision import nothing_left, waited
adopt_orphans()
bounds = Bounds(**eval(sys.argv[1]))
with nothing_left():
    with subprocess.Popen([sys.executable, "-c", sys.argv[2]]) as process:
        print(waited(process, bounds=bounds), flush=True)
        process.kill()
"""
SLEEP = f"6543.{os.getpid()}"
"""How long orphans of this run sleep, by which they are known from those of any other."""
ORPHAN = f"""
import os, subprocess, sys, time
for _ in range({{count}}):
    subprocess.Popen(["sleep", "{SLEEP}"], start_new_session=True)
time.sleep({{seconds}})
"""


def probed(bounds: str, program: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", PROBE, bounds, program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return answer.stdout.strip()


def sleepers() -> list[str]:
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return [line.decode() for line in lines if SLEEP.encode() in line and line.startswith(b"sleep")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("bounds", "program", "why"),
    [
        pytest.param("{}", ORPHAN.format(count=3, seconds=0), "", id="in-bounds"),
        pytest.param("{'seconds': 1}", ORPHAN.format(count=2, seconds=600), "longer than 1 seconds", id="time"),
        pytest.param("{'processes': 5}", ORPHAN.format(count=9, seconds=600), "more than 5 processes", id="processes"),
        pytest.param(
            "{'memory_bytes': 300_000_000}",
            f"held = bytearray(500_000_000)\n{ORPHAN.format(count=1, seconds=600)}",
            "more than 0.3 GiB of memory",
            id="memory",
        ),
    ],
)
def test_what_takes_too_much_is_ended_with_all_that_it_started(bounds: str, program: str, why: str) -> None:
    started = time.monotonic()
    assert why in probed(bounds, program)
    assert time.monotonic() - started < 30
    assert sleepers() == []
