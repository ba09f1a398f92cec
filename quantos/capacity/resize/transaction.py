"""The resize transaction: accept, lease, preview under the packs, mark, up, read back, move the pointer, tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from quantos.capacity.ports import LedgerEntry, PlanLedger, Signer
from quantos.capacity.resize.acceptance import refuse_early, refuse_paused, refuse_unsound
from quantos.capacity.resize.actuator import Actuation, actuate
from quantos.capacity.resize.drift import drift_in
from quantos.capacity.resize.kill_switch_watch import watched
from quantos.capacity.resize.ports import (
    Engine,
    EngineTerms,
    FloorMemory,
    GroupSize,
    NodeGroups,
    OutcomeStore,
    PlannedFloors,
    Switch,
    SwitchStore,
)
from quantos.capacity.resize.safe_sizes import safe_sizes
from quantos.capacity.resize.stopwatch import Stopwatch
from quantos.clock import Clock
from quantos.contracts.plan import (
    OutcomeStatus,
    PlanDocument,
    PoolSize,
    ResizeOutcome,
    ScalingPlan,
    Unsettled,
    Violation,
)
from quantos.deployment.changes import EngineRun
from quantos.deployment.lease import HeldLease, LeaseDesk
from quantos.deployment.lock_recovery import LockRecovery
from quantos.environment.settings.decisions import ActuatorSettings
from quantos.environment.settings.environment import Mode
from quantos.errors import (
    EngineBusyError,
    LeaseLostError,
    PlanConflictError,
    QuantosError,
    StackLockedError,
    StateUnreadableError,
)
from quantos.rounds import both

_PASSING = frozenset({"busy", "locked", "paused", "stale", "unchanged"})
"""Ends that say nothing of the plan itself: the same plan may end otherwise when it comes again."""


@dataclass(frozen=True)
class Resizer:
    """Applies plans to one stack. Idempotency key: `plan_id`; a plan that was applied answers `applied` again.

    `clock` tells plan time (replayed in a sandbox); leases and backend locks live by the desk's. `ranges` are the nodes
    between floor and ceiling of every pool of the environment. `engine` is built only when a plan reaches it.
    """

    stack: str
    mode: Mode
    settings: ActuatorSettings
    bin_seconds: int
    ranges: Mapping[str, int]
    signer: Signer
    ledger: PlanLedger
    outcomes: OutcomeStore
    floors: FloorMemory
    switches: SwitchStore
    groups: NodeGroups
    desk: LeaseDesk
    recovery: LockRecovery
    engine: Callable[[], Engine]
    clock: Clock

    def resize(self, plan: ScalingPlan, *, holder: str) -> ResizeOutcome:
        """Take a plan as far as it goes; every way it can end is a status, and none is silent.

        `holder` is who does it, for people.
        """
        attempt = _Attempt(self, plan)
        return attempt.kept(self._outcome(attempt, holder))

    def _outcome(self, attempt: "_Attempt", holder: str) -> ResizeOutcome:
        try:
            return attempt.run(holder)
        except StackLockedError as exc:
            return attempt.end("locked", f"{exc}; {exc.remedy}")
        except EngineBusyError as exc:
            return attempt.end("busy", str(exc))
        except StateUnreadableError as exc:
            return attempt.end("unreadable", f"{exc}; {exc.remedy}")
        except PlanConflictError as exc:
            return attempt.end("overtaken", f"{exc}; {exc.remedy}")
        except LeaseLostError as exc:
            return attempt.end("interrupted", str(exc))
        except QuantosError as exc:
            return attempt.end("failed", f"{exc} ({exc.code}); {exc.remedy}")


@dataclass
class _Attempt:
    """One plan's way through; collects timings and what to tell. `begun` once it holds the lease."""

    resizer: Resizer
    plan: ScalingPlan
    watch: Stopwatch = field(default_factory=Stopwatch)
    begun: bool = False
    owed: tuple[str, ...] = ()

    def run(self, holder: str) -> ResizeOutcome:
        resizer, plan = self.resizer, self.plan
        with self.watch.step("accept"):
            signed, entry = both(self._signed, resizer.ledger.current)
            if (stopped := self._unsound(signed=signed)) or (stopped := self._applied_before(entry)):
                return stopped
            floors, switch = both(self._remembered, lambda: resizer.switches.read(plan.stack))
            if (stopped := self._refused(entry, switch)) or (stopped := self._unchanged(entry, floors=floors)):
                return stopped
        with resizer.desk.hold(plan.stack, name=holder, sequence=plan.sequence) as held:
            if held is None:
                return self.end("busy", "another operation holds the stack's lease")
            self.begun = True
            return self._transact(held)

    def _signed(self) -> bool:
        return self.resizer.signer.verify(self.plan.signed_bytes(), signature=self.plan.signature)

    def _remembered(self) -> PlannedFloors:
        plan = self.plan
        floors = {pool: size.floor for pool, size in plan.sizes.items()}
        return self.resizer.floors.remember(plan.stack, sequence=plan.sequence, plan_id=plan.plan_id, floors=floors)

    def _unsound(self, *, signed: bool) -> ResizeOutcome | None:
        resizer, plan = self.resizer, self.plan
        refusal = refuse_unsound(
            plan, stack=resizer.stack, signed=signed, now=resizer.clock(), bin_seconds=resizer.bin_seconds
        )
        return None if refusal is None else self.end(refusal.status, refusal.reason)

    def _applied_before(self, entry: LedgerEntry) -> ResizeOutcome | None:
        """`applied` once more for the plan that the stack stands on, whatever else cannot be reached."""
        if self.plan.plan_id != entry.document.plan_id:
            return None
        self._pay(entry)
        reason = "this plan was applied before; nothing is left to do"
        return self._known() or self.end("applied", reason, sizes=entry.document.sizes)

    def _refused(self, entry: LedgerEntry, switch: Switch) -> ResizeOutcome | None:
        """What ends the plan before anything is looked at; one that was dealt with before ends as it did then."""
        resizer, plan, current = self.resizer, self.plan, entry.document
        refusal = refuse_early(plan, current=current, switch=switch, mode=resizer.mode, now=resizer.clock())
        if refusal is None:
            return None
        if refusal.status == "stale" and (known := self._known()):
            return known
        return self.end(refusal.status, refusal.reason, sizes=current.sizes)

    def _known(self) -> ResizeOutcome | None:
        try:
            return self.resizer.outcomes.get(self.plan.plan_id)
        except QuantosError as exc:
            self.owed += (f"what became of this plan before is not known: {exc}",)
            return None

    def _unchanged(self, entry: LedgerEntry, *, floors: PlannedFloors) -> ResizeOutcome | None:
        """`unchanged` where there is nothing worth doing, and the node groups stand where the pointer says."""
        if entry.unsettled is not None:
            return None
        actuation = self._actuation(entry.document, floors)
        if actuation.act or self._strays(entry, self.resizer.groups.sizes()):
            return None
        return self.end("unchanged", actuation.reason, sizes=entry.document.sizes)

    def _actuation(self, current: PlanDocument, floors: PlannedFloors) -> Actuation:
        resizer = self.resizer
        return actuate(self.plan, current=current, floors=floors, settings=resizer.settings, ranges=resizer.ranges)

    def _strays(self, entry: LedgerEntry, actual: Mapping[str, GroupSize]) -> list[str]:
        """Node groups of the plan's pools that stand elsewhere than the pointer says."""
        standing = {pool: size for pool, size in entry.document.sizes.items() if pool in self.plan.sizes}
        return mismatches(standing, actual)

    def _transact(self, held: HeldLease) -> ResizeOutcome:
        resizer, plan = self.resizer, self.plan
        engine = resizer.engine()
        with self.watch.step("recover"):
            resizer.recovery.clear(engine, held)
        with self.watch.step("read"):
            entry = resizer.ledger.current()
            if plan.sequence <= entry.document.sequence:
                return self.end("stale", "another plan was applied while this one waited", sizes=entry.document.sizes)
            self._pay(entry)
            state = engine.checkpoint()
            actual = resizer.groups.sizes()
            actuation = self._actuation(standing(entry.document, actual), resizer.floors.read(plan.stack))
            if not actuation.act and not self._strays(entry, actual) and entry.unsettled is None:
                return self.end("unchanged", actuation.reason, sizes=entry.document.sizes)
        document, raised = candidate(plan, sizes=actuation.sizes, actual=actual, entry=entry)
        with self.watch.step("preview"):
            preview = engine.preview(document, raised=raised, standing=actual)
        if stopped := self._checked(preview, document=document, raised=raised, actuation=actuation):
            return stopped
        if (switch := resizer.switches.read(plan.stack)).paused:
            return self.end("paused", refuse_paused(switch).reason, sizes=entry.document.sizes)
        if engine.checkpoint() != state:
            return self.end("overtaken", "the stack's state was changed by another operation during the preview")
        marked = self._mark(entry, held)
        with self.watch.step("up"):
            run = self._up(engine, document, raised=raised, standing=actual, held=held)
        if run.violations:
            return self.end("blocked", "a policy refused the plan", violations=run.violations)
        if run.error is not None:
            return self.end("interrupted" if run.interrupted else "failed", run.error)
        return self._settle(engine, document, marked, held=held)

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

    def _mark(self, entry: LedgerEntry, held: HeldLease) -> LedgerEntry:
        """Mark the pointer unsettled: from here until the sizes are read back, nobody takes it for where EKS stands.

        Its new version is known to this lease alone, so that whoever lost the lease meanwhile cannot move it.
        """
        since = _whole_second(self.resizer.clock())
        unsettled = Unsettled(plan_id=self.plan.plan_id, lease_id=held.lease.holder.lease_id, since=since)
        version = self.resizer.ledger.replace(entry.document, expected_version=entry.version, unsettled=unsettled)
        held.renew()
        return replace(entry, version=version, unsettled=unsettled)

    def _up(
        self,
        engine: Engine,
        document: PlanDocument,
        *,
        raised: tuple[str, ...],
        standing: Mapping[str, GroupSize],
        held: HeldLease,
    ) -> EngineRun:
        """Run the engine under the lease and the switch, and remove the lock that it leaves when it dies."""
        resizer = self.resizer
        terms = EngineTerms(started=held.started, until=held.lease.expires_at)
        try:
            with watched(resizer.switches, self.plan.stack, resizer.desk.order):
                return engine.up(document, raised=raised, standing=standing, terms=terms)
        finally:
            resizer.recovery.tidy(engine, held)

    def _settle(self, engine: Engine, document: PlanDocument, marked: LedgerEntry, *, held: HeldLease) -> ResizeOutcome:
        with self.watch.step("read back"):
            groups = self.resizer.groups.sizes()
            if wrong := mismatches(document.sizes, groups):
                return self.end("failed", f"node groups are not as planned after the update: {'; '.join(wrong)}")
            if engine.checkpoint().plan_id != document.plan_id:
                return self.end("overtaken", "another operation wrote the stack's state after the update")
        with self.watch.step("move pointer"):
            held.renew()
            self.resizer.ledger.replace(document, expected_version=marked.version)
        return self.end("applied", self.plan.explanation.sentence, sizes=document.sizes)

    def _pay(self, entry: LedgerEntry) -> None:
        """Keep the outcome of the applied plan where the run that applied it could not; else it is owed still."""
        if entry.document.plan_id:
            try:
                self._paid(entry.document)
            except QuantosError as exc:
                self.owed += (f"the outcome of the applied plan {entry.document.plan_id[:12]} is not kept: {exc}",)

    def _paid(self, document: PlanDocument) -> None:
        known = self.resizer.outcomes.get(document.plan_id)
        if known is not None and known.status == "applied":
            return
        paid = ResizeOutcome(
            stack=document.stack,
            plan_id=document.plan_id,
            sequence=document.sequence,
            status="applied",
            reason="this plan was applied; the run that applied it could not keep its outcome",
            finished_at=_whole_second(self.resizer.clock()),
            sizes=document.sizes,
        )
        self.resizer.outcomes.put(paid)

    def kept(self, outcome: ResizeOutcome) -> ResizeOutcome:
        """Keep what became of a plan that held the lease; an outcome that cannot be kept is owed."""
        if not self.begun or outcome.status in _PASSING:
            return outcome
        try:
            self.resizer.outcomes.put(outcome)
        except QuantosError as exc:
            return outcome.model_copy(update={"owed": (*outcome.owed, f"the outcome is not kept: {exc}")})
        return outcome

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
            owed=self.owed,
        )


def candidate(
    plan: ScalingPlan, *, sizes: Mapping[str, PoolSize], actual: Mapping[str, GroupSize], entry: LedgerEntry
) -> tuple[PlanDocument, tuple[str, ...]]:
    """The document to apply, and the pools whose desired size must be raised to their new floor."""
    safe = safe_sizes(sizes, actual=actual)
    document = plan.document().model_copy(update={"sizes": safe.sizes, "previous": entry.document.sizes})
    return document, safe.raised


def standing(document: PlanDocument, actual: Mapping[str, GroupSize]) -> PlanDocument:
    """The document with the floors that node groups stand on, where an update that failed half way raised them."""
    sizes = {
        pool: size.model_copy(update={"floor": max(size.floor, min(actual[pool].minimum, size.ceiling))})
        if pool in actual
        else size
        for pool, size in document.sizes.items()
    }
    return document.model_copy(update={"sizes": sizes})


def mismatches(planned: Mapping[str, PoolSize], groups: Mapping[str, GroupSize]) -> list[str]:
    """Pools whose node group does not stand as planned, one phrase each."""
    wrong = []
    for pool, size in sorted(planned.items()):
        group = groups.get(pool)
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
