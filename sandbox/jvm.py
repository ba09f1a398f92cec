"""Java and Maven of this machine, and where what Maven fetched is kept."""

import contextlib
import fcntl
import re
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError

MAVEN_TIMEOUT_SECONDS: Final = 300
DEPENDENCY_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
_DEPENDENCY: Final = "<dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version></dependency>"
_POM: Final = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>quantos</groupId><artifactId>sandbox</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{dependencies}</dependencies>
</project>
"""
_QUIET: Final = ("-q", "-B", "-U")
"""-U: Maven otherwise remembers a failed look-up for a day."""


def java_candidate(environment: Mapping[str, str]) -> str | None:
    """The Java of JAVA_HOME, or else the one on PATH, of whatever version."""
    home = environment.get("JAVA_HOME")
    if home and (java := shutil.which("java", path=str(Path(home) / "bin"))):
        return java
    return shutil.which("java", path=environment.get("PATH"))


def java_version(java: str | Path) -> int | None:
    """The major version of a Java; None where it does not run or say."""
    try:
        answer = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(\d+)', answer.stderr)
    return None if version is None else int(version[1])


def cache_folder(environment: Mapping[str, str], name: str) -> Path:
    """Where something of that name lies between runs: under XDG_CACHE_HOME where it is absolute, else under ~/.cache.

    Raises:
        SandboxError: the user's cache folder is unknown.
    """
    base = environment.get("XDG_CACHE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "quantos" / name
    home = environment.get("HOME")
    if not home:
        raise SandboxError("the cache folder is unknown: HOME and XDG_CACHE_HOME are both unset", remedy="Set HOME.")
    return Path(home) / ".cache" / "quantos" / name


def find_maven(environment: Mapping[str, str]) -> str | None:
    """Maven's command; None where it is not on PATH."""
    return shutil.which("mvn", path=environment.get("PATH"))


def run_maven(arguments: Sequence[str], environment: Mapping[str, str], *, what: str, remedy: str) -> None:
    """Run Maven to fetch `what`.

    Raises:
        SandboxError: it is not there, fails, or is not done within `MAVEN_TIMEOUT_SECONDS`.
    """
    maven = find_maven(environment)
    if maven is None:
        raise SandboxError(
            f"{what} is fetched by Maven once, and mvn is not on PATH", remedy=f"Install Maven, {remedy}"
        )
    try:
        outcome = subprocess.run(
            [maven, *_QUIET, *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=MAVEN_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(
            f"Maven did not fetch {what} in {MAVEN_TIMEOUT_SECONDS} s",
            remedy=f"Check that Maven reaches its repository, then try again; {remedy}",
        ) from None
    if outcome.returncode != 0:
        lines = (outcome.stdout + outcome.stderr).strip().splitlines()[-8:]
        raise SandboxError(
            f"Maven could not fetch {what}: " + "\n".join(lines),
            remedy=f"Check that Maven reaches its repository, then try again; {remedy}",
        )


def fetch_jars(
    dependencies: Sequence[tuple[str, str, str]],
    folder: Path,
    environment: Mapping[str, str],
    *,
    what: str,
    remedy: str,
) -> None:
    """Fetch artifacts by group, name and version, with all that they need to run, into `folder / "jars"`.

    Raises:
        SandboxError: as `run_maven` does.
    """
    pom = folder / "pom.xml"
    pom.write_text(_POM.format(dependencies="".join(_DEPENDENCY.format(*parts) for parts in dependencies)))
    options = ("-DincludeScope=runtime", f"-DoutputDirectory={folder / 'jars'}")
    arguments = [*options, "-f", str(pom), f"{DEPENDENCY_PLUGIN}:copy-dependencies"]
    run_maven(arguments, environment, what=what, remedy=remedy)


@contextlib.contextmanager
def locked(path: Path) -> Generator[None, None, None]:
    """Hold a lock that the system lets go of when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
