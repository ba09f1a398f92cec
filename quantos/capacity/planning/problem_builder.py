"""The choice that needs, nodes and limits make: which pools hold what, as a problem for `allocation`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from quantos.allocation.choice import ChoiceDemand, ChoiceLimits, ChoicePool, ChoiceProblem
from quantos.allocation.step_limits import within_reach
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.requirement import StrategyNeed, strategy_needs
from quantos.capacity.planning.standing import held_floors, with_held
from quantos.capacity.pools.node_prices import NodePrice
from quantos.environment.settings.pools import PoolSettings

ROUNDING: Final = 1e-9
CEILING_MARGIN: Final = 1e-4
"""Kept below a strategy's ceiling, relative: more than the solver's tolerance, so that the cost rules agree."""


MOST_NEEDED: Final = 100.0
"""A need of more than so many times what its pools may hold is planned as that: the solver's arithmetic has an end."""


@dataclass(frozen=True, kw_only=True)
class PoolLimit:
    """The most nodes that the environment lets a pool have, and why, in words that follow "bound by"."""

    nodes: int
    words: str


def all_needs(inputs: PlanningInputs) -> tuple[StrategyNeed, ...]:
    """What every strategy must be given, or as much of it as can be reckoned with."""
    bin_seconds = inputs.settings.decisions.bin_seconds
    availability = {pool: inputs.availability(pool) for pool in inputs.settings.pools}
    return tuple(
        _reckoned(with_held(need, part, inputs), inputs)
        for demand in inputs.demands
        for part, need in zip(
            demand.strategies,
            strategy_needs(demand, nodes=inputs.nodes, bin_seconds=bin_seconds, availability=availability),
            strict=True,
        )
    )


def choice_problem(inputs: PlanningInputs, needs: Sequence[StrategyNeed]) -> ChoiceProblem:
    """The problem whose solution sizes the pools.

    A pool is held to the environment's floor, and to the part of the floor it stands on that is of strategies whose
    demand is unknown. A strategy is held to its ceiling, but never below the throughput that it states: a ceiling that
    does not pay for it is a contradiction which the cost rules refuse.
    """
    limits, held = inputs.settings.limits, held_floors(inputs)
    return within_reach(
        ChoiceProblem(
            pools=tuple(_pool(inputs, name, held_nodes=held.floor(name)) for name in sorted(inputs.settings.pools)),
            demands=tuple(_demand(need, inputs=inputs) for need in needs),
            limits=ChoiceLimits(
                budget_usd_per_hour=limits.ceiling_usd_per_hour,
                max_nodes=limits.max_nodes,
                max_step_up_nodes=limits.max_step_up_nodes,
                max_step_down_nodes=limits.max_step_down_nodes,
            ),
        )
    )


def pool_limit(settings: PoolSettings, *, node: NodePrice) -> PoolLimit:
    """By count, or by what the pool may cost: whichever is less."""
    affordable = math.floor(settings.ceiling_usd_per_hour / node.usd_per_hour + ROUNDING)
    if affordable < settings.ceiling_nodes:
        words = f"the pool's limit of {settings.ceiling_usd_per_hour:.2f} USD/hour"
        return PoolLimit(nodes=max(affordable, 1), words=words)
    return PoolLimit(nodes=settings.ceiling_nodes, words=f"the pool's limit of {settings.ceiling_nodes} nodes")


def _pool(inputs: PlanningInputs, name: str, *, held_nodes: int) -> ChoicePool:
    settings, node = inputs.settings.pools[name], inputs.nodes[name]
    return ChoicePool(
        name=name,
        node=node.node,
        usd_per_node_hour=node.usd_per_hour,
        capacity_type=settings.capacity_type,
        zones=settings.zones or tuple(zone.name for zone in inputs.settings.network.zones),
        max_nodes=pool_limit(settings, node=node).nodes,
        floor_nodes=settings.floor_nodes,
        reactive_nodes=held_nodes,
        previous_nodes=inputs.standing(name).floor,
        interruptions_per_hour=settings.interruptions_per_hour,
        replacement_hours=inputs.lead_times[name].seconds / 3600,
    )


def _demand(need: StrategyNeed, *, inputs: PlanningInputs) -> ChoiceDemand:
    strategy, placement = need.strategy, need.strategy.placement
    spot = any(inputs.nodes[pool].spot for pool in need.pools)
    return ChoiceDemand(
        name=strategy.name,
        need=need.need,
        pools=need.pools,
        priority=strategy.priority,
        miss_usd_per_vcpu_hour=strategy.miss_usd_per_vcpu_hour,
        ceiling_usd_per_hour=_ceiling_usd_per_hour(need, inputs.nodes),
        min_spot_share=placement.min_spot_share if spot else 0.0,
        max_spot_share=placement.max_spot_share,
        max_pool_share=placement.max_pool_share,
        max_zone_share=placement.max_zone_share,
        interruptible_share=placement.interruptible_share,
        packing=need.packing,
        zones=placement.zones,
        preferred_zones=placement.preferred_zones,
        remote_usd_per_vcpu_hour=placement.remote_usd_per_vcpu_hour,
    )


def _reckoned(need: StrategyNeed, inputs: PlanningInputs) -> StrategyNeed:
    pools = inputs.settings.pools
    held_vcpu = sum(
        pool_limit(pools[pool], node=inputs.nodes[pool]).nodes * inputs.nodes[pool].vcpu_for(need.strategy)
        for pool in need.pools
    )
    part = MOST_NEEDED * held_vcpu / need.need.vcpu if need.need.vcpu > 0 and need.pools else 1.0
    if part >= 1:
        return need
    words = f"{need.strategy.name}: {need.need.vcpu:.3g} vCPU are more than {MOST_NEEDED:g} times what its pools hold"
    return replace(need, need=need.need.scaled(part), unmet=(*need.unmet, words))


def _ceiling_usd_per_hour(need: StrategyNeed, nodes: Mapping[str, NodePrice]) -> float:
    """What the strategy may cost, or what its stated throughput costs on its dearest pool where that is more."""
    strategy = need.strategy
    per_vcpu = max((_usd_per_vcpu_hour(need, pool, nodes[pool]) for pool in need.pools), default=0.0)
    stated = strategy.stated_vcpu * per_vcpu
    return max(strategy.cost.ceiling_usd_per_hour * (1 - CEILING_MARGIN), stated * (1 + CEILING_MARGIN))


def _usd_per_vcpu_hour(need: StrategyNeed, pool: str, node: NodePrice) -> float:
    """What a vCPU of the need costs on a pool, packed as it is there."""
    if need.strategy.counted_pod is not None:
        return node.usd_per_hour / node.vcpu_for(need.strategy)
    return node.usd_per_vcpu_hour * need.packing.get(pool, 1.0)
