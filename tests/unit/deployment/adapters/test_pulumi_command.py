"""The CLI child is recorded before it runs, interrupted once, killed with all below it, and otherwise left alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi.automation.errors import CommandError

from quantos.deployment.adapters.processes import LocalProcesses, start_time
from quantos.deployment.adapters.pulumi_command import SupervisedCommand
from quantos.deployment.holders import EngineMark
from quantos.deployment.stop_order import StopOrder
from quantos.errors import LeaseLostError

SCRIPT = """#!/bin/sh
if [ "$1" = version ]; then echo v3.259.0; exit 0; fi
echo "began $$" >> "{marks}"
trap 'echo interrupted >> "{marks}"; echo ended well >&2; kill $!; exit 255' INT
sleep 60 & echo "plugin $!" >> "{marks}"
i=0
while [ $i -lt {beats} ]; do sleep 0.05; i=$((i+1)); done
kill $!
echo done
"""


def pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, *, beats: int) -> Path:
    """A `pulumi` on PATH that runs for so many twentieths of a second; returns the file of what it notes."""
    marks = folder / "marks"
    marks.touch()
    script = folder / "pulumi"
    script.write_text(SCRIPT.format(marks=marks, beats=beats), encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return marks


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return pulumi(tmp_path, monkeypatch, beats=60)


def noted(marks: Path, word: str) -> list[str]:
    return [line.partition(" ")[2] for line in marks.read_text().splitlines() if line.startswith(word)]


def test_at_its_time_the_child_is_interrupted_once_and_waited_for(marks: Path, tmp_path: Path) -> None:
    order = StopOrder(interrupt_at_seconds=time.monotonic() + 0.4)
    with pytest.raises(CommandError, match="ended well"):
        SupervisedCommand(order).run(["up"], str(tmp_path), {})
    assert order.reason is not None
    assert len(noted(marks, "interrupted")) == 1


def test_a_child_that_ends_in_time_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = pulumi(tmp_path, monkeypatch, beats=5)
    order = StopOrder(interrupt_at_seconds=time.monotonic() + 60)
    result = SupervisedCommand(order).run(["up"], str(tmp_path), {})
    assert (result.stdout, order.reason, noted(marks, "interrupted")) == ("done", None, [])


def test_an_order_to_kill_ends_the_child_and_all_below_it(marks: Path, tmp_path: Path) -> None:
    order = StopOrder()
    threading.Timer(0.6, order.kill, args=("the lease was lost",)).start()
    begun = time.monotonic()
    with pytest.raises(CommandError):
        SupervisedCommand(order).run(["up"], str(tmp_path), {})
    assert time.monotonic() - begun < 30
    assert [start_time(int(pid)) for pid in (*noted(marks, "began"), *noted(marks, "plugin"))] == ["", ""]


def test_an_engine_is_recorded_by_its_own_pid_before_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = pulumi(tmp_path, monkeypatch, beats=5)
    recorded: list[tuple[EngineMark, str]] = []
    command = SupervisedCommand(StopOrder())
    command.started = lambda engine: recorded.append((engine, marks.read_text()))
    command.run(["up"], str(tmp_path), {})
    command.run(["stack", "select"], str(tmp_path), {})
    ((engine, before),) = recorded
    assert (str(engine.process.pid), before) == (noted(marks, "began")[0], "")
    assert LocalProcesses().gone(engine.process)


def test_an_engine_that_cannot_be_recorded_never_runs(marks: Path, tmp_path: Path) -> None:
    def refuse(_engine: EngineMark) -> None:
        raise LeaseLostError("lost", remedy="none")

    command = SupervisedCommand(StopOrder())
    command.started = refuse
    with pytest.raises(LeaseLostError):
        command.run(["up"], str(tmp_path), {})
    time.sleep(0.3)
    assert marks.read_text() == ""


WAITER = """
import sys, time
from quantos.deployment.adapters.pulumi_command import SupervisedCommand
from quantos.deployment.stop_order import StopOrder
command = SupervisedCommand(StopOrder())
def hang(engine):
    print(engine.process.pid, flush=True)
    time.sleep(60)
command.started = hang
command.run(["up"], ".", {})
"""


def test_an_engine_whose_recorder_is_killed_first_never_runs(marks: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITER],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4])},
        cwd=tmp_path,
    ) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while start_time(engine) and time.monotonic() < until:
        time.sleep(0.05)
    assert (start_time(engine), marks.read_text()) == ("", "")


def test_an_order_begins_anew_for_another_invocation() -> None:
    order = StopOrder(interrupt_at_seconds=0.0)
    order.kill("the lease was lost")
    order.restart(interrupt_at_seconds=None)
    assert (order.reason, order.killed) == (None, False)
