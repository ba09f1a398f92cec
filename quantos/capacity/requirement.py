"""The nodes one pool must have, may have, and why: a pure function of its demand, price and limits."""

import math
from dataclasses import dataclass
from typing import Final

from quantos.allocation.node_needs import Allocatable
from quantos.capacity.latency_requirement import LatencyRequirement, latency_requirement
from quantos.capacity.pool_demand import PoolDemand
from quantos.contracts.plan import PoolSize
from quantos.environment.settings import PoolSettings

_ROUNDING: Final = 1e-9
"""Demand that fills nodes to within this share needs no further node."""


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """A node of a pool: the vCPU that each of its types has, and the price of the dearest.

    `holds` is what the least of them has left for servers.
    """

    vcpu: float
    usd_per_hour: float
    holds: Allocatable


@dataclass(frozen=True, kw_only=True)
class PoolDecision:
    """What was decided for one pool.

    Attributes:
        demand: None for a pool that no strategy runs on.
        limit_nodes: what the environment and the strategies' ceilings allow; the ceiling, unless the floor is above it.
        required_nodes: the floor that was asked for, before the environment's limits.
        reactive_nodes: nodes that demand already measured needs.
        urgent_nodes: nodes that cannot wait: for demand already measured, or for throughput that was stated.
        binding: what set the floor, in words that follow "the floor is set by".
        unmet: service levels that no size of the pool keeps, one sentence each.
    """

    pool: str
    settings: PoolSettings
    price: NodePrice
    demand: PoolDemand | None
    size: PoolSize
    previous: PoolSize
    limit_nodes: int
    required_nodes: int
    reactive_nodes: int
    urgent_nodes: int
    binding: str
    unmet: tuple[str, ...]

    @property
    def floor_usd_per_hour(self) -> float:
        """Price of the floor."""
        return self.size.floor * self.price.usd_per_hour


def nodes_for(demand_vcpu: float, *, vcpu_per_node: float) -> int:
    """Whole nodes that hold a demand."""
    return math.ceil(demand_vcpu / vcpu_per_node - _ROUNDING)


def size_within(floor: int, *, limit_nodes: int) -> PoolSize:
    """A floor, and the limit as ceiling where the floor leaves room; EKS refuses a ceiling of 0."""
    return PoolSize(floor=floor, ceiling=max(limit_nodes, floor, 1))


def decide_pool(
    pool: str,
    settings: PoolSettings,
    *,
    price: NodePrice,
    demand: PoolDemand | None,
    previous: PoolSize,
    bin_seconds: int,
) -> PoolDecision:
    """Size one pool; the rules are those of `planning.make_plan`."""
    latency = (
        None
        if demand is None
        else latency_requirement(demand, vcpu=price.vcpu, node=price.holds, bin_seconds=bin_seconds)
    )
    reasons = _requirements(settings, price=price, demand=demand, previous=previous, latency=latency)
    required, binding = max(reasons, key=lambda reason: reason[0])
    limit, limit_name = _environment_limit(settings, price=price)
    floor = min(required, limit)
    if required > limit:
        binding = f"{limit_name}, which is below the {required} nodes needed"
    ceiling = limit if demand is None else min(limit, _strategies_limit(demand, price=price))
    return PoolDecision(
        pool=pool,
        settings=settings,
        price=price,
        demand=demand,
        size=size_within(floor, limit_nodes=ceiling),
        previous=previous,
        limit_nodes=ceiling,
        required_nodes=required,
        reactive_nodes=0 if demand is None else nodes_for(demand.recent_vcpu, vcpu_per_node=price.vcpu),
        urgent_nodes=0 if demand is None else nodes_for(_urgent_vcpu(demand), vcpu_per_node=price.vcpu),
        binding=binding,
        unmet=() if latency is None else latency.unmet,
    )


def _requirements(
    settings: PoolSettings,
    *,
    price: NodePrice,
    demand: PoolDemand | None,
    previous: PoolSize,
    latency: LatencyRequirement | None,
) -> list[tuple[int, str]]:
    """What asks for how many nodes; of equals the first is named."""
    environment = (settings.floor_nodes, "the environment's floor")
    if demand is None:
        return [environment]
    wanted = [
        (nodes_for(demand.forecast.upper, vcpu_per_node=price.vcpu), "the forecast"),
        (nodes_for(demand.recent_vcpu, vcpu_per_node=price.vcpu), "demand already measured"),
        (
            nodes_for(_stated_vcpu(demand), vcpu_per_node=price.vcpu),
            "the throughput that strategies must always be given",
        ),
    ]
    wanted += [] if latency is None else [(latency.nodes, latency.binding)]
    held = [(previous.floor, "the floor before, held while telemetry is silent")] if demand.stale else []
    return [environment, *wanted, *held] if settings.floor_nodes else [*wanted, environment, *held]


def _stated_vcpu(demand: PoolDemand) -> float:
    return sum(
        part.strategy.service_level.min_throughput_units / part.strategy.units_per_vcpu for part in demand.strategies
    )


def _urgent_vcpu(demand: PoolDemand) -> float:
    return max(demand.recent_vcpu, _stated_vcpu(demand))


def _environment_limit(settings: PoolSettings, *, price: NodePrice) -> tuple[int, str]:
    affordable = math.floor(settings.ceiling_usd_per_hour / price.usd_per_hour + _ROUNDING)
    if affordable < settings.ceiling_nodes:
        return max(affordable, 1), f"the pool's limit of {settings.ceiling_usd_per_hour:.2f} USD/hour"
    return settings.ceiling_nodes, f"the pool's limit of {settings.ceiling_nodes} nodes"


def _strategies_limit(demand: PoolDemand, *, price: NodePrice) -> int:
    ceiling_usd = sum(part.strategy.cost.ceiling_usd_per_hour for part in demand.strategies)
    return math.floor(ceiling_usd / price.usd_per_hour + _ROUNDING)
