"""The resize transaction: accept, lease, preview under the packs, check, up, read back, move the pointer, tell."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from quantos.capacity.acceptance import Refusal, refuse_early, refuse_forged
from quantos.capacity.actuator import Actuation, actuate, remember_plan, remember_resize
from quantos.capacity.drift import drift_in
from quantos.capacity.lease import HeldLease, hold
from quantos.capacity.ports import (
    Clock,
    ControlStore,
    Engine,
    EngineRun,
    GroupSize,
    LeaseStore,
    LedgerEntry,
    NodeGroups,
    PlanLedger,
    Signer,
)
from quantos.capacity.stopwatch import Stopwatch
from quantos.contracts.plan import OutcomeStatus, PlanDocument, PoolSize, ResizeOutcome, ScalingPlan, Violation
from quantos.environment.settings import ActuatorSettings, Mode
from quantos.errors import EngineBusyError, QuantosError, StateUnreadableError


@dataclass(frozen=True)
class Resizer:
    """Applies plans to one stack. Idempotency key: `plan_id`; a plan that was applied answers `applied` again.

    `clock` tells plan time (replayed in a sandbox), `wall_clock` the time leases and backend locks live by.
    `engine` is built only when a plan reaches it.
    """

    stack: str
    mode: Mode
    settings: ActuatorSettings
    signer: Signer
    ledger: PlanLedger
    leases: LeaseStore
    control: ControlStore
    groups: NodeGroups
    engine: Callable[[], Engine]
    clock: Clock
    wall_clock: Clock

    def resize(self, plan: ScalingPlan, *, holder: str) -> ResizeOutcome:
        """Take a plan as far as it goes; every way it can end is a status, and none is silent."""
        attempt = _Attempt(self, plan)
        try:
            signed = self.signer.verify(plan.signed_bytes(), signature=plan.signature)
            if refusal := refuse_forged(plan, signed=signed):
                return attempt.end(refusal.status, refusal.reason)
            return attempt.run(holder)
        except EngineBusyError as exc:
            return attempt.end("busy", str(exc))
        except StateUnreadableError as exc:
            return attempt.end("unreadable", f"{exc}; {exc.remedy}")
        except QuantosError as exc:
            return attempt.end("failed", f"{exc} ({exc.code}); {exc.remedy}")


@dataclass
class _Attempt:
    """One plan's way through; collects timings and what to tell."""

    resizer: Resizer
    plan: ScalingPlan
    watch: Stopwatch = field(default_factory=Stopwatch)

    def run(self, holder: str) -> ResizeOutcome:
        with self.watch.step("accept"):
            entry = self.resizer.ledger.current()
            refusal, actuation = self._accept(entry.document)
        if refusal is not None:
            return self.end(refusal.status, refusal.reason, sizes=entry.document.sizes)
        if not actuation.act:
            return self.end("unchanged", actuation.reason, sizes=entry.document.sizes)
        with self._lease(holder) as lease:
            if lease is None:
                return self.end("busy", "another operation holds the stack's lease")
            return self._transact(lease, actuation)

    def _accept(self, current: PlanDocument) -> tuple[Refusal | None, Actuation]:
        """Early refusal, or what the actuator makes of the plan; a plan that gets this far is remembered."""
        resizer, plan = self.resizer, self.plan
        control = resizer.control.read(plan.stack)
        refusal = refuse_early(plan, current=current, switch=control.switch, mode=resizer.mode, now=resizer.clock())
        if refusal is not None:
            return refusal, Actuation({}, act=False, reason=refusal.reason)
        memory = remember_plan(control.memory, plan, settings=resizer.settings)
        resizer.control.remember(plan.stack, memory)
        return None, actuate(plan, current=current, memory=memory, settings=resizer.settings)

    def _lease(self, holder: str) -> AbstractContextManager[HeldLease | None]:
        return hold(
            self.resizer.leases,
            stack=self.plan.stack,
            holder=holder,
            sequence=self.plan.sequence,
            seconds=self.resizer.settings.lease_seconds,
            clock=self.resizer.wall_clock,
        )

    def _transact(self, lease: HeldLease, actuation: Actuation) -> ResizeOutcome:
        engine = self.resizer.engine()
        with self.watch.step("recover"):
            if lease.previous_expires_at is not None:
                engine.break_stale_locks(older_than=lease.previous_expires_at)
        with self.watch.step("read"):
            entry = self.resizer.ledger.current()
            if self.plan.sequence <= entry.document.sequence:
                return self.end("stale", "another plan was applied while this one waited", sizes=entry.document.sizes)
            actual = self.resizer.groups.sizes()
        document, raised = candidate(self.plan, sizes=actuation.sizes, actual=actual, entry=entry)
        with self.watch.step("preview"):
            preview = engine.preview(document, raised=raised)
        if stopped := self._checked(preview, document=document, raised=raised, actuation=actuation):
            return stopped
        if not lease.still_ours():
            return self.end("interrupted", "the lease was lost before anything was changed")
        with self.watch.step("up"):
            run = engine.up(document, raised=raised)
        if run.violations:
            return self.end("blocked", "a policy refused the plan", violations=run.violations)
        if run.error is not None:
            return self.end("interrupted" if run.interrupted else "failed", run.error)
        return self._settle(document, entry)

    def _checked(
        self, preview: EngineRun, *, document: PlanDocument, raised: tuple[str, ...], actuation: Actuation
    ) -> ResizeOutcome | None:
        """The outcome at which a preview stops the plan, or None."""
        unchecked = tuple(
            Violation(pack="engine", rule="unchecked", message=f"a rule could not run: {message}")
            for message in preview.unchecked
        )
        if violations := (*preview.violations, *unchecked):
            return self.end("blocked", violations[0].message, violations=violations)
        if preview.error is not None:
            return self.end("interrupted" if preview.interrupted else "failed", preview.error)
        if drift := drift_in(preview.changes, pools=document.sizes, raised=raised):
            reason = "the stack differs from its program in what a resize must not touch"
            return self.end("drift", reason, drift=drift)
        if self.resizer.mode == "advise":
            reason = f"advise mode: the preview passed every rule and was not applied; {actuation.reason}"
            return self.end("observed", reason, sizes=document.sizes)
        return None

    def _settle(self, document: PlanDocument, entry: LedgerEntry) -> ResizeOutcome:
        with self.watch.step("read back"):
            found = self.resizer.groups.sizes()
            if wrong := mismatches(document.sizes, found):
                return self.end("failed", f"node groups are not as planned after the update: {'; '.join(wrong)}")
        with self.watch.step("move pointer"):
            self.resizer.ledger.replace(document, expected_version=entry.version)
            memory = self.resizer.control.read(self.plan.stack).memory
            self.resizer.control.remember(self.plan.stack, remember_resize(memory, sequence=self.plan.sequence))
        return self.end("applied", self.plan.explanation.sentence, sizes=document.sizes)

    def end(
        self,
        status: OutcomeStatus,
        reason: str,
        *,
        sizes: Mapping[str, PoolSize] | None = None,
        violations: tuple[Violation, ...] = (),
        drift: tuple[str, ...] = (),
    ) -> ResizeOutcome:
        return ResizeOutcome(
            stack=self.plan.stack,
            plan_id=self.plan.plan_id,
            sequence=self.plan.sequence,
            status=status,
            reason=reason,
            finished_at=_whole_second(self.resizer.clock()),
            sizes=dict(sizes or {}),
            violations=violations,
            drift=drift,
            timings=self.watch.timings(),
        )


