"""Local environments that stand for images: each a folder with its own lock and code, built once by its digest."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Final

import uv

from quantos.errors import OrchestrationError
from quantos.orchestration.attempt.environment import Environment
from sandbox.engine.cache import EngineCache, cache_of, entry_digest
from sandbox.engine.progress import Reporter

IMAGES: Final = Path(__file__).parent / "images"
BUILD_SECONDS: Final = 1800
_NEVER_CODE: Final = ("__pycache__", ".venv")
_SYNC: Final = ("sync", "--frozen", "--no-dev", "--compile-bytecode")
"""Compiled once here, since programs may not write where they are read from."""


@dataclass(frozen=True, kw_only=True)
class LocalImage:
    """A folder that stands for an image.

    Attributes:
        reference: the image that it stands for.
        command: its program, `python` being that of its environment.
        code: folders of its modules.
    """

    folder: Path
    reference: str
    command: tuple[str, ...]
    code: tuple[Path, ...]

    @property
    def digest(self) -> str:
        """Of lock and code, the Python that both are for, and how they are installed."""
        files = sorted(path for folder in (self.folder, *self.code) for path in _code(folder))
        parts = [part for path in files for part in (path.name.encode(), path.read_bytes())]
        return entry_digest(sys.version.encode(), " ".join(_SYNC).encode(), *parts)


@dataclass(frozen=True)
class Images:
    """The images that there are folders for, and the cache of their environments.

    `environ` is what uv is run with; programs never see it.
    """

    environ: Mapping[str, str]
    root: Path = IMAGES

    def environment(self, reference: str) -> Environment:
        """The environment that stands for an image, built where it is not there yet.

        Raises:
            OrchestrationError: nothing stands for that image, or it cannot be built.
        """
        image = self.image(reference)
        cache = EngineCache(root=cache_of(self.environ).root.parent / "images")
        name = f"{image.folder.name}-{image.digest}"
        if not cache.folder(name).is_dir():
            with cache.lock(Reporter()):
                if not cache.folder(name).is_dir():
                    self._build(image, cache, name)
        return _environment(image, cache.folder(name))

    def image(self, reference: str) -> LocalImage:
        """The folder that stands for an image. Raises OrchestrationError where there is none."""
        images = {image.reference: image for image in map(_read, sorted(self.root.glob("*/image.toml")))}
        if reference not in images:
            raise OrchestrationError(
                f"nothing on this machine stands for the image {reference}; there are {', '.join(images) or 'none'}",
                remedy="use one of these, or add a folder with an image.toml beside theirs",
            )
        return images[reference]

    def _build(self, image: LocalImage, cache: EngineCache, name: str) -> None:
        with cache.staging() as staging:
            for folder in image.code:
                copytree(folder, staging / "code" / folder.name, ignore=ignore_patterns(*_NEVER_CODE))
            environ = {**self.environ, "UV_PROJECT_ENVIRONMENT": str(staging / "venv")}
            for command in (
                ["venv", "--relocatable", "--python", sys.executable, str(staging / "venv")],
                [*_SYNC, "--project", str(image.folder), "--python", sys.executable],
            ):
                _uv(command, environ=environ, image=image)
            cache.publish(staging, name)


def _uv(command: list[str], *, environ: Mapping[str, str], image: LocalImage) -> None:
    try:
        run = subprocess.run(
            [os.fsdecode(uv.find_uv_bin()), "--quiet", *command],
            env={name: value for name, value in environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}},
            capture_output=True, text=True, check=False, timeout=BUILD_SECONDS,
        )  # fmt: skip
        reason = (run.stderr.strip() or f"exit code {run.returncode}") if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = str(exc)
    if reason:
        raise OrchestrationError(
            f"the environment of {image.reference} cannot be built: {reason}",
            remedy="check that packages can be downloaded, then try again",
        )


def _read(file: Path) -> LocalImage:
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
        code = tuple((file.parent / name).resolve(strict=True) for name in stated["code"])
        command = tuple(stated["command"])
        return LocalImage(folder=file.parent, reference=stated["image"], command=command, code=code)
    except (OSError, ValueError, KeyError) as exc:
        raise OrchestrationError(f"{file} states no image: {exc!r}", remedy="state image, command and code") from exc


def _code(folder: Path) -> Iterator[Path]:
    yield from (p for p in folder.rglob("*") if p.is_file() and not {*p.parts} & {*_NEVER_CODE})


def _environment(image: LocalImage, folder: Path) -> Environment:
    python = folder / "venv" / "bin" / "python"
    command = tuple(str(python) if word == "python" else word for word in image.command)
    return Environment(digest=folder.name, folder=folder, command=command, python=python, modules=(folder / "code",))
