"""Kafka's jars, fetched through Maven once a user, and the Java that runs them."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import jvm
from sandbox.errors import SandboxError
from sandbox.jvm import fetch_jars, find_maven, java_candidate, java_version, locked

KAFKA_VERSION: Final = "4.3.1"
SCALA_VERSION: Final = "2.13"
SLF4J_VERSION: Final = "1.7.36"
MIN_JAVA: Final = 17
_DEPENDENCIES: Final = (
    ("org.apache.kafka", f"kafka_{SCALA_VERSION}", KAFKA_VERSION),
    ("org.slf4j", "slf4j-simple", SLF4J_VERSION),
)


@dataclass(frozen=True)
class KafkaInstallation:
    """A Java of an accepted version and a folder of Kafka's jars."""

    java: Path
    jars: Path

    def command(self, main_class: str, *arguments: str, heap_mib: int) -> list[str]:
        """The command line that runs a main class of Kafka's."""
        options = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.showDateTime=true")
        return [
            *(str(self.java), f"-Xmx{heap_mib}m", *options),
            *("-cp", str(self.jars / "*"), main_class, *arguments),
        ]


def find_kafka(environment: Mapping[str, str], *, report: Callable[[str], None]) -> KafkaInstallation:
    """Find Java, and Kafka's jars in the user's cache; fetch them when they are not there yet.

    Args:
        environment: PATH, JAVA_HOME, HOME and XDG_CACHE_HOME are read.
        report: told when something is going to take seconds.

    Raises:
        SandboxError: Java or Maven is missing, Java is too old, or the jars cannot be fetched.
    """
    java = _find_java(environment)
    folder = cache_folder(environment)
    if not folder.is_dir():
        _fetch(folder, environment, report=report)
    return KafkaInstallation(java=java, jars=folder)


def missing_tools(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What a broker needs and this machine lacks, of Java and Maven; Maven only until the jars are there."""
    missing = [] if java_candidate(environment) else ["Java"]
    if not cache_folder(environment).is_dir() and find_maven(environment) is None:
        missing.append("Maven")
    return tuple(missing)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where the jars lie once they are complete.

    Raises:
        SandboxError: the user's cache folder is unknown.
    """
    return jvm.cache_folder(environment, "kafka") / KAFKA_VERSION


def _find_java(environment: Mapping[str, str]) -> Path:
    remedy = f"Install a Java runtime of version {MIN_JAVA} or later, or run without --kafka."
    candidate = java_candidate(environment)
    if candidate is None:
        raise SandboxError("a Kafka broker needs Java, and none is on PATH or in JAVA_HOME", remedy=remedy)
    version = java_version(candidate)
    if version is None:
        raise SandboxError(f"{candidate} does not say its version", remedy=remedy)
    if version < MIN_JAVA:
        raise SandboxError(f"{candidate} is Java {version}, and Kafka needs {MIN_JAVA}", remedy=remedy)
    return Path(candidate)


def _fetch(folder: Path, environment: Mapping[str, str], *, report: Callable[[str], None]) -> None:
    report("Waiting for the right to fetch Kafka")
    with locked(folder.parent / "lock"):
        if folder.is_dir():
            return
        report(f"Fetching Kafka {KAFKA_VERSION} through Maven")
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as name:
            staging = Path(name)
            fetch_jars(
                _DEPENDENCIES, staging, environment, what=f"Kafka {KAFKA_VERSION}", remedy="or run without --kafka."
            )
            (staging / "jars").rename(folder)


def user_environment() -> dict[str, str]:
    """The environment of this process, as the functions here take it."""
    return dict(os.environ)
