"""The Python of a base, run where the base lies unpacked: no container, no rights, and not the builder's own Python."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from images import inside
from images.errors import ImageError

INSIDE: Final = Path(inside.__file__).parent
COMPILERS: Final = 2
"""Always as many, on any machine: which modules one of them compiles decides about bytes."""
_SECONDS: Final = 1800
_LOADER: Final = "lib64/ld-linux-x86-64.so.2"
_LIBRARIES: Final = (
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib64",
    "usr/lib64",
    "usr/lib",
    "var/lang/lib",
)
_RESOLVED: Final = re.compile(r"^\s*(\S+) => (not found|\S+)", re.MULTILINE)
_LACKING: Final = re.compile(r"error while loading shared libraries: (\S+): cannot open shared object file")
_MINORS: Final = range(11, 14)
_DEFAULT_PATH: Final = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python in an unpacked root.

    `path` is where it lies in the image, `minor` the number after `3.`.
    """

    root: Path
    path: str
    minor: int

    @property
    def version(self) -> str:
        """As uv and wheels name it: `3.11`."""
        return f"3.{self.minor}"

    def compile_folder(self, folder: Path, *, shown: str) -> None:
        """Write bytecode beside the modules of a folder that will lie at `shown`. Raises ImageError."""
        script = str(INSIDE / "compile_tree.py")
        orders = [[script, str(folder), shown, str(part), str(COMPILERS)] for part in range(COMPILERS)]
        processes = [self._start(order) for order in orders]
        for process in processes:
            self._end(process)

    def compress(self, source: Path, target: Path) -> None:
        """Write `target` of `source` by gzip. Raises ImageError."""
        self._end(self._start([str(INSIDE / "compress.py"), str(source), str(target)]))

    def missing_libraries(self, folder: Path) -> dict[str, str]:
        """Shared libraries that files below a folder ask for and neither it nor the root has, each with one of them."""
        files = [file for file in sorted(folder.rglob("*.so*")) if file.is_file()]
        brought = {file.name for file in files}
        missing: dict[str, str] = {}
        for file in files:
            for library in self._unresolved(file, folder):
                if library not in brought:
                    missing.setdefault(library, file.relative_to(folder).as_posix())
        return missing

    def _unresolved(self, file: Path, folder: Path) -> Iterator[str]:
        """What the root's loader finds nowhere, or on this machine instead of in the root."""
        command = [*self._loader(), "--list", str(file)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        inside = (f"{self.root}/", f"{folder}/")
        yield from _LACKING.findall(run.stderr)
        for library, path in _RESOLVED.findall(run.stdout):
            if path == "not found" or not path.startswith(inside):
                yield library

    def _loader(self) -> list[str]:
        prefix = PurePosixPath(self.path).parent.parent.relative_to("/")
        folders = [self.root / folder for folder in (*_LIBRARIES, f"{prefix}/lib")]
        library_path = ":".join(str(folder) for folder in folders if folder.is_dir())
        return [str(self.root / _LOADER), "--library-path", library_path]

    def _start(self, arguments: Sequence[str]) -> "subprocess.Popen[str]":
        prefix = PurePosixPath(self.path).parent.parent.relative_to("/")
        command = [*self._loader(), str(self.root / self.path.lstrip("/"))]
        environment = {
            "PYTHONHOME": str(self.root / prefix),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        }
        try:
            return subprocess.Popen(
                [*command, "-S", "-P", *arguments], env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        except OSError as exc:
            raise self._failed(str(exc)) from exc

    def _end(self, process: "subprocess.Popen[str]") -> None:
        try:
            _, said = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired as exc:
            process.kill()
            process.wait()
            raise self._failed(f"not done after {_SECONDS} s") from exc
        if process.returncode:
            raise self._failed(said.strip()[-600:] or f"exit code {process.returncode}")

    def _failed(self, reason: str) -> ImageError:
        return ImageError(
            f"the base's own {self.path} does not run on this machine: {reason}",
            remedy="build on Linux for x86-64, from a base for the same, with a disk that is not full",
        )


def interpreter_of(root: Path, environment: Mapping[str, str]) -> Interpreter:
    """The first Python on the PATH of an unpacked base that the project runs on.

    Raises:
        ImageError: there is none.
    """
    for candidate in _candidates(root, environment.get("PATH", _DEFAULT_PATH)):
        return candidate
    raise ImageError(
        "the base has no Python 3.11, 3.12 or 3.13 on its PATH",
        remedy="take a base that has one, such as --debian bookworm",
    )


def _candidates(root: Path, path: str) -> Iterator[Interpreter]:
    for folder in (*path.split(":"), *_DEFAULT_PATH.split(":")):
        for minor in _MINORS:
            name = f"{folder}/python3.{minor}"
            if (root / name.lstrip("/")).is_file():
                yield Interpreter(root=root, path=name, minor=minor)
