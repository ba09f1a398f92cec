"""The layer of packages: what the lock says for a definition, by hash, compiled by the Python that will run it."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from images.bases.base import Base
from images.bases.interpreter import INSIDE
from images.definition import ImageDefinition
from images.errors import ImageError
from images.layers.component import Component
from images.layers.store import LayerContent
from images.layers.tree import folder_entries, write_tar
from images.layers.wheels import python_components, read_lock

PACKAGES: Final = "/opt/python"
"""Where packages lie in every image."""
PLATFORM: Final = "x86_64-manylinux_2_28"
"""What locked wheels may ask of the base: glibc 2.28."""
_SECONDS: Final = 1800
_NOT_OF_PACKAGES: Final = ("bin", ".lock")
"""Scripts that name the builder's own Python, and what uv locks the folder with."""
_SCRIPTS: Final = ("../../bin/", "bin/")


@dataclass(frozen=True, kw_only=True)
class Packages:
    """What is installed: the project whose lock it is, the requirements with their hashes, and what for."""

    project: Path
    requirements: str
    base: Base
    environ: Mapping[str, str]

    def content(self) -> LayerContent:
        """The layer; it follows from requirements and base, and is the same for all images that share these."""
        tools = [file.read_bytes() for file in sorted(INSIDE.glob("*.py"))]
        parts = [self.requirements.encode(), self.base.digest.encode(), PLATFORM.encode(), PACKAGES.encode(), *tools]
        return LayerContent(purpose="packages", parts=parts, fill=self._fill)

    def _fill(self, target: Path) -> tuple[Component, ...]:
        work = target.parent
        (work / "requirements.txt").write_text(self.requirements, encoding="utf-8")
        folder = work / "packages"
        command = [
            "pip", "install", "--target", str(folder), "--python-version", self.base.interpreter.version,
            "--python-platform", PLATFORM, "--require-hashes", "--only-binary", ":all:", "--no-deps",
            "--link-mode", "copy", "--no-compile-bytecode", "--requirement", str(work / "requirements.txt"),
        ]  # fmt: skip
        _uv(command, environ=self.environ, project=self.project)
        for name in _NOT_OF_PACKAGES:
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).unlink(missing_ok=True)
        for record in folder.glob("*.dist-info/RECORD"):
            _without_scripts(record)
        components = python_components(folder, read_lock(self.project / "uv.lock"))
        self._hold_libraries(folder)
        self.base.interpreter.compile_folder(folder, shown=PACKAGES)
        write_tar(target, folder_entries(folder, at=PACKAGES.lstrip("/")))
        shutil.rmtree(folder)
        return components

    def _hold_libraries(self, folder: Path) -> None:
        missing = self.base.interpreter.missing_libraries(folder)
        if missing:
            said = ", ".join(f"{library} (of {file})" for library, file in sorted(missing.items()))
            raise ImageError(
                f"the base {self.base.name} lacks libraries that packages ask for: {said}",
                remedy="install them in the base, or take one that has them, such as --debian bookworm",
            )


def packages_of(
    definition: ImageDefinition, *, project: Path, base: Base, environ: Mapping[str, str]
) -> Packages | None:
    """What the lock says for a definition; None where it asks for no packages.

    Raises:
        ImageError: lock and project do not agree.
    """
    if not (definition.project or definition.groups):
        return None
    option = "--group" if definition.project else "--only-group"
    groups = [word for group in definition.groups for word in (option, group)]
    command = [
        "export", "--locked", "--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate",
        "--format", "requirements-txt", *groups,
    ]  # fmt: skip
    requirements = _uv(command, environ=environ, project=project)
    return Packages(project=project, requirements=requirements, base=base, environ=environ)


def _without_scripts(record: Path) -> None:
    """Take out of the list of a distribution's files what was not kept."""
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.write_text("".join(sorted(line for line in lines if not line.startswith(_SCRIPTS))), encoding="utf-8")


def _uv(command: Sequence[str], *, environ: Mapping[str, str], project: Path) -> str:
    try:
        run = subprocess.run(
            [os.fsdecode(uv.find_uv_bin()), "--quiet", *command],
            cwd=project,
            env={name: value for name, value in environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}},
            capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
        reason = (run.stderr.strip()[-1000:] or f"exit code {run.returncode}") if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _not_run(command, str(exc)) from exc
    if reason:
        raise _not_run(command, reason)
    return run.stdout


def _not_run(command: Sequence[str], reason: str) -> ImageError:
    return ImageError(
        f"`uv {command[0]}` failed: {reason}",
        remedy="run uv lock where the lock is behind pyproject.toml, and check that packages can be downloaded",
    )
