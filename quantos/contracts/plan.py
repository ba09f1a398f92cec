"""A scaling plan, the plan document the capacity program runs on, and what became of a plan."""

from datetime import datetime
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from quantos.contracts.base import Contract, NonNegativeFinite, Slug, canonical_digest
from quantos.contracts.demand import RejectedModel

PLAN_TYPE = "quantos:capacity:Plan"
"""Type token of the resource that carries the applied document."""
OutcomeStatus = Literal[
    "applied",
    "unchanged",
    "observed",
    "blocked",
    "stale",
    "paused",
    "busy",
    "drift",
    "interrupted",
    "unreadable",
    "locked",
    "overtaken",
    "failed",
]
"""`unreadable`: the engine cannot load the stack's state, and no plan is applied until a person restores it.
`locked`: a backend lock that is not provably a dead holder's of ours; a person decides (`quantos unlock`).
`overtaken`: something else wrote the stack's state meanwhile; the next plan starts from what it left."""


LEAST_CEILING: Final = 1
"""EKS refuses a node group whose maximum is 0."""


def _unset(value: object) -> bool:
    """Left out of the document, so that one made before the field existed keeps its digest."""
    return value is None or value in ((), {})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PoolSize(_Part):
    """Nodes of one pool: `floor` becomes the group's minimum, `ceiling` its maximum."""

    floor: int = Field(ge=0)
    ceiling: int = Field(ge=LEAST_CEILING)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError(f"floor {self.floor} is above ceiling {self.ceiling}")
        return self


class PoolCost(_Part):
    """What a pool costs at its floor and at its ceiling, priced at its dearest instance type."""

    usd_per_node_hour: NonNegativeFinite
    floor_usd_per_hour: NonNegativeFinite
    ceiling_usd_per_hour: NonNegativeFinite


class StrategyCost(_Part):
    """What the nodes cost that a strategy fills, beside the ceiling its trader stated.

    What no strategy fills, by rounding to whole nodes or by floors, is in the pool's cost and in no strategy's.

    Attributes:
        pools: those it may run on; absent from the plans of earlier releases.
        nodes: those that it fills, parts of nodes included, by pool; absent from the documents of earlier releases.
    """

    usd_per_hour: NonNegativeFinite
    ceiling_usd_per_hour: NonNegativeFinite
    pools: tuple[Slug, ...] = Field(default=(), exclude_if=_unset)
    nodes: dict[Slug, NonNegativeFinite] = Field(default_factory=dict, exclude_if=_unset)


class PlanDocument(Contract):
    """What the capacity program is a function of, beside the pool shapes. `current.json` holds the applied one.

    `sequence` is the end of the decided bin in epoch seconds, 0 before the first plan.
    """

    stack: str
    plan_id: str
    sequence: int = Field(ge=0)
    sizes: dict[Slug, PoolSize]
    previous: dict[Slug, PoolSize]
    pool_costs: dict[Slug, PoolCost]
    strategy_costs: dict[Slug, StrategyCost]


class Unsettled(_Part):
    """A change of the stack that began and is not known to have ended, under which lease and for which plan."""

    plan_id: str
    lease_id: str
    since: AwareDatetime


class PlanPointer(PlanDocument):
    """`current.json`: the applied document; `unsettled` from before an update until its sizes are read back."""

    unsettled: Unsettled | None = Field(default=None, exclude_if=_unset)

    @classmethod
    def to(cls, document: PlanDocument, *, unsettled: Unsettled | None) -> Self:
        """A pointer to the document."""
        return cls.model_validate({**document.model_dump(), "unsettled": unsettled})

    def document(self) -> PlanDocument:
        """What the capacity program runs on."""
        return PlanDocument.model_validate(self.model_dump(exclude={"unsettled"}))


class Alternative(_Part):
    """What another way of sizing would have cost and missed over the forecast horizon."""

    name: Literal["reactive", "static", "one-cheaper", "one-more"]
    nodes: int
    usd_per_hour: NonNegativeFinite
    risk_of_shortage: float = Field(ge=0, le=1)


class DemandQuantile(_Part):
    """A value that the largest demand within the horizon stays under with probability `level`."""

    level: float = Field(gt=0, lt=1)
    vcpu: NonNegativeFinite


