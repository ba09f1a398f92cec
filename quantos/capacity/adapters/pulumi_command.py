"""The Pulumi CLI kept in hand: its child process gets one SIGINT when the time left is only enough to end well."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error

from quantos.errors import EngineError


@dataclass
class Deadline:
    """When, on the monotonic clock, a running operation is told to stop; None never. `passed` once it was told."""

    interrupt_at_seconds: float | None = None
    passed: threading.Event = field(default_factory=threading.Event)

    def restart(self, *, interrupt_at_seconds: float | None) -> None:
        """Begin anew for another invocation."""
        self.interrupt_at_seconds = interrupt_at_seconds
        self.passed.clear()

    def left_seconds(self) -> float | None:
        """Seconds until then; None when there is no end."""
        return None if self.interrupt_at_seconds is None else self.interrupt_at_seconds - time.monotonic()


class InterruptibleCommand(PulumiCommand):
    """Runs the CLI as the Automation API does, and interrupts it at the deadline.

    A first SIGINT makes the engine finish the steps under way, write its state and release its lock.

    Raises:
        EngineError: there is no Pulumi CLI on PATH.
    """

    def __init__(self, deadline: Deadline) -> None:
        try:
            super().__init__()
        except OSError as exc:
            raise EngineError(
                f"the Pulumi engine cannot be started: {exc}", remedy="run `quantos doctor` to see how to get it"
            ) from exc
        self.deadline = deadline

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
        command = [self.command, "--non-interactive", *args]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment, encoding="utf-8"
        ) as process:
            timer = self._timer(process)
            out, err = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
            out.join()
            err.join()
            process.wait()
            if timer is not None:
                timer.cancel()
        result = CommandResult(stdout=out.text(), stderr=err.text(), code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def _timer(self, process: "subprocess.Popen[str]") -> threading.Timer | None:
        left = self.deadline.left_seconds()
        if left is None:
            return None
        timer = threading.Timer(max(left, 0.0), self._interrupt, args=(process,))
        timer.daemon = True
        timer.start()
        return timer

    def _interrupt(self, process: "subprocess.Popen[str]") -> None:
        self.deadline.passed.set()
        process.send_signal(signal.SIGINT)


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
