"""The capacity stack through the Automation API: an inline program, always refreshing, always under the packs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from quantos.capacity.adapters.backend_locks import drop_stale_locks
from quantos.capacity.adapters.pulumi_command import Deadline, InterruptibleCommand
from quantos.capacity.adapters.pulumi_events import EventLog
from quantos.capacity.ports import EngineRun
from quantos.contracts.plan import PlanDocument
from quantos.environment.adapters.quiet_stack import QuietStack
from quantos.environment.adapters.state_check import ensure_loadable, unloadable
from quantos.environment.names import PROJECT
from quantos.errors import EngineBusyError, EngineError
from quantos.policy.adapters.packs import PolicyPack

CapacityProgram = Callable[[PlanDocument, Sequence[str]], None]


@dataclass(frozen=True)
class PulumiEngine:
    """Runs one stack.

    Args:
        stack: stack name, `dev-capacity`.
        program: the capacity program, given a plan document and the raised pools.
        packs: policy packs every operation runs under.
        work_dir: an own folder under the temporary folder; the only place written to.
        environment: variables for the CLI and its plugins; `PULUMI_BACKEND_URL` is needed.
        deadline: when a running operation is told to end.
    """

    stack: str
    program: CapacityProgram
    packs: Sequence[PolicyPack]
    work_dir: Path
    environment: Mapping[str, str]
    deadline: Deadline

    def preview(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        """What an `up` on the document would do.

        Raises:
            EngineBusyError: another operation holds the stack. StateUnreadableError: its state cannot be loaded.
        """
        ensure_loadable(self._backend_url, self.stack)
        log = EventLog()
        return self._run(
            log,
            lambda: self._handle.foresee(lambda: self.program(document, raised), packs=self.packs, on_event=log.add),
        )

    def up(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        """Do it. Raises EngineBusyError when another operation holds the stack."""
        log = EventLog()
        return self._run(
            log,
            lambda: self._handle.update(lambda: self.program(document, raised), packs=self.packs, on_event=log.add),
        )

    def break_stale_locks(self, *, older_than: datetime) -> tuple[str, ...]:
        """Drop the locks if all are older, and name their owners. Raises EngineBusyError when one is not."""
        return drop_stale_locks(self._handle, url=self._backend_url, stack=self.stack, older_than=older_than)

    @property
    def _backend_url(self) -> str:
        return self.environment["PULUMI_BACKEND_URL"]

    @cached_property
    def _handle(self) -> QuietStack:
        self.work_dir.mkdir(parents=True, exist_ok=True)
        try:
            workspace = auto.LocalWorkspace(
                work_dir=str(self.work_dir),
                program=lambda: None,
                project_settings=auto.ProjectSettings(name=PROJECT, runtime="python", main=str(self.work_dir)),
                env_vars=dict(self.environment),
                pulumi_command=InterruptibleCommand(self.deadline),
                secrets_provider=self.environment.get("PULUMI_SECRETS_PROVIDER"),
            )
            return QuietStack(self.stack, workspace, mode="select")
        except StackNotFoundError as exc:
            raise EngineError(
                f"stack {self.stack} does not exist", remedy="bring the environment up first: `quantos up`"
            ) from exc
        except CommandError as exc:
            if unreadable := unloadable(exc, url=self._backend_url, stack=self.stack):
                raise unreadable from exc
            raise EngineError(
                f"stack {self.stack} could not be selected: {last_line(exc)}", remedy="run `quantos doctor`"
            ) from exc

    def _run(self, log: EventLog, operation: Callable[[], object]) -> EngineRun:
        left = self.deadline.left_seconds()
        if left is not None and left <= 0:
            return log.run(error="too little time was left to start the engine safely", interrupted=True)
        try:
            operation()
        except ConcurrentUpdateError as exc:
            raise EngineBusyError(
                f"another operation holds {self.stack} in the backend", remedy="the next plan tries again"
            ) from exc
        except CommandError as exc:
            if unreadable := unloadable(exc, url=self._backend_url, stack=self.stack):
                raise unreadable from exc
            return log.run(error=last_line(exc), interrupted=self.deadline.passed.is_set())
        return log.run(error=None, interrupted=False)


def last_line(exc: CommandError) -> str:
    """The engine's own last word on why a command failed."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["the engine ended without a word"])[-1]
