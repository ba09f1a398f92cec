"""What the resize transaction needs from outside: the engine, the node groups, and what governs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quantos.contracts.plan import PlanDocument, ResizeOutcome
from quantos.deployment.changes import EngineRun
from quantos.deployment.holders import EngineMark
from quantos.deployment.ports import LockedBackend


class OutcomeStore(Protocol):
    """What became of plans for which the engine was started, by plan id."""

    def put(self, outcome: ResizeOutcome) -> None:
        """Keep an outcome, whatever is there. Raises CapacityError."""
        ...

    def get(self, plan_id: str) -> ResizeOutcome | None:
        """What was kept last, or None. Raises CapacityError."""
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
