"""The CLI child is interrupted once, at its deadline, and otherwise left alone."""

import time
from pathlib import Path

import pytest
from pulumi.automation.errors import CommandError

from quantos.capacity.adapters.pulumi_command import Deadline, InterruptibleCommand

SCRIPT = """#!/bin/sh
if [ "$1" = version ]; then echo v3.259.0; exit 0; fi
trap 'echo interrupted >> "{marks}"; echo ended well >&2; exit 255' INT
i=0
while [ $i -lt 60 ]; do sleep 0.05; i=$((i+1)); done
echo done
"""


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` on PATH that runs for three seconds, and the file where it notes each SIGINT."""
    marks = tmp_path / "marks"
    marks.touch()
    script = tmp_path / "pulumi"
    script.write_text(SCRIPT.format(marks=marks), encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return marks


def test_at_the_deadline_the_child_is_interrupted_once_and_waited_for(marks: Path, tmp_path: Path) -> None:
    deadline = Deadline(interrupt_at_seconds=time.monotonic() + 0.4)
    command = InterruptibleCommand(deadline)
    with pytest.raises(CommandError, match="ended well"):
        command.run(["up"], str(tmp_path), {})
    assert deadline.passed.is_set()
    assert marks.read_text() == "interrupted\n"


def test_a_child_that_ends_in_time_is_left_alone(marks: Path, tmp_path: Path) -> None:
    deadline = Deadline(interrupt_at_seconds=time.monotonic() + 30)
    result = InterruptibleCommand(deadline).run(["up"], str(tmp_path), {})
    assert (result.stdout, deadline.passed.is_set(), marks.read_text()) == ("done", False, "")


def test_a_deadline_begins_anew_for_another_invocation() -> None:
    deadline = Deadline(interrupt_at_seconds=0.0)
    deadline.passed.set()
    deadline.restart(interrupt_at_seconds=None)
    assert (deadline.left_seconds(), deadline.passed.is_set()) == (None, False)
