"""Everything that a plan depends on, as plain values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quantos.allocation.lead_time import LeadTime
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.demand.undecided import UndecidedStrategy
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.plan import PoolSize, StrategyCost
from quantos.environment.settings.environment import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class PlanningInputs:
    """What a plan is made from.

    Attributes:
        bin_end: end of the decided bin, aware; the plan's time of creation, whenever it is made.
        nodes, lead_times: by pool, for every pool of the environment.
        demands: one for each set of pools that strategies name.
        previous: sizes the stack stands on; a pool not in it stands between the environment's floor and ceiling.
        standing_costs: by strategy, what it filled of them; absent from the records of earlier releases.
        undecided: strategies that no demand is of, though the book states them; likewise.
    """

    settings: EnvironmentSettings
    stack: str
    bin_end: datetime
    nodes: Mapping[str, NodePrice]
    lead_times: Mapping[str, LeadTime]
    demands: tuple[PoolDemand, ...]
    previous: Mapping[str, PoolSize]
    standing_costs: Mapping[str, StrategyCost] = field(default_factory=dict)
    undecided: tuple[UndecidedStrategy, ...] = ()

    def standing(self, pool: str) -> PoolSize:
        """The size that a pool has now."""
        return self.previous.get(pool) or self.settings.pools[pool].declared_size

    def availability(self, pool: str) -> float:
        """The part of a node of a pool that is expected to be there while an interrupted one is replaced."""
        return math.exp(-self.settings.pools[pool].interruptions_per_hour * self.lead_times[pool].seconds / 3600)

    def undecided_costs(self) -> dict[str, StrategyCost]:
        """By strategy that is not decided, what it filled when the stack was last resized, in pools that are left."""
        return {
            strategy.name: standing.model_copy(
                update={
                    "pools": tuple(pool for pool in strategy.pools or standing.pools if pool in self.nodes),
                    "nodes": {pool: count for pool, count in standing.nodes.items() if pool in self.nodes},
                }
            )
            for strategy in self.undecided
            if (standing := self.standing_costs.get(strategy.name)) is not None
        }

    def demands_on(self, pool: str) -> tuple[PoolDemand, ...]:
        """Those whose strategies may run on a pool."""
        return tuple(demand for demand in self.demands if pool in demand.pools)
