"""Files of a process that is really killed by what the kernel holds: before, in and after each of its system calls."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kill_sweep.engine_gate import watch_engine
from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.moments import Effect, Moment, Phase, counted

ROOT = Path(__file__).resolve().parents[4]
WRITER = """
import os, socket, sys
from sandbox.kill_sweep.seccomp import install
state = sys.argv[1]
with socket.socket(fileno=int(sys.argv[2])) as near:
    socket.send_fds(near, [b"x"], [install()])
partial, whole = f"{state}/stack.json.0123456789.tmp", f"{state}/stack.json"
with open(partial, "wb") as file:
    file.write(b"x" * 1000)
open(f"{state}/../elsewhere", "wb").close()
os.rename(partial, whole)
os.remove(whole)
"""
WRITE, RENAME, REMOVE = "write stack.json.*.tmp", "rename stack.json.*.tmp to stack.json", "remove stack.json"
NOTHING: dict[str, int] = {}
PARTIAL, HALF, WHOLE = {"stack.json.0123456789.tmp": 1000}, {"stack.json.0123456789.tmp": 500}, {"stack.json": 1000}


def run_writer(folder: Path, moment: Moment | None) -> tuple[Gate, int]:
    """The gate that the writer passed, and its exit code."""
    state = folder / "state"
    state.mkdir()
    near, far = socket.socketpair()
    with near, far:
        command = [sys.executable, "-P", "-c", WRITER, str(state), str(far.fileno())]
        writer = subprocess.Popen(command, pass_fds=[far.fileno()], env={**os.environ, "PYTHONPATH": str(ROOT)})
        far.close()
        _, (listener,), _, _ = socket.recv_fds(near, 1, 1)
    gate = Gate(writer.kill, mark=folder / "mark.json", moment=moment)
    watch = watch_engine(listener, gate, state=state)
    code = writer.wait(timeout=20)
    gate.close()
    watch.join(timeout=20)
    assert not watch.is_alive()
    return gate, code


def left(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (folder / "state").iterdir()}


def test_what_a_process_does_to_the_state_is_seen_in_order(tmp_path: Path) -> None:
    gate, code = run_writer(tmp_path, None)

    assert gate.effects == counted([WRITE, RENAME, REMOVE])
    assert code == 0
    assert left(tmp_path) == NOTHING
    assert (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("name", "phase", "files"),
    [
        (WRITE, "before", [NOTHING]),
        (WRITE, "in", [HALF]),
        (WRITE, "after", [PARTIAL]),
        (RENAME, "before", [PARTIAL]),
        (RENAME, "in", [PARTIAL, WHOLE]),
        (RENAME, "after", [WHOLE]),
        (REMOVE, "before", [WHOLE]),
        (REMOVE, "in", [WHOLE, NOTHING]),
        (REMOVE, "after", [NOTHING]),
    ],
)
def test_a_kill_leaves_the_files_of_its_moment(
    tmp_path: Path, name: str, phase: Phase, files: list[dict[str, int]]
) -> None:
    gate, code = run_writer(tmp_path, Moment(Effect(name, 1), phase))

    assert code in ({-signal.SIGKILL, 0} if (name, phase) == (REMOVE, "after") else {-signal.SIGKILL})
    assert gate.effects[-1] == Effect(name, 1)
    assert (tmp_path / "mark.json").exists()
    assert left(tmp_path) in files
