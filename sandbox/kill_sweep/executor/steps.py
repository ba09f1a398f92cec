"""Which effect of an executor a held system call is part of."""

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.kill_sweep.moments import steady_name

HELD: Final = frozenset(
    {
        "open", "openat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "execve", "link", "linkat", "mkdir",
        "mkdirat", "rmdir", "pwrite64", "fdatasync", "utimensat", "kill",
    }
)  # fmt: skip
BY_DESCRIPTOR: Final = frozenset({"pwrite64", "fdatasync"})
BEAT: Final = "beat"
_MEMORY: Final = "attempts.sqlite"
_PARTIAL: Final = re.compile(r"\.partial-(.+)-[a-z0-9_]+")
_LEAST_PAGE: Final = 512
_WORKER: Final = "sandbox.execution.attempt"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One call of an effect, which may have several.

    Attributes:
        begins: whether it is the first.
        halfway: whether the effect is half done before it.
        ends: whether the effect is done after it, once it was half done.
        written: the file that it opens to write, which is closed at the effect's end.
    """

    effect: str
    begins: bool = False
    halfway: bool = False
    ends: bool = False
    written: Path | None = None


@dataclass(frozen=True, kw_only=True)
class FileCall:
    """A call on files below the executor's folder.

    Attributes:
        paths: relative to the folder, as the call names them.
        flags: by which a file is opened.
        size: that is written.
    """

    name: str
    paths: tuple[Path, ...]
    flags: int = 0
    size: int = 0


def file_step(call: FileCall, state: Path) -> Step | None:
    """The part that a call has in an effect; None where it changes nothing that lasts."""
    path = call.paths[0]
    if path.name.startswith(_MEMORY):
        return _memory_step(call, path.name.removeprefix(_MEMORY), state)
    if partial := _PARTIAL.fullmatch(path.name):
        return _whole_file(call, f"write {partial[1]}")
    if call.name.startswith("open"):
        alone = bool(call.flags & os.O_APPEND)
        verb = "append to" if alone else "write"
        return Step(effect=f"{verb} {_inside(path)}", begins=True, ends=True, written=None if alone else state / path)
    if call.name.startswith("mkdir"):
        makes = (state / path).parent.is_dir() and not (state / path).exists()
        return Step(effect=f"make {_inside(path)}", begins=True, ends=True) if makes else None
    if call.name == "utimensat":
        return Step(effect=BEAT, begins=True, ends=True)
    return _removal(call, state)


def start_words(arguments: tuple[str, ...]) -> tuple[str, Path | None]:
    """What is started, and the folder of its attempt where that is a worker."""
    if _WORKER in arguments:
        return "its worker", Path(arguments[-1])
    words = [Path(word).name for word in arguments if not word.startswith("-")]
    return steady_name(" ".join(words[:2])[:60]), None


def signal_words(number: int, whom: str) -> str | None:
    """A signal that is sent; None where it only asks whether somebody is there."""
    return f"send {signal.Signals(number).name} to {whom}" if number else None


def _memory_step(call: FileCall, file: str, state: Path) -> Step | None:
    make, commit, checkpoint = f"make {_MEMORY}", f"commit to {_MEMORY}", f"checkpoint {_MEMORY}"
    made = (state / f"{_MEMORY}-journal").exists()
    match call.name, file:
        case "pwrite64", "-journal":
            return Step(effect=make, begins=True)
        case "pwrite64" | "fdatasync", "" if made:
            return Step(effect=make, halfway=True)
        case "unlink", "-journal":
            return Step(effect=make, ends=True)
        case "pwrite64", "-wal":
            return Step(effect=commit, begins=True, halfway=call.size >= _LEAST_PAGE)
        case "fdatasync", "-wal":
            return Step(effect=commit, ends=True)
        case "pwrite64", "":
            return Step(effect=checkpoint, begins=True)
        case "fdatasync", "":
            return Step(effect=checkpoint, halfway=True)
        case "unlink", "-wal":
            return Step(effect=checkpoint, ends=True)
        case _:
            return None


def _whole_file(call: FileCall, effect: str) -> Step:
    """A file that is there whole or not at all: written beside its place, then renamed or linked."""
    if call.name.startswith("open"):
        return Step(effect=effect, begins=True)
    return Step(effect=effect, halfway=not call.name.startswith("unlink"), ends=not call.name.startswith("link"))


def _removal(call: FileCall, state: Path) -> Step | None:
    path = call.paths[0]
    if not os.path.lexists(state / path):
        return None
    if path.parts[0] == "attempts":
        ends = len(path.parts) == 2 and not call.name.startswith("rename")
        return Step(effect="remove its folder", begins=True, halfway=True, ends=ends)
    words = " to ".join(_inside(each) for each in call.paths)
    verb = "rename" if call.name.startswith("rename") else "remove"
    return Step(effect=f"{verb} {words}", begins=True, ends=True)


def _inside(path: Path) -> str:
    """A file of an attempt's folder, by its place there."""
    if path.parts[0] != "attempts" or len(path.parts) == 1:
        return steady_name(str(path))
    return steady_name("/".join(path.parts[2:])) or "its folder"
