"""Pulumi executables on disk: what is there, which version it says it is, which plugins lie on a PATH."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sandbox.engine.version import ACCEPTED_RANGE, is_accepted, parse_version

CLI: Final = "pulumi"
LANGUAGE_HOST: Final = "pulumi-language-python"
LANGUAGE_EXEC: Final = "pulumi-language-python-exec"
PLUGIN_PREFIX: Final = "pulumi-resource-"
VERSION_TIMEOUT_S: Final = 30.0

EngineOrigin: TypeAlias = Literal["path", "download", "built"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An accepted Pulumi CLI with its Python language host.

    `bin_dir` holds `pulumi`; putting it first on PATH makes both usable. `version` is plain, without `v`.
    """

    bin_dir: Path
    version: str
    source: EngineOrigin

    def search_path(self, path: str) -> str:
        """`path` with this engine first."""
        return os.pathsep.join([str(self.bin_dir), path]) if path else str(self.bin_dir)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an engine that is there is not taken, one clause naming the file."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A Pulumi resource plugin that the engine would start for the provider `name`."""

    name: str
    executable: Path


def engine_at(bin_dir: Path, source: EngineOrigin, *, environment: Mapping[str, str]) -> Engine | Refusal:
    """The engine whose `pulumi` lies in `bin_dir`, asked for its version (about 0.3 s).

    The language host may lie beside it, beside the file a symbolic link leads to, or anywhere on PATH.
    """
    cli = bin_dir / CLI
    for name in (LANGUAGE_HOST, LANGUAGE_EXEC):
        folders = os.pathsep.join([str(bin_dir), str(cli.resolve().parent), environment.get("PATH", "")])
        if shutil.which(name, path=folders) is None:
            return Refusal(reason=f"{cli} has no {name} beside it or on PATH")
    try:
        said = _printed_version(cli, environment)
    except (OSError, subprocess.SubprocessError) as exc:
        return Refusal(reason=f"{cli} does not run: {exc}")
    version = parse_version(said)
    if version is None:
        return Refusal(reason=f"{cli} calls its version {said.strip()!r}, which is no version")
    if not is_accepted(version):
        return Refusal(reason=f"{cli} is version {version}, accepted are {ACCEPTED_RANGE}")
    return Engine(bin_dir=bin_dir, version=str(version), source=source)


def engine_on_path(environment: Mapping[str, str]) -> Engine | Refusal:
    """The first `pulumi` on PATH, or why there is none to take."""
    cli = shutil.which(CLI, path=environment.get("PATH", ""))
    if cli is None:
        return Refusal(reason=f"no {CLI} on PATH")
    return engine_at(Path(cli).absolute().parent, "path", environment=environment)


def resource_plugins(path: str) -> tuple[Plugin, ...]:
    """The resource plugins on `path`, by name; of two with one name the first counts, as it does for the engine."""
    plugins: dict[str, Plugin] = {}
    for folder in path.split(os.pathsep):
        for file in sorted(Path(folder).glob(f"{PLUGIN_PREFIX}*")) if folder else ():
            name = file.name.removeprefix(PLUGIN_PREFIX)
            if name not in plugins and file.is_file() and os.access(file, os.X_OK):
                plugins[name] = Plugin(name=name, executable=file)
    return tuple(plugins[name] for name in sorted(plugins))


def _printed_version(cli: Path, environment: Mapping[str, str]) -> str:
    return subprocess.run(
        [cli, "version"],
        env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=True,
        timeout=VERSION_TIMEOUT_S,
    ).stdout