class Coverage(_Part):
    """How often demand within the horizon stayed under the upper value that the model would have asked for.

    Of the last `days` whole UTC days those bins count that an open horizon with known demand followed. In `held_bins`
    of them the upper value held, in `node_held_bins` the whole nodes for it. The model had learnt nothing of those
    days. `reason` says why there are no such bins.
    """

    days: int = Field(ge=0)
    bins: int = Field(ge=0)
    held_bins: int = Field(ge=0)
    node_held_bins: int = Field(ge=0)
    reason: str | None = None

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if not self.held_bins <= self.node_held_bins <= self.bins:
            raise ValueError(f"{self.held_bins} bins held, {self.node_held_bins} by whole nodes, of {self.bins}")
        if (self.bins == 0) == (self.reason is None):
            raise ValueError("coverage needs bins, or a reason why there are none")
        return self


class PlannedLeadTime(_Part):
    """How long a node of the pool is taken to need from its order to Ready.

    Attributes:
        observations: orders that were measured.
        source: `measured`, the 95th percentile; `prior`, while too few are measured: what the environment says, or the
            longest seen where that is longer.
    """

    seconds: NonNegativeFinite
    observations: int = Field(ge=0)
    source: Literal["measured", "prior"]


class PoolReasoning(_Part):
    """Why a pool has the floor it has; the fields with a default are absent from the plans of earlier releases.

    Attributes:
        level: nominal probability that demand stays under `demand_upper_vcpu`.
        risk_of_shortage: probability that demand within the horizon exceeds the floor.
        sensitivity: what one node more would cost and change.
        unmet: service levels that no size of the pool keeps, one sentence each.
        strategies: whose demand it is, by name.
        elsewhere_vcpu: capacity for the same demand in other pools, less what other demand fills of this one.
        level_reason: what a miss costs, and whose it is.
        horizon_seconds: how far ahead the demand was looked at: the longest lead time of the pools that share it, and
            what a plan should last beyond it.
        signals: names of the outside signals that the forecast looked at.
        vcpu_per_node: of this demand that a node holds, by what it runs out of first.
        gpus_per_vcpu: GPUs that each vCPU of this demand stands for, where it asks for any.
        scheduled_vcpu: what of it is known to be needed within the horizon, by runs that were submitted.
    """

    pool: Slug
    demand_now_vcpu: NonNegativeFinite
    demand_expected_vcpu: NonNegativeFinite
    demand_upper_vcpu: NonNegativeFinite
    level: float = Field(gt=0, lt=1)
    binding: str
    model: str
    score: FiniteFloat | None
    rejected: tuple[RejectedModel, ...]
    degraded: str | None
    alternatives: tuple[Alternative, ...]
    vcpu_per_node: float | None = Field(default=None, gt=0, exclude_if=_unset)
    quantiles: tuple[DemandQuantile, ...] = Field(default=(), exclude_if=_unset)
    coverage: Coverage | None = Field(default=None, exclude_if=_unset)
    risk_of_shortage: float | None = Field(default=None, ge=0, le=1, exclude_if=_unset)
    sensitivity: str | None = Field(default=None, exclude_if=_unset)
    unmet: tuple[str, ...] = Field(default=(), exclude_if=_unset)
    strategies: tuple[Slug, ...] = Field(default=(), exclude_if=_unset)
    elsewhere_vcpu: FiniteFloat | None = Field(default=None, exclude_if=_unset)
    level_reason: str | None = Field(default=None, exclude_if=_unset)
    lead_time: PlannedLeadTime | None = Field(default=None, exclude_if=_unset)
    horizon_seconds: int | None = Field(default=None, gt=0, exclude_if=_unset)
    signals: tuple[str, ...] = Field(default=(), exclude_if=_unset)
    gpus_per_vcpu: float | None = Field(default=None, gt=0, exclude_if=_unset)
    scheduled_vcpu: float | None = Field(default=None, gt=0, exclude_if=_unset)


class Silence(_Part):
    """Demand that is not known, and what is held for it.

    Attributes:
        strategy: whose demand it is.
        source: of the series, which others still tell of; None where nothing is known of the series at all.
        since: end of the last bin that is known; None where none is.
        held: what is held for it, in words that "held" follows.
        usd_per_hour: of what is held.
        retired: the source has been silent for so long that it is taken to have gone.
    """

    strategy: Slug
    series: str
    source: str | None
    since: AwareDatetime | None
    held: str
    usd_per_hour: NonNegativeFinite
    retired: bool = Field(default=False, exclude_if=lambda value: not value)


