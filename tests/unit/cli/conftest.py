"""Command lines run in this process, on a machine without credentials, engine or sandbox."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import run

KEPT = ("LANG", "LC_ALL", "TERM")


@dataclass(frozen=True)
class Said:
    """What a command line ended with and printed."""

    code: int
    out: str
    err: str

    @property
    def first_line(self) -> str:
        return self.err.splitlines()[0]


Command = Callable[..., Said]


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path) -> Iterator[None]:
    """No settings at home, no programs, no credentials by any way; commands may change the environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({name: before[name] for name in KEPT if name in before})
    os.environ.update(
        HOME=str(tmp_path / "home"),
        PATH=str(tmp_path / "bin"),
        QUANTOS_STATE_DIR=str(tmp_path / "state"),
        AWS_EC2_METADATA_DISABLED="true",
        COLUMNS="200",
    )
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def quantos(capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: str) -> Said:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return command
