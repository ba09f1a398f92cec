"""What of the floors that stand is held for strategies of whose demand nothing is known, or that are not decided.

Whose part of a floor is whose, the document that the stack stands on says. What strategies fill whose demand is known,
or filled that have left the book or the pool since, is nobody's to hold; all the rest is.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from quantos.capacity.demand.pool_demand import StrategyDemand
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.requirement import StrategyNeed, resources_for

HELD: Final = "what stands for it, held while its demand is unknown"
_ROUNDING: Final = 1e-5
"""More than a document rounds nodes by."""


@dataclass(frozen=True)
class HeldFloors:
    """By pool the nodes, parts included, that are held for each strategy: `nodes[pool][strategy]`."""

    nodes: Mapping[str, Mapping[str, float]]

    def floor(self, pool: str) -> int:
        """Whole nodes that a pool may not fall below."""
        return math.ceil(sum(self.nodes[pool].values()) - _ROUNDING) if pool in self.nodes else 0

    def of(self, strategy: str) -> dict[str, float]:
        """Nodes that are held for a strategy, by pool."""
        return {pool: parts[strategy] for pool, parts in self.nodes.items() if strategy in parts}


def held_floors(inputs: PlanningInputs) -> HeldFloors:
    """What is held of the floor of every pool.

    A strategy whose ceiling was lowered since is held to it, in all its pools alike.
    """
    holders = _holders(inputs)
    whole = HeldFloors({pool: dict(_parts(inputs, pool, holders=holders)) for pool in inputs.settings.pools})
    allowed = {name: _allowed(inputs, holder, nodes=whole.of(name)) for name, holder in holders.items()}
    return HeldFloors(
        {
            pool: {name: count * allowed[name] for name, count in parts.items()}
            for pool, parts in whole.nodes.items()
            if parts
        }
    )


def with_held(need: StrategyNeed, part: StrategyDemand, inputs: PlanningInputs) -> StrategyNeed:
    """The need of a strategy; while its demand is unknown, no less than what it filled when the stack was last resized.

    What it filled in pools that it no longer may run on is held in those it may.
    """
    known = inputs.standing_costs.get(need.strategy.name)
    if not part.silent or known is None:
        return need
    nodes = {pool: count for pool, count in known.nodes.items() if pool in inputs.nodes}
    vcpu = _allowed(inputs, _holder(part), nodes=nodes) * sum(
        count * _held_vcpu(inputs, pool, need) for pool, count in nodes.items()
    )
    if vcpu <= need.need.vcpu:
        return need
    times = vcpu / need.need.vcpu if need.need.vcpu > 0 else math.inf
    return replace(
        need,
        need=resources_for(need.strategy, vcpu) if math.isinf(times) else need.need.scaled(times),
        now_share=need.now_share / times,
        binding=HELD,
    )


@dataclass(frozen=True, kw_only=True)
class _Holder:
    """A strategy for which is held; `ceiling_usd_per_hour` is None where it is not told."""

    name: str
    pools: tuple[str, ...]
    weight_vcpu: float
    ceiling_usd_per_hour: float | None


def _holders(inputs: PlanningInputs) -> dict[str, _Holder]:
    """By name. One that is not decided, and whose pools are not told, may run on those it filled, else on all."""
    silent = {
        part.strategy.name: _holder(part) for demand in inputs.demands for part in demand.strategies if part.silent
    }
    for strategy in inputs.undecided:
        standing = inputs.standing_costs.get(strategy.name)
        filled = () if standing is None else tuple(standing.nodes)
        silent[strategy.name] = _Holder(
            name=strategy.name,
            pools=strategy.pools or filled or tuple(inputs.settings.pools),
            weight_vcpu=0.0,
            ceiling_usd_per_hour=strategy.ceiling_usd_per_hour,
        )
    return silent


def _holder(part: StrategyDemand) -> _Holder:
    strategy = part.strategy
    return _Holder(
        name=strategy.name,
        pools=strategy.pools,
        weight_vcpu=part.weight_vcpu,
        ceiling_usd_per_hour=strategy.cost.ceiling_usd_per_hour,
    )


def _parts(inputs: PlanningInputs, pool: str, *, holders: Mapping[str, _Holder]) -> Iterator[tuple[str, float]]:
    """Nodes of a pool that are held for each strategy which may run there."""
    here = {name: holder for name, holder in sorted(holders.items()) if pool in holder.pools}
    known = {name: cost.nodes.get(pool, 0.0) for name, cost in inputs.standing_costs.items()}
    held = inputs.standing(pool).floor - sum(count for name, count in known.items() if name not in here)
    weights = {name: known.get(name, 0.0) for name in here}
    if sum(weights.values()) <= 0:
        weights = {name: holder.weight_vcpu for name, holder in here.items()}
    if sum(weights.values()) <= 0:
        weights = dict.fromkeys(here, 1.0)
    for name, weight in weights.items():
        if weight > 0 and held > 0:
            yield name, held * weight / sum(weights.values())


def _allowed(inputs: PlanningInputs, holder: _Holder, *, nodes: Mapping[str, float]) -> float:
    """The part of what is held for a strategy that its ceiling allows, 0 to 1; all where it was not lowered."""
    known, ceiling_usd = inputs.standing_costs.get(holder.name), holder.ceiling_usd_per_hour
    usd = sum(count * inputs.nodes[pool].usd_per_hour for pool, count in nodes.items())
    if known is None or ceiling_usd is None or ceiling_usd >= known.ceiling_usd_per_hour or usd <= ceiling_usd:
        return 1.0
    return ceiling_usd / usd


def _held_vcpu(inputs: PlanningInputs, pool: str, need: StrategyNeed) -> float:
    """What a node of a pool counts for, interruptions allowed for, vCPU of a need."""
    packing = 1.0 if need.strategy.counted_pod else need.packing.get(pool, 1.0)
    return inputs.nodes[pool].vcpu_for(need.strategy) * inputs.availability(pool) / packing
