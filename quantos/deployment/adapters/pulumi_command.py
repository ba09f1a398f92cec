"""The Pulumi CLI kept in hand: its child is recorded before it runs, interrupted once, and killed with all below it."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO, Final

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import InvalidVersionError, create_command_error

from quantos.deployment.adapters.processes import descendants, mark
from quantos.deployment.holders import EngineMark
from quantos.deployment.stop_order import StopOrder
from quantos.errors import EngineError
from quantos.translation import Vendor, translated

LOCKING: Final = frozenset({"up", "destroy", "refresh", "import"})
"""Commands that take the backend's lock; the others only read."""

POLL_SECONDS: Final = 0.1
_STARTING: Final = Vendor(raises=(OSError, InvalidVersionError, subprocess.SubprocessError))
_GATE: Final = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "gate")
"""Runs the command in its own place, with its own pid, when it is told to; ends when whoever should tell it dies."""


class SupervisedCommand(PulumiCommand):
    """Runs the CLI as the Automation API does, and stops it when it is ordered to.

    A first SIGINT makes the engine finish the steps under way, write its state and release its lock. `started` is told
    of a command that takes the lock before it runs, so that no lock is ever written by an engine nobody recorded.

    Raises:
        EngineError: there is no Pulumi CLI on PATH, or none that serves.
    """

    def __init__(self, order: StopOrder) -> None:
        with translated(
            _STARTING,
            into=EngineError,
            what="the Pulumi engine cannot be started",
            remedy="run `quantos doctor` to see how to get it",
        ):
            super().__init__()
        self.order = order
        self.started: Callable[[EngineMark], None] | None = None

    def run(  # noqa: PLR0917 - the signature is the Automation API's
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run `pulumi` with `args`. Raises CommandError when it exits with anything but 0."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        gated = self.started is not None and bool(args) and args[0] in LOCKING
        command = [*(_GATE if gated else ()), self.command, "--non-interactive", *args]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE if gated else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as process:
            out, err = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
            try:
                self._open_gate(process)
                self._supervise(process)
            except KeyboardInterrupt:
                process.wait()
                raise
            except BaseException:
                _kill(process.pid)
                raise
            out.join()
            err.join()
        result = CommandResult(stdout=out.text(), stderr=err.text(), code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def _open_gate(self, process: "subprocess.Popen[str]") -> None:
        """Have the engine recorded, and let it run. An error of whoever records it keeps it from running."""
        if process.stdin is None or self.started is None:
            return
        with process.stdin as gate:
            self.started(EngineMark(mark(process.pid), socket.gethostname(), datetime.now(tz=UTC)))
            with contextlib.suppress(BrokenPipeError):
                gate.write("go\n")

    def _supervise(self, process: "subprocess.Popen[str]") -> None:
        """Wait for its end; pass on what the order says, the interrupt once."""
        interrupted = False
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
                return
            if self.order.killed:
                _kill(process.pid)
            elif self.order.reason is not None and not interrupted:
                interrupted = True
                process.send_signal(signal.SIGINT)


def _kill(pid: int) -> None:
    """Kill a process and everything below it."""
    for process_id in (pid, *descendants(pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process_id, signal.SIGKILL)


class _Lines(threading.Thread):
    """Reads a stream line by line to its end."""

    def __init__(self, stream: IO[str] | None, callback: OnOutput | None) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.callback = callback
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self.stream or ():
            stripped = line.rstrip()
            self.lines.append(stripped)
            if self.callback is not None:
                self.callback(stripped)

    def text(self) -> str:
        return "\n".join(self.lines)
