"""What a demo run found out: the one value that the summary, the report and the terminal are made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from quantos.contracts.plan import OutcomeStatus, PlannedLeadTime, Violation

WayName = Literal["quantos", "static peak", "reactive"]
Phase = Literal["closed", "opening", "session", "closing"]


@dataclass(frozen=True, kw_only=True)
class BinRow:
    """One decided bin of the main pool. Demand and capacity are in vCPU; None is unknown.

    `expected_vcpu` and `upper_vcpu` are the forecast of the largest demand within the horizon, made at the end of the
    bin. `floor_vcpu` is what the plan pointer guarantees, `ready_vcpu` what was Ready after node lead time;
    `static_vcpu` and `reactive_vcpu` are what the two peers would have had Ready in the same bin.
    """

    start: datetime
    phase: Phase
    demand_vcpu: float | None
    expected_vcpu: float
    upper_vcpu: float
    floor_vcpu: float
    ready_vcpu: float
    static_vcpu: float
    reactive_vcpu: float


@dataclass(frozen=True, kw_only=True)
class DecisionRow:
    """One plan and what became of it. `note` says what the demo did to it ("process killed"), else empty."""

    time: datetime
    plan_id: str
    status: OutcomeStatus | Literal["killed"]
    sentence: str
    reason: str
    floors: dict[str, int]
    usd_per_hour: float
    violations: tuple[Violation, ...] = ()
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WayOfSizing:
    """What one way of sizing cost over the replay, and what it missed.

    `missing_vcpu_hours` is demand above Ready capacity; `short_share` the share of bins with any;
    `flaps` counts changes of capacity that were taken back within half an hour.
    """

    name: WayName
    usd_per_hour: float
    missing_vcpu_hours: float
    short_share: float
    flaps: int


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """One node group as planned (the plan pointer) and as the cloud reports it."""

    pool: str
    planned_minimum: int
    planned_maximum: int
    minimum: int
    maximum: int
    desired: int

    @property
    def agrees(self) -> bool:
        """Bounds equal the plan, and desired is not below the floor."""
        bounds = (self.minimum, self.maximum) == (self.planned_minimum, self.planned_maximum)
        return bounds and self.desired >= self.planned_minimum


@dataclass(frozen=True, kw_only=True)
class LeadTimeRow:
    """How long the main pool's nodes took: as drawn, and as the first and the last plan took it to be."""

    stated_median_seconds: float
    stated_p95_seconds: float
    orders: int
    first_planned: PlannedLeadTime | None
    last_planned: PlannedLeadTime | None


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One stage of the run, in order."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """A whole run.

    `models` counts plans by the forecast model that served; `phase_nodes` is mean Ready nodes of the main pool by
    session phase; `audit_problem` is empty when the chain verified; `drift` lists what a plain preview of the capacity
    stack would still change; `autoscaler_moves` counts desired sizes moved behind the engine's back, and
    `lowered_desired` those that a resize lowered (which must be none).
    """

    trace: str
    unit: str
    pool: str
    vcpu_per_node: float
    bin_seconds: int
    bus: str
    bins: tuple[BinRow, ...]
    decisions: tuple[DecisionRow, ...]
    ways: tuple[WayOfSizing, ...]
    groups: tuple[GroupRow, ...]
    stages: tuple[StageRow, ...]
    models: dict[str, int]
    phase_nodes: dict[Phase, float]
    audit_links: int
    audit_problem: str
    drift: tuple[str, ...]
    autoscaler_moves: int
    lowered_desired: int
    lead_times: LeadTimeRow
