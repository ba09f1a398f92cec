"""What this machine has and lacks for running the project; collected, not printed, and without the network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from quantos.deployment.adapters.state_files import FileStateFiles
from quantos.deployment.state_versions import ensure_readable
from quantos.errors import EngineError, StateUnreadableError
from sandbox.engine.build import MODULES, go_remedy, go_version_in, required_go_version
from sandbox.engine.executable import LANGUAGE_HOST, Engine, Refusal, engine_on_path, resource_plugins
from sandbox.engine.locate import EngineSource, installed_engine
from sandbox.engine.version import ACCEPTED_RANGE

Status: TypeAlias = Literal["ok", "missing", "warning"]

PYTHON_MINIMUM: Final = (3, 11)
PYTHON_BELOW: Final = (3, 14)
JAVA_MINIMUM: Final = 17
BOOTSTRAPPED: Final = Path(__file__).resolve().parents[2] / ".quantos" / "bootstrap" / "bin"
_TIMEOUT_S: Final = 30.0
_JAVA_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
_CREDENTIAL_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `missing` stops the project from running; `warning` stops only what `detail` names."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def diagnose(
    *,
    environment: Mapping[str, str] | None = None,
    plugin_path: str = "",
    backend: Path | None = None,
    sources: Sequence[EngineSource] | None = None,
    bootstrapped: Path = BOOTSTRAPPED,
) -> tuple[Finding, ...]:
    """Everything worth knowing about this machine, in the order to read it. Nothing is downloaded, built or changed.

    Args:
        environment: where PATH, HOME and the AWS variables are read from; this process's own by default.
        plugin_path: more folders to search for resource plugins, before those on PATH.
        backend: the sandbox's folder of states; None leaves them out.
        sources: as for `find_engine`.
        bootstrapped: where `make bootstrap` puts a uv for the project alone.
    """
    environment = os.environ if environment is None else environment
    search_path = environment.get("PATH", "")
    return (
        python_finding(sys.version_info[:3]),
        _tool_finding("uv", _with_folder(environment, bootstrapped), remedy="Run `make bootstrap`."),
        _tool_finding("git", environment, remedy="Install git with the system's package manager."),
        _tool_finding("make", environment, remedy="Install make with the system's package manager."),
        *_engine_findings(environment, sources),
        _plugin_finding(os.pathsep.join(part for part in (plugin_path, search_path) if part)),
        _go_finding(environment),
        _java_finding(environment),
        _maven_finding(search_path),
        _credentials_finding(environment),
        *(state_findings(backend) if backend is not None else ()),
    )


def _with_folder(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """With a folder more at the end of PATH."""
    return {**environment, "PATH": os.pathsep.join([environment.get("PATH", ""), str(folder)])}


def python_finding(version: tuple[int, int, int]) -> Finding:
    """Whether a Python of `version` runs the project."""
    text = ".".join(map(str, version))
    if PYTHON_MINIMUM <= version[:2] < PYTHON_BELOW:
        return Finding(name="python", status="ok", detail=text)
    low, below = (".".join(map(str, bound)) for bound in (PYTHON_MINIMUM, PYTHON_BELOW))
    return Finding(
        name="python",
        status="missing",
        detail=f"{text}; needed is >= {low}, < {below}",
        remedy=f"Install Python {low} or newer and run `make PYTHON=<that python> bootstrap`.",
    )


def _engine_findings(environment: Mapping[str, str], sources: Sequence[EngineSource] | None) -> tuple[Finding, ...]:
    engine = _installed(environment, sources)
    on_path = engine_on_path(environment)
    refused = on_path.reason if isinstance(on_path, Refusal) else ""
    if isinstance(engine, EngineError):
        return (Finding(name="engine", status="missing", detail=engine.what, remedy=engine.remedy),)
    if engine is None:
        detail = f"{refused}; none kept from an earlier run"
        remedy = f"Run `make engine`, or put pulumi {ACCEPTED_RANGE} and {LANGUAGE_HOST} on PATH."
        return (Finding(name="engine", status="missing", detail=detail, remedy=remedy),)
    detail = f"pulumi {engine.version} ({engine.source}) in {engine.bin_dir}"
    if refused and shutil.which("pulumi", path=environment.get("PATH", "")):
        detail += f"; not taken: {refused}"
    host = shutil.which(LANGUAGE_HOST, path=engine.search_path(environment.get("PATH", "")))
    return (
        Finding(name="engine", status="ok", detail=detail),
        Finding(name="language host", status="ok", detail=host or f"{LANGUAGE_HOST} beside the engine"),
    )


def _installed(environment: Mapping[str, str], sources: Sequence[EngineSource] | None) -> Engine | EngineError | None:
    try:
        return installed_engine(environment=environment, sources=sources)
    except EngineError as exc:
        return exc


def _plugin_finding(path: str) -> Finding:
    plugins = resource_plugins(path)
    if plugins:
        listed = ", ".join(f"{plugin.name} ({plugin.executable})" for plugin in plugins)
        return Finding(name="plugins", status="ok", detail=listed)
    return Finding(
        name="plugins",
        status="warning",
        detail="no pulumi-resource-* on PATH; a command outside the sandbox will download the real ones",
        remedy="Nothing to do for the sandbox, which brings its own.",
    )


def _go_finding(environment: Mapping[str, str]) -> Finding:
    said = _first_line(["go", "env", "GOVERSION"], environment)
    version = go_version_in(said or "")
    remedy = go_remedy(MODULES)
    if version is None:
        detail = "not on PATH; only a build of the engine from source needs it"
        return Finding(name="go", status="warning", detail=detail, remedy=remedy)
    wanted = required_go_version(MODULES)
    if version < wanted:
        detail = f"{said}; a build of the engine from source needs {'.'.join(map(str, wanted))}"
        return Finding(name="go", status="warning", detail=detail, remedy=remedy)
    return Finding(name="go", status="ok", detail=f"{said}; used only to build the engine from source")


def _java_finding(environment: Mapping[str, str]) -> Finding:
    said = _first_line(["java", "-version"], environment)
    match = _JAVA_VERSION.search(said or "")
    if match and int(match[1]) >= JAVA_MINIMUM:
        return Finding(name="java", status="ok", detail=str(said))
    detail = f"{said or 'not on PATH'}; `--kafka` needs Java {JAVA_MINIMUM} or newer"
    return Finding(name="java", status="warning", detail=detail, remedy=f"Install a JRE {JAVA_MINIMUM} for `--kafka`.")


def _maven_finding(search_path: str) -> Finding:
    maven = shutil.which("mvn", path=search_path)
    if maven:
        return Finding(name="maven", status="ok", detail=maven)
    detail = "not on PATH; `--kafka` fetches its broker with it"
    return Finding(name="maven", status="warning", detail=detail, remedy="Install Maven for `--kafka`.")


def _credentials_finding(environment: Mapping[str, str]) -> Finding:
    for variable in _CREDENTIAL_VARIABLES:
        if environment.get(variable):
            return Finding(name="aws credentials", status="ok", detail=f"{variable} is set; not tried")
    home = Path(environment.get("HOME", "/"))
    named = {"AWS_SHARED_CREDENTIALS_FILE": "credentials", "AWS_CONFIG_FILE": "config"}
    for variable, name in named.items():
        file = Path(environment.get(variable) or home / ".aws" / name)
        if file.is_file():
            return Finding(name="aws credentials", status="ok", detail=f"{file} is there; not tried")
    return Finding(
        name="aws credentials",
        status="warning",
        detail="none found; every command then needs --sandbox",
        remedy="Run `aws configure sso`, or set AWS_PROFILE, to work on an account.",
    )


def state_findings(backend: Path) -> tuple[Finding, ...]:
    """Whether the states that the sandbox keeps can be loaded; nothing where it keeps none."""
    files = FileStateFiles(backend)
    stacks = files.stacks()
    broken = [finding for stack in stacks if (finding := _broken_state(files, stack))]
    if broken or not stacks:
        return tuple(broken)
    return (Finding(name="state", status="ok", detail=f"{len(stacks)} stacks in {backend}, each can be loaded"),)


def _broken_state(files: FileStateFiles, stack: str) -> Finding | None:
    try:
        ensure_readable(files, stack)
    except StateUnreadableError as exc:
        remedy = f"Run `quantos state restore {stack} --sandbox`, or `quantos sandbox stop` to forget all of it."
        return Finding(name="state", status="missing", detail=exc.what, remedy=remedy)
    return None


def _tool_finding(name: str, environment: Mapping[str, str], *, remedy: str) -> Finding:
    said = _first_line([name, "--version"], environment)
    if said is None:
        return Finding(name=name, status="missing", detail="not on PATH, or does not run", remedy=remedy)
    return Finding(name=name, status="ok", detail=said)


def _first_line(argv: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The first line that a program on PATH prints, or None where it is absent or fails."""
    program = shutil.which(argv[0], path=environment.get("PATH", ""))
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(done.stdout.strip().splitlines()), "")
