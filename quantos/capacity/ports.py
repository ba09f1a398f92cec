"""What the decision and the resize transaction need from outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from quantos.contracts.plan import PlanDocument, ScalingPlan, Violation
from quantos.contracts.strategy import StrategyBook


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
    """A plan document and the version a writer must name to replace it; None while there is no document."""

    document: PlanDocument
    version: str | None


class PlanLedger(Protocol):
    """`current.json`: the plan document that the capacity stack stands on."""

    def current(self) -> LedgerEntry:
        """The applied document, or the environment's floors as sequence 0."""
        ...

    def replace(self, document: PlanDocument, *, expected_version: str | None) -> str:
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


@dataclass(frozen=True)
class Lease:
    """The right to change one stack until `expires_at`.

    `previous_expires_at` is when the lease before this one ended or would have ended, if its holder never gave it
    back: a backend lock older than that is a dead holder's.
    """

    stack: str
    holder: str
    sequence: int
    taken_at: datetime
    expires_at: datetime
    previous_expires_at: datetime | None


class LeaseStore(Protocol):
    """One lease a stack, by conditional write."""

    def take(self, stack: str, *, holder: str, sequence: int, now: datetime, expires_at: datetime) -> Lease | None:
        """The lease, or None when another holds one that has not expired at `now`."""
        ...

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        """The lease with a later end, or None when it is no longer ours."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back; nothing happens when it is no longer ours."""
        ...


@dataclass(frozen=True)
class Switch:
    """The kill switch of a stack."""

    paused: bool
    actor: str
    reason: str


@dataclass(frozen=True)
class ActuatorMemory:
    """What the actuator remembers of a stack: floors planned lately, and when it last acted.

    `floors` maps the sequence (epoch seconds) of a plan to its floors by pool.
    """

    floors: Mapping[int, Mapping[str, int]]
    last_resize_sequence: int


@dataclass(frozen=True)
class StackControl:
    """What governs the resizes of a stack: at first not paused, and nothing remembered."""

    switch: Switch
    memory: ActuatorMemory


class ControlStore(Protocol):
    """Switches and the actuator's memory, by stack."""

    def read(self, stack: str) -> StackControl:
        """Both as they stand."""
        ...

    def throw(self, stack: str, switch: Switch) -> None:
        """Set the kill switch; the next event sees it."""
        ...

    def remember(self, stack: str, memory: ActuatorMemory) -> None:
        """Replace the actuator's memory."""
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


class Engine(Protocol):
    """The Pulumi engine on the capacity stack, always refreshing first, always under the packs."""

    def preview(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        """What an `up` on the document would do. Pools in `raised` are sent a desired size equal to their floor."""
        ...

    def up(self, document: PlanDocument, *, raised: Sequence[str]) -> EngineRun:
        """Do it."""
        ...

    def break_stale_locks(self, *, older_than: datetime) -> tuple[str, ...]:
        """Drop the locks if all are older, and name their owners. Raises EngineBusyError when one is not."""
        ...