class Undecided(_Part):
    """A strategy that could not be decided, and what is held for it while the others are.

    Attributes:
        reason: why not, in words that follow a colon.
        held: what is held for it, in words that "held" follows.
        usd_per_hour: of what is held.
    """

    strategy: str
    reason: str
    held: str
    usd_per_hour: NonNegativeFinite


class ChoiceQuality(_Part):
    """How near the sizes are to the least cost at which everything is held.

    Attributes:
        mip_gap: to what cannot be beaten, relative.
        lp_distance: to what fractions of nodes would cost, relative; great where pools are small.
        idle_usd_per_hour: of nodes, or parts of them, that no strategy fills.
    """

    status: Literal["optimal", "within-gap", "node-limit"]
    mip_gap: NonNegativeFinite
    lp_distance: NonNegativeFinite
    idle_usd_per_hour: NonNegativeFinite


class Explanation(_Part):
    """One sentence for a trader, and the figures behind it.

    Attributes:
        expected_violations: the cost rules seen to refuse.
        gave_way: pools and strategies that are not given all, the most important first, one clause each.
        choice: absent from the plans of earlier releases.
        silences: what is not known of demand; absent where all is.
        undecided: strategies that could not be decided; absent where all could.
        way_down: what is left to give up before a lowered limit is kept, and in how many plans; absent where none is.
    """

    sentence: str
    pools: tuple[PoolReasoning, ...]
    expected_violations: tuple[str, ...] = ()
    gave_way: tuple[str, ...] = Field(default=(), exclude_if=_unset)
    choice: ChoiceQuality | None = Field(default=None, exclude_if=_unset)
    silences: tuple[Silence, ...] = Field(default=(), exclude_if=_unset)
    undecided: tuple[Undecided, ...] = Field(default=(), exclude_if=_unset)
    way_down: str | None = Field(default=None, exclude_if=_unset)


class ScalingPlan(Contract):
    """A decision for one stack. Key: `plan_id`, the digest of everything but the id and the signature.

    The same inputs give the same plan, so a duplicate trigger makes no second one.
    """

    plan_id: str = ""
    stack: str
    sequence: int = Field(ge=1)
    created_at: AwareDatetime
    expires_at: AwareDatetime
    sizes: dict[Slug, PoolSize]
    previous: dict[Slug, PoolSize]
    pool_costs: dict[Slug, PoolCost]
    strategy_costs: dict[Slug, StrategyCost]
    usd_per_hour_before: NonNegativeFinite
    usd_per_hour_after: NonNegativeFinite
    urgent: bool = False
    explanation: Explanation
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature covers: the id, which is the digest of the rest."""
        return self.plan_id.encode()

    def content_digest(self) -> str:
        """The id this content must have."""
        return canonical_digest(self.model_dump(mode="json", exclude={"plan_id", "signature"}))

    def identified(self) -> Self:
        """The same plan with its id filled in."""
        return self.model_copy(update={"plan_id": self.content_digest()})

    def document(self) -> PlanDocument:
        """What the capacity program needs of the plan."""
        return PlanDocument(
            stack=self.stack,
            plan_id=self.plan_id,
            sequence=self.sequence,
            sizes=self.sizes,
            previous=self.previous,
            pool_costs=self.pool_costs,
            strategy_costs=self.strategy_costs,
        )


class Violation(_Part):
    """A policy rule that refused."""

    pack: str
    rule: str
    message: str


class StepTiming(_Part):
    """Seconds spent in one step of the transaction."""

    step: str
    seconds: NonNegativeFinite


class ResizeOutcome(Contract):
    """What became of a plan. Key: (stack, plan_id, status). None of the statuses is silent.

    `owed` is what an applied plan could not have written any more, one clause each; the next run writes it.
    """

    stack: str
    plan_id: str
    sequence: int
    status: OutcomeStatus
    reason: str
    finished_at: datetime
    sizes: dict[Slug, PoolSize] = {}
    violations: tuple[Violation, ...] = ()
    drift: tuple[str, ...] = ()
    timings: tuple[StepTiming, ...] = ()
    owed: tuple[str, ...] = Field(default=(), exclude_if=_unset)


class DecisionRequest(Contract):
    """The scheduler's input. Key: (stack, bin end), the bin being the last that ended at `scheduled_time`."""

    stack: str
    scheduled_time: AwareDatetime
