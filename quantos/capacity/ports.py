"""What the decision and the resize transaction need from outside."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from quantos.contracts.plan import PlanDocument, ResizeOutcome, ScalingPlan, Unsettled, Violation
from quantos.contracts.strategy import StrategyBook
from quantos.deployment.holders import EngineMark, LeaseHolder
from quantos.deployment.locks import BackendLock


class Clock(Protocol):
    """Now, aware, in UTC."""

    def __call__(self) -> datetime:
        """The present moment."""
        ...


class Signer(Protocol):
    """Signs plans, so that only the forecaster's reach the engine."""

    def sign(self, content: bytes) -> str:
        """A MAC of `content`, base64."""
        ...

    def verify(self, content: bytes, *, signature: str) -> bool:
        """Whether `signature` is a MAC of `content` under the same key."""
        ...


class StrategyRegistry(Protocol):
    """What traders have stated."""

    def read(self) -> StrategyBook:
        """Every strategy of the environment; an empty book before the first."""
        ...

    def replace(self, book: StrategyBook) -> None:
        """Make `book` the environment's."""
        ...


class PlanArchive(Protocol):
    """Every plan ever published, by id, for `explain` and for the regulator."""

    def put(self, plan: ScalingPlan) -> None:
        """Keep a plan; keeping it again changes nothing."""
        ...

    def get(self, plan_id: str) -> ScalingPlan:
        """The plan of that id, or of the one id that starts so. Raises CapacityError when there is none or several."""
        ...


class RecordStore(Protocol):
    """What each plan rested on, by plan id, for replay and for the regulator."""

    def put(self, plan_id: str, content: bytes, /) -> None:
        """Keep a record; keeping it again changes nothing. Raises CapacityError."""
        ...

    def get(self, plan_id: str, /) -> bytes | None:
        """What was kept, or None. Raises CapacityError."""
        ...


@dataclass(frozen=True)
class LedgerEntry:
    """A plan document and the version a writer must name to replace it; None while there is no document.

    `unsettled` is a change that began on this document and is not known to have ended.
    """

    document: PlanDocument
    version: str | None
    unsettled: Unsettled | None = None


class PlanLedger(Protocol):
    """`current.json`: the plan document that the capacity stack stands on."""

    def current(self) -> LedgerEntry:
        """The applied document, or the environment's floors as sequence 0."""
        ...

    def replace(
        self, document: PlanDocument, *, expected_version: str | None, unsettled: Unsettled | None = None
    ) -> str:
        """Make `document` current and return its version. Raises PlanConflictError when another writer was first."""
        ...


@dataclass(frozen=True)
class FitKey:
    """Whose fit: the set of pools, "+" between; the digest of the question it answers; the UTC day it is of."""

    pools: str
    question: str
    day: date


class FitStore(Protocol):
    """What was learnt of sets of pools, kept so that no process learns what another has."""

    def get(self, key: FitKey) -> bytes | None:
        """What was stored, or None. Raises CapacityError."""
        ...

    def put(self, key: FitKey, content: bytes) -> None:
        """Store it, whatever is there. Raises CapacityError."""
        ...

    def days(self, key: FitKey, *, since: date) -> Collection[date]:
        """Days from `since` on and before the key's of which a fit for the same question is stored.

        Raises CapacityError.
        """
        ...


class OutcomeStore(Protocol):
    """What became of plans for which the engine was started, by plan id."""

    def put(self, outcome: ResizeOutcome) -> None:
        """Keep an outcome, whatever is there. Raises CapacityError."""
        ...

    def get(self, plan_id: str) -> ResizeOutcome | None:
        """What was kept last, or None. Raises CapacityError."""
        ...


@dataclass(frozen=True)
class Lease:
    """The right to change one stack until `expires_at`; `engines` are those recorded and not cleaned up after."""

    stack: str
    holder: LeaseHolder
    sequence: int
    taken_at: datetime
    expires_at: datetime
    engines: tuple[EngineMark, ...] = ()


