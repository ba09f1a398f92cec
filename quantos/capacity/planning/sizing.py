"""From a solved choice to the sizes of pools, whom each pool is for, and what holds it: a pure function."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from quantos.allocation.choice import ChoiceProblem, ChoiceSolution, PoolChoice
from quantos.allocation.constraint_text import reason, shortfall
from quantos.allocation.placement import nodes_filled
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.maxima import maxima
from quantos.capacity.planning.problem_builder import ROUNDING, pool_limit
from quantos.capacity.planning.requirement import FORECAST, StrategyNeed
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.plan import PoolSize

_STANDING_STILL: Final = {
    "floor": "the environment's floor",
    "reactive": "the floor before, held while telemetry is silent",
    "step-down": "the step that one plan may take, on the way down",
    "spare": "a choice that is as cheap as any to within its gap",
}


@dataclass(frozen=True, kw_only=True)
class HeldDemand:
    """A demand that a pool is for.

    Attributes:
        filled_nodes: of the pool, in parts of nodes.
        vcpu_per_node: of the demand that a node of the pool holds, by what it runs out of first.
        gpus_per_vcpu: GPUs that the demand stands for beside each vCPU; 0 where it asks for none.
        elsewhere_vcpu: capacity for it in its other pools, less what other demand fills of this one.
        unmet: service levels that no size keeps, one sentence each.
    """

    demand: PoolDemand
    filled_nodes: float
    vcpu_per_node: float
    gpus_per_vcpu: float
    elsewhere_vcpu: float
    unmet: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its strategies."""
        return tuple(part.strategy.name for part in self.demand.strategies)


@dataclass(frozen=True, kw_only=True)
class SizedPool:
    """What was decided for one pool.

    Attributes:
        holds: the demands it is for, the greatest first; empty where no strategy may run on it or needs it.
        now_nodes: nodes that cannot wait, as `StrategyNeed.now_share` has it.
        binding: what set the floor, in words that follow "the floor is set by".
    """

    pool: str
    node: NodePrice
    size: PoolSize
    previous: PoolSize
    holds: tuple[HeldDemand, ...]
    now_nodes: int
    binding: str

    @property
    def floor_usd_per_hour(self) -> float:
        """Price of the floor."""
        return self.size.floor * self.node.usd_per_hour


def nodes_for(demand_vcpu: float, *, vcpu_per_node: float) -> int:
    """Whole nodes that hold a demand."""
    return math.ceil(demand_vcpu / vcpu_per_node - ROUNDING)


def sized_pools(
    inputs: PlanningInputs, needs: Sequence[StrategyNeed], *, problem: ChoiceProblem, solution: ChoiceSolution
) -> tuple[SizedPool, ...]:
    """Every pool of the environment, by name, at the solution's nodes."""
    most = maxima(inputs, problem=problem, solution=solution)
    books = _Books(inputs, needs, problem, solution=solution, unreplaced=most.unreplaced)
    return tuple(
        SizedPool(
            pool=choice.pool,
            node=inputs.nodes[choice.pool],
            size=PoolSize(floor=choice.nodes, ceiling=most.nodes[choice.pool]),
            previous=inputs.standing(choice.pool),
            holds=tuple(books.holds(choice.pool)),
            now_nodes=math.ceil(books.now_nodes(choice.pool) - ROUNDING),
            binding=books.binding(choice),
        )
        for choice in solution.pools
    )