def candidate(
    plan: ScalingPlan, *, sizes: Mapping[str, PoolSize], actual: Mapping[str, GroupSize], entry: LedgerEntry
) -> tuple[PlanDocument, tuple[str, ...]]:
    """The document to apply, and the pools whose desired size must be raised to their new floor.

    No maximum is ever below the actual size: the minimum goes down first, the autoscaler drains, and a later plan
    lowers the maximum.
    """
    safe = {
        pool: PoolSize(
            floor=size.floor, ceiling=max(size.ceiling, actual[pool].desired) if pool in actual else size.ceiling
        )
        for pool, size in sizes.items()
    }
    raised = tuple(sorted(pool for pool, size in safe.items() if pool in actual and size.floor > actual[pool].desired))
    document = plan.document().model_copy(update={"sizes": safe, "previous": entry.document.sizes})
    return document, raised


def mismatches(planned: Mapping[str, PoolSize], found: Mapping[str, GroupSize]) -> list[str]:
    """Pools whose node group does not stand as planned, one phrase each."""
    wrong = []
    for pool, size in sorted(planned.items()):
        group = found.get(pool)
        if group is None:
            wrong.append(f"{pool} has no node group")
        elif (group.minimum, group.maximum) != (size.floor, size.ceiling) or group.desired < size.floor:
            wrong.append(
                f"{pool} is {group.minimum} to {group.maximum} with {group.desired} desired, "
                f"planned {size.floor} to {size.ceiling}"
            )
    return wrong


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
