"""Runs programs as processes of this machine."""

import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import descendants
from quantos.orchestration.attempt.ending import Limits, end_below, kill_below
from quantos.orchestration.attempt.environment import Environment, Environments
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.attempt.launching import Launch, answer, notes_of, program_variables
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence, Program, Ran

POLL_SECONDS: Final = 0.1
_SUBREAPER: Final = 36
_SAID_BYTES: Final = 8192
_SAID_CHARACTERS: Final = 300
_WHICH: Final = "import platform; print(platform.python_implementation(), platform.python_version())"


@dataclass(frozen=True, kw_only=True)
class ProcessEngine:
    """One worker's: its attempt is the only one below this process."""

    images: Environments
    folder: AttemptFolder

    def run(self, program: Program) -> Ran:
        """Run a program until it and all that it started has ended."""
        environment = self.images.environment(program.image)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
        launch = Launch(
            name=program.name,
            command=environment.command,
            folder=program.folder,
            variables=program_variables(program, environment),
            reads=(environment.folder, program.secrets),
            writes=(program.folder,),
            cores=program.given.cores,
            memory_bytes=program.given.memory_bytes,
            dies_with_parent=True,
            own_shared_memory=True,
        )
        command = launch.write(self.folder.path / "launch.json")
        with self.folder.log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={})
        facts = self._wait(process, program)
        return Ran(facts=replace(facts, said=last_line(self.folder.log)), evidence=_evidence(program, environment))

    def _wait(self, process: "subprocess.Popen[bytes]", program: Program) -> ExitFacts:
        limits = Limits(folder=self.folder, given=program.given, pids=lambda: descendants(os.getpid()))
        stopped, exceeded = False, ""
        while process.poll() is None and not (stopped or exceeded):
            stopped, exceeded = limits.stopped(), limits.exceeded()
            time.sleep(0 if stopped or exceeded else POLL_SECONDS)
        if stopped or exceeded:
            end_below(os.getpid())
        kill_below(os.getpid())
        code = process.wait()
        return ExitFacts(
            exit_code=code if code >= 0 else None, signal=-code if code < 0 else None, stopped=stopped, limit=exceeded
        )


def last_line(log: Path) -> str:
    """The last line of a log that says anything."""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _SAID_BYTES))
        return last_words(file.read().decode(errors="replace"))


def last_words(text: str) -> str:
    """The last line of a text that says anything."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:_SAID_CHARACTERS] if lines else ""


def _evidence(program: Program, environment: Environment) -> Evidence:
    engine, _, version = answer(environment.python, _WHICH).partition(" ")
    return Evidence(engine=engine, version=version, reality="real", notes=notes_of(program, environment))
