"""Which pools hold which demands at least cost: the problem and its solution, as plain values.

Shares are of a demand's need, in [0, 1]; money is USD/hour; a greater priority goes first. Pools and demands are kept
sorted by name, so that the order in which they are given changes nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from quantos.catalog.catalog import CapacityType
from quantos.errors import ChoiceError

Constraint = Literal[
    "budget", "max-nodes", "step-up", "step-down", "pool-maximum", "ceiling", "spot-share", "diversification",
    "interruption", "locality", "eligibility", "whole-nodes",
]  # fmt: skip
Driver = Literal["vcpu", "memory", "network", "gpu", "floor", "reactive", "step-down", "spare", "none"]
Status = Literal["optimal", "within-gap", "node-limit"]

DECIMALS: Final = 6
SHARE_DECIMALS: Final = 9
"""Fixed point of money and of shares in a solution, so that its JSON is the same wherever it is written."""
SHARE_TOLERANCE: Final = 1e-5
"""Shares that differ by less are equal: the solver's tolerance and the fixed point, with room."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a node holds or a demand needs."""

    vcpu: float
    memory_gib: float = 0.0
    network_mbps: float = 0.0
    gpus: float = 0.0

    def amounts(self) -> tuple[float, float, float, float]:
        """In the order of `RESOURCES`."""
        return (self.vcpu, self.memory_gib, self.network_mbps, self.gpus)

    def scaled(self, part: float) -> "Resources":
        """So much of all of them."""
        return Resources(
            vcpu=part * self.vcpu,
            memory_gib=part * self.memory_gib,
            network_mbps=part * self.network_mbps,
            gpus=part * self.gpus,
        )


RESOURCES: Final[tuple[Driver, ...]] = ("vcpu", "memory", "network", "gpu")


@dataclass(frozen=True, kw_only=True)
class ChoicePool:
    """A pool whose nodes are to be counted.

    Attributes:
        zones: where its nodes stand, spread evenly; not empty.
        max_nodes: the most it may have, by count and by its own ceiling in money.
        floor_nodes: the environment's floor. `reactive_nodes`: what demand already measured needs. The greater of
            both is the pool's floor, and gives way to nothing but the limits of `ChoiceLimits` and `max_nodes`.
        interruptions_per_hour: expected, of one node; 0 on demand.
        replacement_hours: how long an interrupted node is missed: the pool's lead time. A spot node counts for
            exp(-interruptions_per_hour * replacement_hours) of itself, its expected part that is there.
        group: of the pools of one group only one may have nodes; None where the pool is in none.
    """

    name: str
    node: Resources
    usd_per_node_hour: float
    capacity_type: CapacityType
    zones: tuple[str, ...]
    max_nodes: int
    floor_nodes: int = 0
    reactive_nodes: int = 0
    previous_nodes: int = 0
    interruptions_per_hour: float = 0.0
    replacement_hours: float = 0.0
    group: str | None = None

    @property
    def least_nodes(self) -> int:
        """The floor the pool is held to."""
        return max(self.floor_nodes, self.reactive_nodes)

    @property
    def spot(self) -> bool:
        """Whether the cloud may take its nodes back."""
        return self.capacity_type == "SPOT"

    @property
    def availability(self) -> float:
        """The part of a node's capacity that is expected to be there."""
        return math.exp(-self.interruptions_per_hour * self.replacement_hours)


