"""The capacity stack through the Automation API: an inline program, always refreshing, always under the packs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation.errors import CommandError

from quantos.capacity.adapters.checkpoints import stack_checkpoint, state_secrets
from quantos.capacity.resize.ports import Checkpoint, EngineTerms, GroupSize
from quantos.contracts.plan import PlanDocument
from quantos.deployment.adapters.backend_locks import backend_locks
from quantos.deployment.adapters.engine_failure import PULUMI, last_line
from quantos.deployment.adapters.pulumi_command import SupervisedCommand
from quantos.deployment.adapters.pulumi_events import EventLog
from quantos.deployment.adapters.pulumi_stack import QuietStack
from quantos.deployment.adapters.stack_access import DOCTOR, StackAccess
from quantos.deployment.adapters.state_check import ensure_loadable
from quantos.deployment.changes import EngineRun
from quantos.deployment.locks import BackendLock
from quantos.deployment.ports import LockedBackend
from quantos.deployment.stop_order import StopOrder
from quantos.environment.names import PROJECT
from quantos.errors import EngineError
from quantos.policy.adapters.packs import PolicyPack, with_standing
from quantos.policy.cost.limits import StandingSize
from quantos.translation import translated

CapacityProgram = Callable[[PlanDocument, Sequence[str]], None]
Credentials = Callable[[datetime], Mapping[str, str]]
"""Variables with which a process may act until a moment, and no longer."""


@dataclass(frozen=True)
class PulumiEngine:
    """Runs one stack.

    Args:
        stack: stack name, `dev-capacity`.
        program: the capacity program, given a plan document and the raised pools.
        packs: policy packs every operation runs under.
        work_dir: an own folder under the temporary folder; the only place written to.
        environment: variables for the CLI and its plugins; `PULUMI_BACKEND_URL` is needed.
        order: when a running operation is told to end.
        credentials: what the CLI and its plugins act with; None for the environment's own, which do not end.
    """

    stack: str
    program: CapacityProgram
    packs: Sequence[PolicyPack]
    work_dir: Path
    environment: Mapping[str, str]
    order: StopOrder
    credentials: Credentials | None = None

    def preview(self, document: PlanDocument, *, raised: Sequence[str], standing: Mapping[str, GroupSize]) -> EngineRun:
        """What an `up` on the document would do.

        Raises:
            EngineBusyError: another operation holds the stack. StateUnreadableError: its state cannot be loaded.
        """
        ensure_loadable(self._backend_url, self.stack)
        log, packs = EventLog(), measured(self.packs, standing)
        return self._run(
            log,
            lambda: self._handle.preview_under_packs(
                lambda: self.program(document, raised), packs=packs, on_event=log.add
            ),
        )

    def up(
        self,
        document: PlanDocument,
        *,
        raised: Sequence[str],
        standing: Mapping[str, GroupSize],
        terms: EngineTerms,
    ) -> EngineRun:
        """Do it. Raises EngineBusyError when another operation holds the stack, LeaseLostError when the lease ended."""
        log, packs = EventLog(), measured(self.packs, standing)
        with self._on(terms):
            return self._run(
                log,
                lambda: self._handle.update(lambda: self.program(document, raised), packs=packs, on_event=log.add),
            )

    def locks(self) -> tuple[BackendLock, ...]:
        """Every lock of the stack, oldest first."""
        return self._locks.locks()

    def remove_lock(self, lock: BackendLock) -> None:
        """Remove one lock; nothing happens when it is gone."""
        self._locks.remove_lock(lock)

    def checkpoint(self) -> Checkpoint:
        """The state as it stands. Raises StateUnreadableError where the engine could not load it."""
        ensure_loadable(self._backend_url, self.stack)
        return stack_checkpoint(self._backend_url, stack=self.stack)

    @cached_property
    def _locks(self) -> LockedBackend:
        return backend_locks(self._backend_url, stack=self.stack)

    @cached_property
    def _command(self) -> SupervisedCommand:
        return SupervisedCommand(self.order)

    @property
    def _backend_url(self) -> str:
        return self.environment["PULUMI_BACKEND_URL"]

    @cached_property
    def _handle(self) -> QuietStack:
        settings = self._stack_settings()
        with translated(PULUMI, into=EngineError, what=f"stack {self.stack} could not be selected", remedy=DOCTOR):
            self.work_dir.mkdir(parents=True, exist_ok=True)
            workspace = auto.LocalWorkspace(
                work_dir=str(self.work_dir),
                program=lambda: None,
                project_settings=auto.ProjectSettings(name=PROJECT, runtime="python", main=str(self.work_dir)),
                env_vars=dict(self.environment),
                pulumi_command=self._command,
                secrets_provider=self.environment.get("PULUMI_SECRETS_PROVIDER"),
                stack_settings=settings,
            )
        return self._access.selected(workspace, mode="select")

    def _stack_settings(self) -> dict[str, auto.StackSettings]:
        """Which key the state is under, as the file of a checkout's stack would say: else the engine asks for a
        passphrase, which nobody has."""
        secrets = state_secrets(self._backend_url, stack=self.stack)
        if secrets is None:
            return {}
        return {self.stack: auto.StackSettings(secrets_provider=secrets.provider, encrypted_key=secrets.encrypted_key)}

    @property
    def _access(self) -> StackAccess:
        return StackAccess(self.stack, self._backend_url)

    @contextmanager
    def _on(self, terms: EngineTerms) -> Iterator[None]:
        """Have the engine of the block recorded, and let it act until its lease ends."""
        workspace = self._handle.workspace
        lent = {} if self.credentials is None else self.credentials(terms.until)
        ends_at = None if self.credentials is None else terms.until
        workspace.env_vars = {**self.environment, **lent}
        self._command.started = lambda engine: terms.started(replace(engine, ends_at=ends_at))
        try:
            yield
        finally:
            self._command.started = None
            workspace.env_vars = dict(self.environment)

    def _run(self, log: EventLog, operation: Callable[[], object]) -> EngineRun:
        if (reason := self.order.reason) is not None:
            return log.run(error=f"the engine was not started: {reason}", interrupted=True)
        with translated(PULUMI, into=EngineError, what=f"stack {self.stack}", remedy=DOCTOR):
            return self._ended(log, operation)

    def _ended(self, log: EventLog, operation: Callable[[], object]) -> EngineRun:
        try:
            with self._access.operating(busy="the next plan tries again"):
                operation()
        except CommandError as exc:
            if (reason := self.order.reason) is not None:
                return log.run(error=f"{reason}; the engine said: {last_line(exc)}", interrupted=True)
            return log.run(error=last_line(exc), interrupted=False)
        return log.run(error=None, interrupted=False)


def measured(packs: Sequence[PolicyPack], standing: Mapping[str, GroupSize]) -> tuple[PolicyPack, ...]:
    """The packs, told how large the pools are now."""
    sizes = {
        pool: StandingSize(minimum=size.minimum, maximum=size.maximum, desired=size.desired)
        for pool, size in standing.items()
    }
    return tuple(with_standing(pack, sizes) for pack in packs)
