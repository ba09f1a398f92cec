"""Brings a layer of an environment up through the Automation API, as `pulumi up` in the project folder would."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation.errors import CommandError, ConcurrentUpdateError
from pulumi.automation.events import EngineEvent

from quantos.capacity.adapters.pulumi_command import Deadline, InterruptibleCommand
from quantos.capacity.adapters.pulumi_engine import last_line
from quantos.capacity.adapters.pulumi_events import EventLog
from quantos.contracts.plan import Violation
from quantos.environment.adapters.quiet_stack import QuietStack
from quantos.errors import EngineBusyError, EngineError
from quantos.policy.adapters.packs import PolicyPack

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class LayerRun:
    """What an `up` or preview of a layer did.

    `changes` counts operations by name ("create", "update").
    """

    stack: str
    changes: Mapping[str, int]
    violations: tuple[Violation, ...]
    seconds: float

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, changed."""
        return any(self.changes.values())


@dataclass(frozen=True)
class LayerStacks:
    """The stacks of a project folder.

    Args:
        project_dir: folder of Pulumi.yaml and the stack files.
        environment: variables for the CLI and its plugins.
        packs: policy packs every operation runs under.
        program: declares the resources of the stack it is given.
    """

    project_dir: Path
    environment: Mapping[str, str]
    packs: Sequence[PolicyPack]
    program: Callable[[str], None]

    def up(self, stack: str, *, progress: Progress) -> LayerRun:
        """Bring a stack up. Raises EngineError with the engine's own reason, EngineBusyError when it is held."""
        return self._run(stack, progress, preview=False)

    def preview(self, stack: str, *, progress: Progress) -> LayerRun:
        """What an `up` would do. Raises EngineError, EngineBusyError."""
        return self._run(stack, progress, preview=True)

    def handle(self, stack: str) -> QuietStack:
        """The Automation API's stack, created when it is not there."""
        try:
            workspace = auto.LocalWorkspace(
                work_dir=str(self.project_dir),
                program=lambda: self.program(stack),
                env_vars=dict(self.environment),
                pulumi_command=InterruptibleCommand(Deadline()),
                secrets_provider=self.environment.get("PULUMI_SECRETS_PROVIDER"),
            )
            return QuietStack(stack, workspace, mode="create or select")
        except CommandError as exc:
            raise EngineError(
                f"stack {stack} could not be selected: {last_line(exc)}", remedy="run `quantos doctor`"
            ) from exc

    def _run(self, stack: str, progress: Progress, *, preview: bool) -> LayerRun:
        started = time.monotonic()
        log = _CountedLog(progress)
        handle = self.handle(stack)
        operation = handle.foresee if preview else handle.update
        try:
            operation(lambda: self.program(stack), packs=self.packs, on_event=log.add)
        except ConcurrentUpdateError as exc:
            raise EngineBusyError(
                f"another operation holds {stack} in the backend",
                remedy="wait for it to end, or `pulumi cancel` if its process is dead",
            ) from exc
        except CommandError as exc:
            run = log.events.run(error=last_line(exc), interrupted=False)
            if not run.violations:
                raise EngineError(
                    f"stack {stack}: {run.error}", remedy="correct the cause and run the same command again"
                ) from exc
        run = log.events.run(error=None, interrupted=False)
        counts = Counter(change.operation for change in run.changes)
        return LayerRun(stack, counts, run.violations, round(time.monotonic() - started, 1))


class _CountedLog:
    """An event log that tells how many resources are done."""

    def __init__(self, progress: Progress) -> None:
        self.events = EventLog()
        self._progress = progress
        self._done = 0

    def add(self, event: EngineEvent) -> None:
        self.events.add(event)
        if event.res_outputs_event is not None:
            self._done += 1
            self._progress(event.res_outputs_event.metadata.urn.rpartition("::")[2], self._done)
