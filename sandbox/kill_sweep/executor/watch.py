"""Holds the system calls of an executor and its workers, and kills whoever is to die at one of them."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.kill_sweep.engine_gate import has_ended, is_open_in, parent_of, paths_of, wait_until
from sandbox.kill_sweep.executor.steps import (
    BY_DESCRIPTOR,
    FileCall,
    Step,
    file_step,
    signal_words,
    start_words,
)
from sandbox.kill_sweep.gate import KilledError
from sandbox.kill_sweep.moments import Phase
from sandbox.kill_sweep.seccomp import HeldCall, held_calls, let_go, texts_at
from sandbox.kill_sweep.stories.gate import MomentsGate

EXECUTOR: Final = "executor"
_FLAGS_AT: Final = {"open": 1, "openat": 2}


@dataclass
class _UnderWay:
    """An effect of several calls: when its process has to die, and whether half of it is done."""

    effect: str
    phase: Phase | None
    half_done: bool = False


class Watch:
    """Watches executors that follow each other in one folder.

    Args:
        nodes: by the names of attempts' folders.
        open_gate: makes the gate of a process: whose effects they are, and its pid.

    Attributes:
        gates: of executors and workers that were there, by pid.
    """

    def __init__(self, state: Path, nodes: Mapping[str, str], open_gate: Callable[[str, int], MomentsGate]) -> None:
        self._state = state
        self._nodes = nodes
        self._open_gate = open_gate
        self._under_way: dict[int, _UnderWay] = {}
        self.gates: dict[int, MomentsGate] = {}

    def add(self, who: str, pid: int) -> MomentsGate:
        """Have the effects of a process pass a gate from now on."""
        self.gates[pid] = self._open_gate(who, pid)
        return self.gates[pid]

    def listen(self, listener: int) -> None:
        """Take calls until the last process that makes them is gone."""
        threading.Thread(target=self._listen, args=(listener,), name="held-calls", daemon=True).start()

    def _listen(self, listener: int) -> None:
        for call in held_calls(listener):
            with suppress(KilledError, OSError):  # whoever called is dead
                self._take(listener, call)
        os.close(listener)

    def _take(self, listener: int, call: HeldCall) -> None:
        pid = _process_of(call.thread)
        gate = self.gates.get(pid)
        if call.name == "execve":
            self._start(listener, call, pid)
            return
        step = None if gate is None else self._step(call, gate)
        if gate is None or step is None:
            let_go(listener, call)
            return
        under_way = self._under_way.get(call.thread)
        if under_way is None or under_way.effect != step.effect:
            self._begin(listener, call, gate, step=step)
        else:
            self._go_on(listener, call, gate, step=step, under_way=under_way)

    def _begin(self, listener: int, call: HeldCall, gate: MomentsGate, *, step: Step) -> None:
        phase = gate.enter(step.effect) if step.begins else None
        if step.begins and not step.ends:
            self._under_way[call.thread] = _UnderWay(step.effect, phase)
            phase = None
        before = _trace(step.written)
        returned = _returned(call.thread)
        let_go(listener, call)
        if phase is None:
            return
        if step.written is not None:
            written = step.written
            wait_until(lambda: _trace(written) != before and not is_open_in(call.thread, written))
        elif phase == "after":
            wait_until(returned)
        gate.strike()
        if phase == "in" and step.written is not None and step.written.exists():
            os.truncate(step.written, step.written.stat().st_size // 2)

    def _go_on(self, listener: int, call: HeldCall, gate: MomentsGate, *, step: Step, under_way: _UnderWay) -> None:
        if step.halfway and not under_way.half_done:
            under_way.half_done = True
            if under_way.phase == "in":
                gate.strike()
                return
        ended = step.ends and under_way.half_done
        if ended:
            del self._under_way[call.thread]
        returned = _returned(call.thread)
        let_go(listener, call)
        if ended and under_way.phase == "after":
            wait_until(returned)
            gate.strike()

    def _start(self, listener: int, call: HeldCall, pid: int) -> None:
        """A child of an executor or a worker becomes another program."""
        gate = self.gates.get(parent_of(Path(f"/proc/{pid}")))
        if gate is None:
            let_go(listener, call)
            return
        words, folder = start_words(texts_at(call.thread, call.arguments[1]))
        try:
            phase = gate.enter(f"start {words}{self._of(gate, folder)}")
        except KilledError:
            kill_process(pid)
            raise
        if folder is not None:
            self.add(f"worker {self._nodes[folder.name]}", pid)
        if phase == "in":
            gate.strike()
        returned = _returned(call.thread)
        let_go(listener, call)
        if phase == "after":
            wait_until(returned)
            gate.strike()

    def _step(self, call: HeldCall, gate: MomentsGate) -> Step | None:
        if call.name == "kill":
            whom = self.gates.get(call.arguments[0])
            words = signal_words(call.arguments[1], "a program" if whom is None else whom.who)
            return None if words is None else Step(effect=words, begins=True, ends=True)
        file_call = self._file_call(call)
        step = None if file_call is None else file_step(file_call, self._state)
        if file_call is None or step is None:
            return None
        named = f"{step.effect}{self._of(gate, self._folder(file_call.paths[0]))}"
        return Step(effect=named, begins=step.begins, halfway=step.halfway, ends=step.ends, written=step.written)

    def _file_call(self, call: HeldCall) -> FileCall | None:
        if call.name in BY_DESCRIPTOR:
            places = [Path(f"/proc/{call.thread}/fd/{call.arguments[0]}").readlink()]
        else:
            places = list(paths_of(call))
        paths = tuple(place.relative_to(self._state) for place in places if place.is_relative_to(self._state))
        if len(paths) < len(places) or paths[0] == Path():
            return None
        flags = call.arguments[_FLAGS_AT[call.name]] if call.name in _FLAGS_AT else 0
        return FileCall(name=call.name, paths=paths, flags=flags, size=call.arguments[2])

    def _folder(self, path: Path) -> Path | None:
        return Path(path.parts[1]) if path.parts[0] == "attempts" and len(path.parts) > 1 else None

    def _of(self, gate: MomentsGate, folder: Path | None) -> str:
        """Which attempt's, where the process has several."""
        node = None if folder is None else self._nodes.get(folder.name.partition(".")[0])
        return f" of {node}" if node is not None and gate.who == EXECUTOR else ""


def kill_process(pid: int) -> None:
    """Kill one process by SIGKILL, and return when it runs no more."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: has_ended(Path(f"/proc/{pid}")))


def _process_of(thread: int) -> int:
    """The process of a thread. Raises OSError when it is gone."""
    lines = Path(f"/proc/{thread}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Tgid:"))


def _returned(thread: int) -> Callable[[], bool]:
    """Asks whether a thread whose call is held now has come back from it."""
    held = _system_call(thread)
    return lambda: _system_call(thread) != held


def _system_call(thread: int) -> str:
    try:
        return Path(f"/proc/{thread}/syscall").read_text(encoding="ascii")
    except OSError:
        return ""


def _trace(path: Path | None) -> tuple[int, int, int] | None:
    try:
        stat = None if path is None else path.stat()
    except OSError:
        return None
    return None if stat is None else (stat.st_ino, stat.st_mtime_ns, stat.st_size)
