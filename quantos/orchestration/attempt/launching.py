"""How a program of an attempt is started: what it is told, shown and given, whichever engine starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantos.orchestration.attempt import launch
from quantos.orchestration.attempt.environment import Environment
from quantos.orchestration.attempt.launch import landlock_version
from quantos.orchestration.execution.local import Given, Program

SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
SYSTEM_FILES: Final = (
    "/bin", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/run/systemd/resolve", "/sbin", "/sys",
    "/usr",
)  # fmt: skip
LAUNCHER_FILES: Final = (Path(launch.__file__), Path(sys.prefix))
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")
UNCONFINED: Final = "files not confined: this system has no Landlock"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What becomes of a launched process.

    Attributes:
        reads: what it is shown beside the system's own files; what it may write it may read too.
        memory_bytes: that each process may take; 0 for any.
        keeps: how variables begin that it takes over from whoever starts it.
        dies_with_parent: whether it ends with the process that writes this.
    """

    name: str
    command: Sequence[str]
    folder: Path
    variables: Mapping[str, str]
    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    cores: int
    memory_bytes: int = 0
    keeps: tuple[str, ...] = ()
    dies_with_parent: bool = False
    own_shared_memory: bool = False

    def write(self, file: Path) -> tuple[str, ...]:
        """Write it down, and return the command by which it is started."""
        base = Path(sys.executable).resolve().parents[1]
        task = {
            "name": self.name,
            "command": list(self.command),
            "folder": str(self.folder),
            "variables": dict(self.variables),
            "reads": [*SYSTEM_FILES, str(base), *map(str, self.reads)],
            "writes": [*DEVICES, *map(str, self.writes)],
            "cores": self.cores,
            "memory_bytes": self.memory_bytes,
            "keeps": list(self.keeps),
            "dies_with_parent": self.dies_with_parent,
            "parent": os.getpid(),
            "own_shared_memory": self.own_shared_memory,
            "confined": landlock_version() > 0,
        }
        file.write_text(json.dumps(task), encoding="utf-8")
        return (sys.executable, "-I", "-S", launch.__file__, str(file))


def program_variables(program: Program, environment: Environment) -> dict[str, str]:
    """What a program is told, its image's environment and a home of its own included."""
    home, scratch = program.folder / "home", program.folder / "tmp"
    for folder in (home, scratch):
        folder.mkdir(exist_ok=True)
    return {
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, environment.modules)),
        "OMP_NUM_THREADS": str(program.given.cores),
        **program.variables,
        "PATH": f"{environment.python.parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "QUANTOS_SECRETS": str(program.secrets),
    }


def notes_of(program: Program, environment: Environment) -> tuple[str, ...]:
    """What evidence says beside engine and version: what is not as it is in a cluster."""
    notes = [f"environment {environment.digest} for image {program.image}", *given_notes(program.given)]
    return (*notes, UNCONFINED) if landlock_version() == 0 else tuple(notes)


def given_notes(given: Given) -> tuple[str, ...]:
    """What a person has to know of what an attempt is given."""
    notes = [f"resources scaled by {given.scale:g}: {given.cores} cores"] if given.scale != 1.0 else []
    return (*notes, f"{given.gpus} GPU simulated") if given.gpus else tuple(notes)


def answer(python: Path, question: str) -> str:
    """What a Python says of itself; empty where it says nothing."""
    run = subprocess.run(
        [str(python), "-c", question],
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return run.stdout.strip()
