"""What of the floors that stand is held for strategies of whose demand nothing is known: a pure function.

Whose part of a floor is whose, the document that the stack stands on says. What strategies fill whose demand is known,
or filled that have left the book or the pool since, is nobody's to hold; all the rest is.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from quantos.capacity.inputs import PlanningInputs
from quantos.capacity.pool_demand import StrategyDemand
from quantos.capacity.requirement import StrategyNeed, resources_for

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
    silent = {part.strategy.name: part for demand in inputs.demands for part in demand.strategies if part.stale}
    whole = HeldFloors({pool: dict(_parts(inputs, pool, silent=silent)) for pool in inputs.settings.pools})
    allowed = {name: _allowed(inputs, part, nodes=whole.of(name)) for name, part in silent.items()}
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
    if not part.stale or known is None:
        return need
    nodes = {pool: count for pool, count in known.nodes.items() if pool in inputs.nodes}
    vcpu = _allowed(inputs, part, nodes=nodes) * sum(
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


def _parts(inputs: PlanningInputs, pool: str, *, silent: Mapping[str, StrategyDemand]) -> Iterator[tuple[str, float]]:
    """Nodes of a pool that are held for each silent strategy which may run there."""
    here = {name: part for name, part in sorted(silent.items()) if pool in part.strategy.pools}
    known = {name: cost.nodes.get(pool, 0.0) for name, cost in inputs.standing_costs.items()}
    held = inputs.standing(pool).floor - sum(count for name, count in known.items() if name not in here)
    weights = {name: known.get(name, 0.0) for name in here}
    if sum(weights.values()) <= 0:
        weights = {name: part.weight_vcpu for name, part in here.items()}
    if sum(weights.values()) <= 0:
        weights = dict.fromkeys(here, 1.0)
    for name, weight in weights.items():
        if weight > 0 and held > 0:
            yield name, held * weight / sum(weights.values())


def _allowed(inputs: PlanningInputs, part: StrategyDemand, *, nodes: Mapping[str, float]) -> float:
    """The part of what is held for a strategy that its ceiling allows, 0 to 1; all where it was not lowered."""
    known, ceiling_usd = inputs.standing_costs.get(part.strategy.name), part.strategy.cost.ceiling_usd_per_hour
    usd = sum(count * inputs.nodes[pool].usd_per_hour for pool, count in nodes.items())
    if known is None or ceiling_usd >= known.ceiling_usd_per_hour or usd <= ceiling_usd:
        return 1.0
    return ceiling_usd / usd


def _held_vcpu(inputs: PlanningInputs, pool: str, need: StrategyNeed) -> float:
    """What a node of a pool counts for, interruptions allowed for, vCPU of a need."""
    packing = 1.0 if need.strategy.counted_pod else need.packing.get(pool, 1.0)
    return inputs.nodes[pool].vcpu_for(need.strategy) * inputs.availability(pool) / packing
