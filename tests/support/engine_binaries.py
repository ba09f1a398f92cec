"""Executables that stand for Pulumi, Go and an engine source, written into a test's own folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quantos.errors import EngineError
from sandbox.engine.executable import CLI, LANGUAGE_EXEC, LANGUAGE_HOST
from sandbox.engine.progress import Reporter


def write_executable(file: Path, script: str) -> Path:
    """A shell script at `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def write_engine(bin_dir: Path, version: str = "v3.259.0") -> Path:
    """An engine which answers `pulumi version` with `version`."""
    write_executable(bin_dir / CLI, f"echo '{version}'")
    for name in (LANGUAGE_HOST, LANGUAGE_EXEC):
        write_executable(bin_dir / name, "exit 0")
    return bin_dir


def user_environment(home: Path, *bin_dirs: Path) -> dict[str, str]:
    """HOME and a PATH with the system's shell tools, but no Pulumi and no Go, after `bin_dirs`."""
    return {"HOME": str(home), "PATH": ":".join([*map(str, bin_dirs), "/usr/bin", "/bin"])}


@dataclass(frozen=True, kw_only=True)
class FakeSource:
    """Gives an engine of `version`, or fails saying `failure`; `log` gets one line per fill."""

    log: Path
    version: str = "v3.259.0"
    failure: str = ""
    origin: Literal["download", "built"] = "built"

    @property
    def entry_name(self) -> str:
        return f"fake-{self.origin}"

    def fill(self, staging: Path, *, environment: Mapping[str, str], reporter: Reporter) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{self.origin}\n")
        write_engine(staging / "bin", self.version)
        if self.failure:
            raise EngineError(self.failure, remedy=f"remedy of {self.origin}")
