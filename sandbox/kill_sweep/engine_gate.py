"""Effects of the engine on this machine: its starts and ends, and what it does to the files of its state.

A file that is written counts from its opening to its closing. Killed in it, the file is cut to half of what came to be
there, which is how a kill in the middle of the write leaves it; everything else is the kernel's own doing.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.kill_sweep.gate import Gate, KilledError
from sandbox.kill_sweep.moments import Phase, steady_name
from sandbox.kill_sweep.seccomp import HeldCall, held_calls, let_go, text_at, texts_at

ENGINE: Final = "pulumi"
_AT_WORKING_DIRECTORY: Final = (-100, 2**32 - 100, 2**64 - 100)
_PATIENCE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.0002


@dataclass(frozen=True)
class _Step:
    """What a held call is about to do: its name, how to see that it is done, and the file that it writes."""

    name: str
    done: Callable[[], bool]
    written: Path | None = None


def watch_engine(listener: int, gate: Gate, *, state: Path) -> threading.Thread:
    """Let the calls of a listener pass the gate, those that are effects on `state` or the engine's, until it ends."""
    thread = threading.Thread(target=_watch, args=(listener, gate, state), name="held-calls", daemon=True)
    thread.start()
    return thread


def _watch(listener: int, gate: Gate, state: Path) -> None:
    for call in held_calls(listener):
        try:
            step = _step(call, state)
        except OSError:  # the caller died meanwhile
            continue
        if step is None:
            let_go(listener, call)
            continue
        try:
            phase = gate.enter(step.name)
        except KilledError:
            continue
        let_go(listener, call)
        if phase is not None:
            _strike(gate, step, phase)
    os.close(listener)


def _strike(gate: Gate, step: _Step, phase: Phase) -> None:
    if phase == "after" or step.written is not None:
        wait_until(step.done)
    gate.strike()
    if phase == "in" and step.written is not None and step.written.exists():
        os.truncate(step.written, step.written.stat().st_size // 2)


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for it, but not forever."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _step(call: HeldCall, state: Path) -> _Step | None:
    """The effect that a call is, or None. Raises OSError when its caller is gone."""
    if call.name == "execve":
        return _start(call)
    if call.name == "exit_group":
        return _end(call)
    paths = [path.relative_to(state) for path in paths_of(call) if path.is_relative_to(state)]
    if not paths:
        return None
    target = state / paths[0]
    if call.name.startswith("open"):
        before = _trace(target)
        return _Step(
            f"write {_steady_path(paths[0])}",
            done=lambda: _trace(target) != before and not is_open_in(call.thread, target),
            written=target,
        )
    if not target.exists():
        return None
    verb = "remove" if call.name.startswith("unlink") else "rename"
    return _Step(f"{verb} {' to '.join(map(_steady_path, paths))}", done=lambda: not target.exists())


def _start(call: HeldCall) -> _Step | None:
    program = text_at(call.thread, call.arguments[0])
    if Path(program).name != ENGINE or not Path(program).is_file():
        return None
    link = Path(f"/proc/{call.thread}/exe")
    command = _command(texts_at(call.thread, call.arguments[1]))
    return _Step(f"engine {command} starts", done=lambda: link.readlink().name == ENGINE)


def _end(call: HeldCall) -> _Step | None:
    process = Path(f"/proc/{call.thread}")
    if not _is_engine(process) or _is_engine(Path(f"/proc/{parent_of(process)}")):  # it forks to start others
        return None
    command = _command(tuple(os.fsdecode((process / "cmdline").read_bytes()).split("\0")))
    return _Step(f"engine {command} ends", done=lambda: has_ended(process))


def _command(arguments: tuple[str, ...]) -> str:
    words = [word for word in arguments[1:] if word and word != "--non-interactive"]
    flags = [place for place, word in enumerate(words) if word.startswith("-")]
    return " ".join(words[: flags[0] if flags else None])


def _is_engine(process: Path) -> bool:
    return (process / "exe").readlink().name == ENGINE


def parent_of(process: Path) -> int:
    """The parent of a process, by its folder in /proc. Raises OSError when it is gone."""
    return int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def has_ended(process: Path) -> bool:
    """Whether a process, by its folder in /proc, runs no more."""
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return True


def paths_of(call: HeldCall) -> Iterator[Path]:
    """The files that a call names, in its order. Raises OSError when its caller is gone."""
    places = {
        "open": [(None, 0)],
        "openat": [(0, 1)],
        "rename": [(None, 0), (None, 1)],
        "renameat": [(0, 1), (2, 3)],
        "renameat2": [(0, 1), (2, 3)],
        "link": [(None, 0), (None, 1)],
        "linkat": [(0, 1), (2, 3)],
        "unlink": [(None, 0)],
        "unlinkat": [(0, 1)],
        "mkdir": [(None, 0)],
        "mkdirat": [(0, 1)],
        "rmdir": [(None, 0)],
        "utimensat": [(0, 1)],
    }
    for folder_at, path_at in places[call.name]:
        path = text_at(call.thread, call.arguments[path_at])
        folder = None if folder_at is None else call.arguments[folder_at]
        yield Path(os.path.normpath(_folder(call.thread, folder) / path))


def _folder(thread: int, descriptor: int | None) -> Path:
    if descriptor is None or descriptor in _AT_WORKING_DIRECTORY:
        return Path(f"/proc/{thread}/cwd").readlink()
    return Path(f"/proc/{thread}/fd/{descriptor}").readlink()


def _trace(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def is_open_in(thread: int, path: Path) -> bool:
    """Whether a process has the file open; not when it is gone."""
    try:
        links = [entry.readlink() for entry in Path(f"/proc/{thread}/fd").iterdir()]
    except OSError:
        return False
    return path in links


def _steady_path(path: Path) -> str:
    return steady_name(str(path.relative_to(".pulumi")) if path.is_relative_to(".pulumi") else str(path))