@dataclass(frozen=True, kw_only=True)
class ChoiceDemand:
    """What a strategy, or a group of strategies that are treated alike, must be given.

    Attributes:
        need: at the decided quantile, all resources together; a share of it takes that share of each.
        pools: where it may run.
        miss_usd_per_vcpu_hour: weighs it against demands of the same priority when not all can be held.
        ceiling_usd_per_hour: the most that the nodes it fills may cost; None where nothing is stated.
        min_spot_share: the least share of what it is given that must be spot (batch work).
        max_spot_share: the greatest share of its need that may be spot.
        max_pool_share, max_zone_share: the greatest share of its need in one pool, in one zone.
        interruptible_share: what it can lose at once; no single spot pool may hold more of its need.
        packing: by pool, the nodes it takes there over those that its resources alone would fill, since servers do
            not come in parts; at least 1, and 1 where absent.
        zones: allowed ones; empty allows all. A pool is allowed when all its zones are.
        preferred_zones: empty prefers none; outside them `remote_usd_per_vcpu_hour` is added to the cost.
    """

    name: str
    need: Resources
    pools: tuple[str, ...]
    priority: int
    miss_usd_per_vcpu_hour: float
    ceiling_usd_per_hour: float | None = None
    min_spot_share: float = 0.0
    max_spot_share: float = 1.0
    max_pool_share: float = 1.0
    max_zone_share: float = 1.0
    interruptible_share: float = 1.0
    packing: Mapping[str, float] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    preferred_zones: tuple[str, ...] = ()
    remote_usd_per_vcpu_hour: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ChoiceLimits:
    """What the environment allows all pools together.

    Attributes:
        max_step_up_nodes, max_step_down_nodes: nodes added to or given up from `previous_nodes`, summed over pools;
            None does not limit.
    """

    budget_usd_per_hour: float
    max_nodes: int
    max_step_up_nodes: int | None = None
    max_step_down_nodes: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChoiceProblem:
    """Pools to be sized for demands within limits. Raises ChoiceError for what cannot be a problem."""

    pools: tuple[ChoicePool, ...]
    demands: tuple[ChoiceDemand, ...]
    limits: ChoiceLimits

    def __post_init__(self) -> None:
        object.__setattr__(self, "pools", _named_once(self.pools, what="pool"))
        object.__setattr__(self, "demands", _named_once(self.demands, what="demand"))
        complaints = [*_wrong_pools(self.pools), *_wrong_demands(self.demands, self.pools), *_wrong_limits(self.limits)]
        if complaints:
            raise ChoiceError("; ".join(complaints), remedy="correct the pools, strategies or limits it is made from")


@dataclass(frozen=True, kw_only=True)
class PoolChoice:
    """Nodes of one pool, and what asks for the last of them.

    Attributes:
        used_share: of the pool's expected capacity, in its scarcest resource; 0 without nodes.
        driver: the resource that one node fewer would not hold; else the environment's floor, the reactive floor, or
            the step that holds nodes back; `spare` where nothing needs the last node, which a gap allows; `none`
            without nodes.
    """

    pool: str
    nodes: int
    usd_per_hour: float
    used_share: float
    driver: Driver


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """The share of a demand that a pool holds, and the cost of the nodes it fills there."""

    demand: str
    pool: str
    share: float
    usd_per_hour: float


@dataclass(frozen=True, kw_only=True)
class Concession:
    """A demand that is not given all it needs.

    Attributes:
        shortfall_share: of its need. `shortfall_vcpu`, `shortfall_gpus`: the same in vCPU and in GPUs.
        bound_by: what kept more from it, over the pools it may run on.
    """

    demand: str
    priority: int
    shortfall_share: float
    shortfall_vcpu: float
    bound_by: tuple[Constraint, ...]
    shortfall_gpus: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FloorConcession:
    """A pool that is held below its floor."""

    pool: str
    missing_nodes: int
    bound_by: tuple[Constraint, ...]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """A limit that leaves no room for one node more, or no more share; `subject` is a pool, a demand, or empty."""

    constraint: Constraint
    subject: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchEnd:
    """How the search ended.

    Attributes:
        cut_off: whether any search met the limit of branches.
        bound_usd_per_hour: no choice with these shortfalls costs less; what `mip_gap` is measured against.
        lp_bound_usd_per_hour: what fractions of nodes would cost at least, given the shortfalls.
        shortfall_gap: the greatest gap to its bound, relative, that a priority level's shortfall was left with.
        solves: searches and linear programmes it took.
    """

    cut_off: bool
    bound_usd_per_hour: float
    lp_bound_usd_per_hour: float
    shortfall_gap: float
    solves: int


