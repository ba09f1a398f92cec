"""Trino's own files, fetched through Maven once a user, and the Java that runs them."""

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.jvm import DEPENDENCY_PLUGIN, cache_folder, find_maven, java_version, locked, run_maven
from sandbox.lake.postgres import find_programs

TRINO_VERSION: Final = "476"
"""The newest whose server and plugins Maven serves whole."""
MIN_JAVA: Final = 24
JVM_FOLDER: Final = Path("/usr/lib/jvm")
_REMEDY: Final = "or run without Trino: DuckDB takes its place, and says so."


@dataclass(frozen=True)
class TrinoFiles:
    """A folder of Trino's, and the home of a Java of an accepted version."""

    home: Path
    java_home: Path


def find_trino(environment: Mapping[str, str], *, report: Callable[[str], None]) -> TrinoFiles:
    """Find Java, and Trino in the user's cache; fetch it, 460 MB, where it is not there yet.

    Raises:
        SandboxError: Java or Maven is missing, Java is too old, or Trino cannot be fetched.
    """
    java_home = next(_java_homes(environment), None)
    if java_home is None:
        raise SandboxError(
            f"Trino {TRINO_VERSION} needs a Java of {MIN_JAVA} or later, and none is in JAVA_HOME, on PATH or in"
            f" {JVM_FOLDER}",
            remedy=f"Install a Java of {MIN_JAVA} or later, {_REMEDY}",
        )
    home = trino_home(environment)
    if not home.is_dir():
        _fetch(home, environment, report=report)
    return TrinoFiles(home, java_home)


def missing_tools(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What Trino and its catalog need and this machine lacks; Maven only until Trino's files are there."""
    missing = [] if next(_java_homes(environment), None) else [f"Java {MIN_JAVA} or later"]
    if not trino_home(environment).is_dir() and find_maven(environment) is None:
        missing.append("Maven")
    if find_programs(environment) is None:
        missing.append("Postgres")
    return tuple(missing)


def trino_home(environment: Mapping[str, str]) -> Path:
    """Where Trino's files lie once they are complete."""
    return cache_folder(environment, "trino") / TRINO_VERSION


def _java_homes(environment: Mapping[str, str]) -> Iterator[Path]:
    """Homes of Javas that Trino runs on."""
    stated = environment.get("JAVA_HOME")
    on_path = shutil.which("java", path=environment.get("PATH"))
    candidates = [Path(stated, "bin", "java")] if stated else []
    candidates += [Path(on_path)] if on_path else []
    for java in (*candidates, *sorted(JVM_FOLDER.glob("*/bin/java"))):
        if os.access(java, os.X_OK) and (java_version(java) or 0) >= MIN_JAVA:
            yield java.resolve().parents[1]


def _fetch(home: Path, environment: Mapping[str, str], *, report: Callable[[str], None]) -> None:
    report("Waiting for the right to fetch Trino")
    with locked(home.parent / "lock"):
        if home.is_dir():
            return
        report(f"Fetching Trino {TRINO_VERSION} through Maven, 460 MB")
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".partial-") as name:
            staging = Path(name)
            archives = [
                _artifact(staging, environment, name=artifact, kind=kind)
                for artifact, kind in (("trino-server-core", "tar.gz"), ("trino-iceberg", "zip"))
            ]
            with tarfile.open(archives[0]) as server:
                server.extractall(staging, filter="data")
            with zipfile.ZipFile(archives[1]) as plugin:
                plugin.extractall(staging)  # noqa: S202  which writes nothing outside of it
            core = staging / f"trino-server-core-{TRINO_VERSION}"
            (staging / f"trino-iceberg-{TRINO_VERSION}").rename(core / "plugin" / "iceberg")
            core.rename(home)


def _artifact(staging: Path, environment: Mapping[str, str], *, name: str, kind: str) -> Path:
    """An artifact in a repository of its own, since nobody needs a second copy of it."""
    repository = staging / "repository"
    artifact = f"io.trino:{name}:{TRINO_VERSION}:{kind}"
    arguments = [f"-Dartifact={artifact}", "-Dtransitive=false", f"-Dmaven.repo.local={repository}"]
    run_maven([f"{DEPENDENCY_PLUGIN}:get", *arguments], environment, what=f"Trino {TRINO_VERSION}", remedy=_REMEDY)
    return repository / "io" / "trino" / name / TRINO_VERSION / f"{name}-{TRINO_VERSION}.{kind}"
