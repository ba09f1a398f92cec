"""Operations on a layer of an environment through the Automation API, as `pulumi` in the project folder would."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent

from quantos.contracts.plan import Violation
from quantos.deployment.adapters.engine_failure import PULUMI, last_line
from quantos.deployment.adapters.pulumi_command import SupervisedCommand
from quantos.deployment.adapters.pulumi_events import EventLog
from quantos.deployment.adapters.pulumi_stack import EventListener, QuietStack
from quantos.deployment.adapters.stack_access import DOCTOR, StackAccess
from quantos.deployment.adapters.state_check import ensure_loadable
from quantos.deployment.changes import Change, EngineRun
from quantos.deployment.holders import EngineMark
from quantos.deployment.stop_order import StopOrder
from quantos.errors import EngineError
from quantos.policy.adapters.packs import PolicyPack
from quantos.translation import translated
from quantos.urn import Urn

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class LayerRun:
    """What an operation on a layer did, or would do.

    `changes` counts operations by name ("create", "update"); `touched` has them one by one. `irrevocable` says what
    nobody can take back.
    """

    stack: str
    changes: Mapping[str, int]
    touched: tuple[Change, ...]
    violations: tuple[Violation, ...]
    seconds: float
    irrevocable: tuple[str, ...] = ()

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
        listener: told every event of the engine, whole.
        order: what may stop a running operation.
        started: told of an engine before it may write a lock.
    """

    project_dir: Path
    environment: Mapping[str, str]
    packs: Sequence[PolicyPack]
    program: Callable[[str], None]
    listener: EventListener | None = None
    order: StopOrder = field(default_factory=StopOrder)
    started: Callable[[EngineMark], None] | None = None

    def up(self, stack: str, *, progress: Progress) -> LayerRun:
        """Bring a stack up. Raises EngineError with the engine's own reason, EngineBusyError when it is held."""
        return self._run(stack, progress, preview=False)

    def preview(self, stack: str, *, progress: Progress) -> LayerRun:
        """What an `up` would do. Raises EngineError, EngineBusyError."""
        return self._run(stack, progress, preview=True)

    def drift(self, stack: str, *, progress: Progress) -> LayerRun:
        """What an `up` would do to bring back what differs from the program; nothing is changed or created.

        Raises:
            EngineError: there is no such stack, or the engine's own reason. EngineBusyError: another holds it.
        """
        return self._run(stack, progress, preview=True, create=False)

    def refresh(self, stack: str, *, progress: Progress) -> LayerRun:
        """Take over into the stack's state what stands. Raises as `drift`."""
        started, log = time.monotonic(), _CountedLog(progress)
        handle = self.handle(stack, create=False)
        with self._translated(stack, log):
            handle.read_back(on_event=log.add)
        return _layer_run(stack, log, started)

    def down(self, stack: str, *, progress: Progress) -> LayerRun:
        """Destroy all that a stack holds, and forget the stack. Raises as `drift`."""
        started, log = time.monotonic(), _CountedLog(progress)
        handle = self.handle(stack, create=False)
        with self._translated(stack, log):
            handle.take_down(on_event=log.add)
        return _layer_run(stack, log, started)

    def handle(self, stack: str, *, create: bool = True) -> QuietStack:
        """The Automation API's stack; `create` makes it when it is not there.

        Raises:
            StateUnreadableError: its state cannot be loaded. StackMissingError, EngineError.
        """
        command = self._command()
        ensure_loadable(self._backend_url, stack)
        with translated(PULUMI, into=EngineError, what=f"stack {stack} could not be selected", remedy=DOCTOR):
            workspace = auto.LocalWorkspace(
                work_dir=str(self.project_dir),
                program=lambda: self.program(stack),
                env_vars=dict(self.environment),
                pulumi_command=command,
                secrets_provider=self.environment.get("PULUMI_SECRETS_PROVIDER"),
            )
        mode = "create or select" if create else "select"
        return self._access(stack).selected(workspace, mode=mode, listener=self.listener)

    def _access(self, stack: str) -> StackAccess:
        return StackAccess(stack, self._backend_url)

    @property
    def _backend_url(self) -> str:
        try:
            return self.environment["PULUMI_BACKEND_URL"]
        except KeyError as exc:
            raise EngineError(
                "PULUMI_BACKEND_URL is not set", remedy="set it to the state bucket, as `quantos env` prints it"
            ) from exc

    def _command(self) -> SupervisedCommand:
        command = SupervisedCommand(self.order)
        command.started = self.started
        return command

    @contextmanager
    def _translated(self, stack: str, log: "_CountedLog") -> Iterator[None]:
        """Turn the engine's errors into ours; a refusal by a pack is no error, and is in the log."""
        with translated(
            PULUMI, into=EngineError, what=f"stack {stack}", remedy="correct the cause and run the same command again"
        ):
            busy = f"wait for it to end; if its process is gone, run `quantos unlock {stack}`"
            try:
                with self._access(stack).operating(busy=busy):
                    yield
            except CommandError as exc:
                run = log.events.run(error=last_line(exc), interrupted=False)
                if not run.violations:
                    raise _failed(stack, run) from exc

    def _run(self, stack: str, progress: Progress, *, preview: bool, create: bool = True) -> LayerRun:
        started, log = time.monotonic(), _CountedLog(progress)
        handle = self.handle(stack, create=create)
        operation = handle.preview_under_packs if preview else handle.update
        with self._translated(stack, log):
            operation(lambda: self.program(stack), packs=self.packs, on_event=log.add)
        return _layer_run(stack, log, started)


def _failed(stack: str, run: EngineRun) -> EngineError:
    """The cause; what the engine said after it are notes, which a traceback shows."""
    failed = EngineError(f"stack {stack}: {run.error}", remedy="correct the cause and run the same command again")
    for said in run.later_errors:
        failed.add_note(said)
    return failed


def _layer_run(stack: str, log: "_CountedLog", started: float) -> LayerRun:
    run = log.events.run(error=None, interrupted=False)
    counts = Counter(change.operation for change in run.changes)
    seconds = round(time.monotonic() - started, 1)
    return LayerRun(stack, counts, run.changes, run.violations, seconds, run.irrevocable)


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
            self._progress(Urn.parse(event.res_outputs_event.metadata.urn).name, self._done)