@dataclass(frozen=True, kw_only=True)
class ChoiceSolution:
    """Nodes of every pool, and what they are for. Figures are rounded to `DECIMALS`, shares to
    `SHARE_DECIMALS`; all parts are sorted by name.

    Attributes:
        status: `optimal` without a gap, `within-gap` of the bound, `node-limit` where the search was cut off.
        usd_per_hour: of all nodes. `objective_usd_per_hour`: with the cost of distance, which is what was minimised.
        idle_usd_per_hour: of nodes, or parts of them, that no demand fills: rounding, floors, and what steps hold.
        mip_gap: (objective - bound) / objective.
        lp_distance: the same to the LP bound; small pools are lumpy, so it may be great while the choice is
            optimal.
        gave_way: demands, the most important first, that are not given all they need.
    """

    status: Status
    pools: tuple[PoolChoice, ...]
    assignments: tuple[Assignment, ...]
    usd_per_hour: float
    objective_usd_per_hour: float
    idle_usd_per_hour: float
    mip_gap: float
    lp_distance: float
    gave_way: tuple[Concession, ...]
    floors_gave_way: tuple[FloorConcession, ...]
    binding: tuple[Binding, ...]
    ended: SearchEnd

    def nodes(self) -> dict[str, int]:
        """Nodes by pool."""
        return {choice.pool: choice.nodes for choice in self.pools}

    def demand_usd_per_hour(self) -> dict[str, float]:
        """Cost by demand of the nodes it fills; a demand without any is absent."""
        costs: dict[str, float] = {}
        for part in self.assignments:
            costs[part.demand] = round(costs.get(part.demand, 0.0) + part.usd_per_hour, DECIMALS)
        return costs


Named = TypeVar("Named", ChoicePool, ChoiceDemand)


def _named_once(items: Iterable[Named], *, what: str) -> tuple[Named, ...]:
    ordered = tuple(sorted(items, key=lambda item: item.name))
    names = [item.name for item in ordered]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ChoiceError(f"{what} {', '.join(repeated)} is given twice", remedy=f"give every {what} its own name")
    return ordered


def _wrong_pools(pools: Sequence[ChoicePool]) -> Iterable[str]:
    for pool in pools:
        if not (math.isfinite(pool.usd_per_node_hour) and pool.usd_per_node_hour > 0):
            yield f"pool {pool.name} has the price {pool.usd_per_node_hour}, which is not positive"
        if not _amounts_hold(pool.node) or pool.node.vcpu <= 0:
            yield f"a node of pool {pool.name} holds {pool.node}"
        counts = (pool.max_nodes, pool.floor_nodes, pool.reactive_nodes, pool.previous_nodes)
        risks = (pool.interruptions_per_hour, pool.replacement_hours)
        if min(counts) < 0 or not all(0 <= risk < math.inf for risk in risks):
            yield f"pool {pool.name} counts something below zero"
        if not pool.zones:
            yield f"pool {pool.name} stands in no zone"


def _wrong_demands(demands: Sequence[ChoiceDemand], pools: Sequence[ChoicePool]) -> Iterable[str]:
    known = {pool.name for pool in pools}
    for demand in demands:
        if unknown := sorted(set(demand.pools) - known):
            yield f"demand {demand.name} names pools that are not there: {', '.join(unknown)}"
        if not _amounts_hold(demand.need) or (demand.need.vcpu == 0 and any(demand.need.amounts())):
            yield f"demand {demand.name} needs {demand.need}; which must be finite, with vCPU where anything"
        if not all(1 <= nodes < math.inf for nodes in demand.packing.values()):
            yield f"demand {demand.name} is packed into less than its resources fill"
        if not (math.isfinite(demand.miss_usd_per_vcpu_hour) and demand.miss_usd_per_vcpu_hour > 0):
            yield f"demand {demand.name} has no positive cost of a miss"
        shares = (
            demand.min_spot_share, demand.max_spot_share, demand.max_pool_share, demand.max_zone_share,
            demand.interruptible_share,
        )  # fmt: skip
        if not all(0 <= share <= 1 for share in shares):
            yield f"demand {demand.name} has shares outside 0 to 1"
        ceiling = 0.0 if demand.ceiling_usd_per_hour is None else demand.ceiling_usd_per_hour
        if not (0 <= ceiling < math.inf and 0 <= demand.remote_usd_per_vcpu_hour < math.inf):
            yield f"demand {demand.name} has a negative or unknown amount of money"


def _wrong_limits(limits: ChoiceLimits) -> Iterable[str]:
    counts = (limits.max_nodes, limits.max_step_up_nodes or 0, limits.max_step_down_nodes or 0)
    if not 0 <= limits.budget_usd_per_hour < math.inf or min(counts) < 0:
        yield f"limits are negative or unknown: {limits}"


def _amounts_hold(amounts: Resources) -> bool:
    return all(math.isfinite(amount) and amount >= 0 for amount in amounts.amounts())
