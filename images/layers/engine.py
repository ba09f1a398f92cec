"""The layer with the Pulumi engine: official executables where a folder with them is named, else the sandbox's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.layers.component import Component
from images.layers.store import LayerContent, sha256_of
from images.layers.tree import Entry, write_tar
from images.layers.wheels import LockedWheels
from sandbox.engine.executable import CLI, LANGUAGE_EXEC, LANGUAGE_HOST, PLUGIN_PREFIX, Engine, Refusal, engine_at
from sandbox.engine.locate import find_engine
from sandbox.engine.version import PINNED_VERSION

TOOLS: Final = "/opt/bin"
"""Where executables lie in every image, first on its PATH."""
AWS: Final = "aws"
AWS_PLUGIN: Final = f"{PLUGIN_PREFIX}{AWS}"
"""Without it no stack of an account can be changed."""
_ORIGINS: Final[Mapping[str, str]] = {
    "built": "built from Go modules",
    "download": "official download",
    "path": "found on PATH",
}
_GIVEN: Final = "given as files"
_OPTIONAL: Final = "pulumi-analyzer-policy-python"


@dataclass(frozen=True, kw_only=True)
class Executable:
    """A program, and the version that it is of."""

    name: str
    file: Path
    version: str


@dataclass(frozen=True, kw_only=True)
class EngineFiles:
    """Executables of the engine, and where they are from."""

    executables: tuple[Executable, ...]
    origin: str

    @property
    def version(self) -> str:
        """The engine's."""
        return next(executable.version for executable in self.executables if executable.name == CLI)

    @property
    def has_plugin(self) -> bool:
        """Whether it can change stacks of an account."""
        return any(executable.name == AWS_PLUGIN for executable in self.executables)

    def content(self) -> LayerContent:
        """The layer."""
        stated = [f"{each.name} {each.version} {sha256_of(each.file)}".encode() for each in self.executables]
        return LayerContent(purpose="engine", parts=[TOOLS.encode(), self.origin.encode(), *stated], fill=self._fill)

    def _fill(self, target: Path) -> tuple[Component, ...]:
        folder = TOOLS.lstrip("/")
        entries = [Entry(path=f"{folder}/{each.name}", content=each.file, executable=True) for each in self.executables]
        write_tar(target, entries)
        return tuple(self._components())

    def _components(self) -> Iterator[Component]:
        for executable in self.executables:
            yield Component(
                kind="application",
                name=executable.name,
                version=executable.version,
                purl=f"pkg:generic/{executable.name}@{executable.version}",
                licence="Apache-2.0",
                sha256=sha256_of(executable.file).removeprefix("sha256:"),
                properties={"quantos:origin": self.origin},
            )


def engine_files(folder: Path | None, *, locked: LockedWheels, environ: Mapping[str, str]) -> EngineFiles:
    """The engine of the pinned version, in `folder` or the sandbox's.

    A folder has the plugin that belongs to the locked SDK as Pulumi keeps it: `resource-aws-vVERSION/`.

    Raises:
        ImageError: it is of another version, or not all of it is there.
        EngineError: none is named, and the sandbox has none and can get none.
    """
    engine = find_engine(environment=environ) if folder is None else _given(folder, environ)
    if engine.version != str(PINNED_VERSION):
        raise ImageError(
            f"the engine in {engine.bin_dir} is {engine.version}; what every test runs on is {PINNED_VERSION}",
            remedy=f"name a folder with Pulumi {PINNED_VERSION} by --engine",
        )
    files = {name: engine.bin_dir / name for name in (CLI, LANGUAGE_HOST, LANGUAGE_EXEC, _OPTIONAL)}
    executables = [
        Executable(name=name, file=file, version=engine.version) for name, file in files.items() if file.is_file()
    ]
    if folder is not None:
        executables.append(_plugin(folder, locked))
    return EngineFiles(executables=tuple(executables), origin=_GIVEN if folder else _ORIGINS[engine.source])


def _given(folder: Path, environ: Mapping[str, str]) -> Engine:
    engine = engine_at(folder, "path", environment={**environ, "PATH": ""})
    if isinstance(engine, Refusal):
        raise ImageError(
            f"{folder} holds no whole engine: {engine.reason}", remedy=f"unpack Pulumi {PINNED_VERSION} into it"
        )
    return engine


def _plugin(folder: Path, locked: LockedWheels) -> Executable:
    version = locked.version(f"pulumi-{AWS}")
    file = folder / f"resource-{AWS}-v{version}" / AWS_PLUGIN
    if not file.is_file():
        raise ImageError(
            f"there is no {file}, the plugin of the SDK that is locked",
            remedy=f"unpack the plugin {AWS} v{version} into {file.parent}",
        )
    return Executable(name=AWS_PLUGIN, file=file, version=version)
