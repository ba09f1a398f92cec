"""The layer of the project's own code, as git tracks it and the working tree holds it."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.bases.base import Base
from images.bases.interpreter import INSIDE
from images.definition import ImageDefinition
from images.errors import ImageError
from images.layers.component import Component
from images.layers.store import LayerContent
from images.layers.tree import folder_entries, write_tar
from images.pins import blanked

_SECONDS: Final = 60
_EXECUTABLE: Final = 0o111
_ENVIRONMENT_FILE: Final = ".yaml"


@dataclass(frozen=True, kw_only=True)
class Code:
    """Files by path from the project's root; `contents` are as they go in."""

    definition: ImageDefinition
    project: Path
    contents: dict[str, bytes]
    base: Base

    def content(self) -> LayerContent:
        """The layer."""
        files = [part for path, content in self.contents.items() for part in (self._mode(path), path.encode(), content)]
        tools = [file.read_bytes() for file in sorted(INSIDE.glob("*.py"))]
        home = self.definition.home.encode()
        return LayerContent(purpose="code", parts=[self.base.digest.encode(), home, *tools, *files], fill=self._fill)

    def _mode(self, path: str) -> bytes:
        return b"x" if (self.project / path).stat().st_mode & _EXECUTABLE else b"-"

    def _fill(self, target: Path) -> tuple[Component, ...]:
        folder = target.parent / "code"
        for path, content in self.contents.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755 if self._mode(path) == b"x" else 0o644)
        self.base.interpreter.compile_folder(folder, shown=self.definition.home)
        write_tar(target, folder_entries(folder, at=self.definition.home.lstrip("/")))
        shutil.rmtree(folder)
        return ()


def code_of(definition: ImageDefinition, *, project: Path, base: Base) -> Code:
    """The code that a definition names.

    Raises:
        ImageError: git does not know the project, or an environment file cannot be read.
    """
    contents: dict[str, bytes] = {}
    for path in tracked(definition.code, project=project):
        content = (project / path).read_bytes()
        if path.startswith(tuple(f"{folder}/" for folder in definition.unpinned)) and path.endswith(_ENVIRONMENT_FILE):
            content = blanked(content.decode("utf-8")).encode("utf-8")
        contents[path] = content
    return Code(definition=definition, project=project, contents=contents, base=base)


def tracked(folders: Sequence[str], *, project: Path) -> tuple[str, ...]:
    """Files below folders that git tracks and that are there, in order. Raises ImageError where git cannot tell."""
    listed = git(["ls-files", "-z", "--", *folders], project=project)
    return tuple(sorted(path for path in listed.split("\0") if path and (project / path).is_file()))


def git(arguments: Sequence[str], *, project: Path) -> str:
    """What git answers. Raises ImageError where it does not."""
    try:
        return subprocess.run(
            ["git", *arguments], cwd=project, capture_output=True, text=True, check=True, timeout=_SECONDS
        ).stdout
    except subprocess.CalledProcessError as exc:
        raise _no_git(project, str(exc.stderr).strip()) from exc
    except (OSError, subprocess.SubprocessError) as exc:
        raise _no_git(project, str(exc)) from exc


def _no_git(project: Path, reason: str) -> ImageError:
    return ImageError(f"git does not tell the files of {project}: {reason}", remedy="build from a checkout")