class LeaseStore(Protocol):
    """One lease a stack, by conditional writes on its random id."""

    def read(self, stack: str) -> Lease | None:
        """The lease as it stands, run out or not; None when nobody holds it."""
        ...

    def take(
        self,
        stack: str,
        *,
        holder: LeaseHolder,
        sequence: int,
        now: datetime,
        expires_at: datetime,
        instead_of: str | None,
    ) -> Lease | None:
        """The lease, with the engines recorded before; None when another holds one that has not run out at `now`.

        `instead_of` names the lease of a holder that is provably gone, which is taken whether it has run out or not.
        """
        ...

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        """The lease with a later end, or None when it is no longer ours."""
        ...

    def record(self, lease: Lease, *, engines: Sequence[EngineMark]) -> bool:
        """Make these the recorded engines; False when the lease is no longer ours."""
        ...

    def release(self, lease: Lease, *, engines: Sequence[EngineMark]) -> None:
        """Give the lease back with what is still to clean up after; nothing happens when it is no longer ours."""
        ...


@dataclass(frozen=True)
class Switch:
    """The kill switch of a stack."""

    paused: bool
    actor: str
    reason: str


class SwitchStore(Protocol):
    """Kill switches, by stack, where the robot can read and not write."""

    def read(self, stack: str) -> Switch:
        """The switch as it stands; not paused at first."""
        ...

    def throw(self, stack: str, switch: Switch) -> None:
        """Set the kill switch; the next event sees it."""
        ...


PlannedFloors = Mapping[int, Mapping[str, int]]
"""Floors by pool that were planned lately, by the sequence (epoch seconds) of the plans; the highest of each bin."""


class FloorMemory(Protocol):
    """Which floors were planned lately, by stack; what the actuator holds scale-downs by."""

    def remember(self, stack: str, *, sequence: int, plan_id: str, floors: Mapping[str, int]) -> PlannedFloors:
        """Keep the floors of a plan beside those of all others, and return them all. Key: `plan_id`."""
        ...

    def read(self, stack: str) -> PlannedFloors:
        """All that are kept."""
        ...


@dataclass(frozen=True)
class GroupSize:
    """A node group as the cloud reports it."""

    minimum: int
    maximum: int
    desired: int


class NodeGroups(Protocol):
    """The elastic pools as they are, not as the state says."""

    def sizes(self) -> dict[str, GroupSize]:
        """Sizes by pool. Raises CapacityError when they cannot be read, or two groups say they are one pool."""
        ...


@dataclass(frozen=True)
class Change:
    """One resource a preview would change: its URN, operation and the property paths that differ."""

    urn: str
    operation: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class EngineRun:
    """What one engine operation reported.

    `unchecked` lists rules that could not run on unknown values; on the capacity stack each is a violation.
    """

    changes: tuple[Change, ...]
    violations: tuple[Violation, ...]
    unchecked: tuple[str, ...]
    error: str | None
    interrupted: bool = False


@dataclass(frozen=True)
class EngineTerms:
    """On what terms an engine may change the stack.

    `started` is told of it before it may write a lock, and raises to keep it from running; what it may do ends at
    `until` where credentials can end.
    """

    started: Callable[[EngineMark], None]
    until: datetime


@dataclass(frozen=True)
class Checkpoint:
    """The stack's state: its version, and the plan that it was last brought to, empty before the first."""

    version: str
    plan_id: str


class LockedBackend(Protocol):
    """The locks that engines keep on one stack."""

    def locks(self) -> tuple[BackendLock, ...]:
        """Every lock, also those whose writer was killed while writing, oldest first. Raises EngineError."""
        ...

    def remove_lock(self, lock: BackendLock) -> None:
        """Remove one lock; nothing happens when it is gone. Raises EngineError."""
        ...


class Engine(LockedBackend, Protocol):
    """The Pulumi engine on the capacity stack, always refreshing first, always under the packs."""

    def preview(self, document: PlanDocument, *, raised: Sequence[str], standing: Mapping[str, GroupSize]) -> EngineRun:
        """What an `up` on the document would do. Pools in `raised` are sent a desired size equal to their floor.

        `standing` are the sizes read under the lease, by which the packs know a way down from above a limit.
        """
        ...

    def up(
        self,
        document: PlanDocument,
        *,
        raised: Sequence[str],
        standing: Mapping[str, GroupSize],
        terms: EngineTerms,
    ) -> EngineRun:
        """Do it. Raises EngineBusyError when another operation holds the stack."""
        ...

    def checkpoint(self) -> Checkpoint:
        """The state as it stands."""
        ...