class _Books:
    """What every strategy and demand fills of every pool, in nodes."""

    def __init__(
        self,
        inputs: PlanningInputs,
        needs: Sequence[StrategyNeed],
        problem: ChoiceProblem,
        *,
        solution: ChoiceSolution,
        unreplaced: Mapping[str, str],
    ) -> None:
        self.inputs = inputs
        self.unreplaced = unreplaced
        self.solution = solution
        self.needs = {need.strategy.name: need for need in needs}
        self.nodes = solution.nodes()
        demands = {demand.name: demand for demand in problem.demands}
        pools = {pool.name: pool for pool in problem.pools}
        self.filled: dict[str, dict[str, float]] = {name: {} for name in pools}
        for part in solution.assignments:
            whole = nodes_filled(demands[part.demand], pools[part.pool])
            self.filled[part.pool][part.demand] = part.share * whole

    def holds(self, pool: str) -> Iterator[HeldDemand]:
        """The demands that fill some of a pool; of those that fill nothing anywhere, the ones it comes first for."""
        fills = [(self._filled_by(demand, pool), demand) for demand in self.inputs.demands_on(pool)]
        for filled, demand in sorted(fills, key=lambda item: (-item[0], item[1].pools)):
            idle = not any(self._filled_by(demand, other) for other in demand.pools) and self._first(demand) == pool
            if filled > 0 or idle:
                names = [part.strategy.name for part in demand.strategies]
                yield HeldDemand(
                    demand=demand,
                    filled_nodes=filled,
                    vcpu_per_node=self._vcpu_per_node(demand, pool) or self.inputs.nodes[pool].vcpu,
                    gpus_per_vcpu=self._gpus_per_vcpu(demand),
                    elsewhere_vcpu=self._elsewhere_vcpu(demand, pool),
                    unmet=tuple(sentence for name in names for sentence in self._unmet(name)),
                )

    def _unmet(self, strategy: str) -> Iterator[str]:
        yield from self.needs[strategy].unmet
        if strategy in self.unreplaced:
            yield self.unreplaced[strategy]

    def now_nodes(self, pool: str) -> float:
        """Nodes that the strategies placed here need at once."""
        return sum(nodes * min(self.needs[name].now_share, 1.0) for name, nodes in self.filled[pool].items())

    def binding(self, choice: PoolChoice) -> str:
        """What sets the floor of a pool."""
        if short := self._short(choice.pool):
            return short
        if choice.driver == "none":
            return self._emptied_by(choice.pool)
        if choice.driver in _STANDING_STILL:
            return _STANDING_STILL[choice.driver]
        filled = self.filled[choice.pool]
        greatest = min(filled, key=lambda name: (-filled[name], name))
        resource = "" if choice.driver == "vcpu" else f", by {choice.driver}"
        return f"{self.needs[greatest].binding}{resource}"

    def _short(self, pool: str) -> str:
        """What keeps the most important strategy that gave way from being given all; empty where none did."""
        for item in self.solution.gave_way:
            if pool in self.needs[item.demand].pools:
                limit = pool_limit(self.inputs.settings.pools[pool], node=self.inputs.nodes[pool])
                words = limit.words if item.bound_by[0] == "pool-maximum" else reason(item.bound_by[0])
                return f"{words}, which leaves {item.demand} {shortfall(item)} short"
        return ""

    def _emptied_by(self, pool: str) -> str:
        demands = self.inputs.demands_on(pool)
        if any(self._filled_by(demand, other) for demand in demands for other in demand.pools):
            return "its price, since other pools hold its strategies for less"
        return FORECAST if demands else _STANDING_STILL["floor"]

    def _filled_by(self, demand: PoolDemand, pool: str) -> float:
        return sum(self.filled[pool].get(part.strategy.name, 0.0) for part in demand.strategies)

    def _first(self, demand: PoolDemand) -> str:
        """The first of its pools that holds any of a demand."""
        return next((pool for pool in demand.pools if self._vcpu_per_node(demand, pool) > 0), demand.pools[0])

    def _vcpu_per_node(self, demand: PoolDemand, pool: str) -> float:
        """Of a demand that a node holds: of its strategies in proportion to their needs, of those that it holds."""
        node = self.inputs.nodes[pool]
        held = {part.strategy.name: node.vcpu_for(part.strategy) for part in demand.strategies}
        needed = {name: self.needs[name].need.vcpu for name, vcpu in held.items() if vcpu > 0}
        filled = sum(vcpu / held[name] for name, vcpu in needed.items())
        return sum(needed.values()) / filled if filled > 0 else min((held[name] for name in needed), default=0.0)

    def _gpus_per_vcpu(self, demand: PoolDemand) -> float:
        needs = [self.needs[part.strategy.name].need for part in demand.strategies]
        vcpu = sum(need.vcpu for need in needs)
        if vcpu > 0:
            return sum(need.gpus for need in needs) / vcpu
        return max(part.strategy.gpus_per_vcpu for part in demand.strategies)

    def _elsewhere_vcpu(self, demand: PoolDemand, pool: str) -> float:
        rest = {name: sum(self.filled[name].values()) - self._filled_by(demand, name) for name in demand.pools}
        vcpu = {name: self._vcpu_per_node(demand, name) for name in demand.pools}
        others = sum(max(self.nodes[name] - rest[name], 0.0) * vcpu[name] for name in demand.pools if name != pool)
        return others - rest[pool] * vcpu[pool]
