"""How far each pool may grow: as environment, pools and the ceilings of the strategies that share them allow."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quantos.allocation.accounting import Books
from quantos.allocation.attribution import Attribution, Payer
from quantos.allocation.choice import SHARE_TOLERANCE, ChoiceDemand, ChoiceProblem, ChoiceSolution
from quantos.allocation.placement import filled_usd_per_hour, fits, nodes_filled, share_cap
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.problem_builder import ROUNDING, pool_limit
from quantos.contracts.plan import LEAST_CEILING


@dataclass(frozen=True, kw_only=True)
class Maxima:
    """The most nodes of each pool.

    Attributes:
        nodes: by pool, no less than its floor, nor than one.
        unreplaced: by strategy, what of its spot nodes could not be replaced on demand, one sentence each.
    """

    nodes: Mapping[str, int]
    unreplaced: Mapping[str, str]


def maxima(inputs: PlanningInputs, *, problem: ChoiceProblem, solution: ChoiceSolution) -> Maxima:
    """The room above the floors, given to on-demand pools for what a loss of spot would bring them first, then to all.

    Whatever a pool may cost above its floor, or above the one node that it must be allowed, is paid for by strategies
    that may run on it: all maxima together can be attributed to strategies, none beyond its ceiling. A pool that no
    strategy names has no such bound. What is asked for and cannot all be had is cut for all pools alike.
    """
    nodes = solution.nodes()
    growth = _Growth(inputs, {pool: max(count, LEAST_CEILING) for pool, count in nodes.items()})
    limits = {pool: pool_limit(inputs.settings.pools[pool], node=inputs.nodes[pool]).nodes for pool in nodes}
    loss = _spot_loss(problem, solution)
    growth.grow({pool: min(limits[pool], count) for pool, count in loss.nodes.items()})
    unreplaced = {
        name: f"{name}: if its spot nodes are lost, {pool} may grow to {growth.sizes[pool]} nodes, and "
        f"holding what runs there then takes {count}"
        for pool, count in loss.nodes.items()
        if count > growth.sizes[pool]
        for name in loss.movers[pool]
    }
    growth.grow(limits)
    return Maxima(nodes=growth.sizes, unreplaced=unreplaced)


class _Growth:
    """Sizes of pools that grow node by node while environment and strategies pay for it."""

    def __init__(self, inputs: PlanningInputs, least: Mapping[str, int]) -> None:
        self.sizes = dict(least)
        self._usd = {pool: inputs.nodes[pool].usd_per_hour for pool in least}
        limits = inputs.settings.limits
        self._usd_left = limits.ceiling_usd_per_hour - sum(self._usd[pool] * count for pool, count in least.items())
        self._nodes_left = limits.max_nodes - sum(least.values())
        self._payers = Attribution(
            (
                *(
                    Payer(part.strategy.pools, part.strategy.cost.ceiling_usd_per_hour)
                    for demand in inputs.demands
                    for part in demand.strategies
                ),
                *(Payer(cost.pools, cost.ceiling_usd_per_hour) for cost in inputs.undecided_costs().values()),
            )
        )
        for pool, count in least.items():
            self._payers.charge(pool, count * self._usd[pool])

    def grow(self, wanted: Mapping[str, int]) -> None:
        """Add nodes up to what is wanted, always to the pool that has the least part of it yet."""
        start = dict(self.sizes)
        growing = {pool for pool, count in wanted.items() if count > start[pool]}
        while growing:
            pool = min(
                growing, key=lambda name: ((self.sizes[name] - start[name]) / (wanted[name] - start[name]), name)
            )
            if not self._grown(pool) or self.sizes[pool] == wanted[pool]:
                growing.remove(pool)

    def _grown(self, pool: str) -> bool:
        usd = self._usd[pool]
        if self._nodes_left < 1 or self._usd_left < usd - ROUNDING:
            return False
        if pool in self._payers.pools and not self._payers.affords(pool, usd):
            return False
        self.sizes[pool] += 1
        self._usd_left -= usd
        self._nodes_left -= 1
        return True


@dataclass(frozen=True, kw_only=True)
class _SpotLoss:
    """By on-demand pool, the nodes that hold what is there and what would move there, and whose that is."""

    nodes: Mapping[str, int]
    movers: Mapping[str, tuple[str, ...]]


def _spot_loss(problem: ChoiceProblem, solution: ChoiceSolution) -> _SpotLoss:
    """What on-demand pools would have to hold if all spot nodes were lost at once."""
    spot = {pool.name for pool in problem.pools if pool.spot}
    held: dict[tuple[str, str], float] = {}
    lost: dict[str, float] = {}
    for part in solution.assignments:
        if part.pool in spot:
            lost[part.demand] = lost.get(part.demand, 0.0) + part.share
        else:
            held[part.demand, part.pool] = part.share
    movers: dict[str, tuple[str, ...]] = {pool.name: () for pool in problem.pools if not pool.spot}
    for demand in problem.demands:
        for pool, share in _moved(problem, demand, lost=lost.get(demand.name, 0.0), held=held):
            held[demand.name, pool] = held.get((demand.name, pool), 0.0) + share
            movers[pool] = (*movers[pool], demand.name)
    books = Books(problem, solution.nodes(), held)
    loads = {pool.name: max(books.load_nodes(pool)) for pool in problem.pools if not pool.spot}
    return _SpotLoss(
        nodes={pool: math.ceil(load - SHARE_TOLERANCE) for pool, load in loads.items() if movers[pool]}, movers=movers
    )


def _moved(
    problem: ChoiceProblem, demand: ChoiceDemand, *, lost: float, held: Mapping[tuple[str, str], float]
) -> Iterator[tuple[str, float]]:
    """Where a lost share goes, the cheapest pool first, as far as the demand's own rules let it run on demand."""
    if lost <= SHARE_TOLERANCE:
        return
    pools = [pool for pool in problem.pools if pool.name in demand.pools and not pool.spot and fits(demand, pool)]
    left = min(lost, 1 - demand.min_spot_share - sum(held.get((demand.name, pool.name), 0.0) for pool in pools))
    for pool in sorted(pools, key=lambda item: (filled_usd_per_hour(demand, item), item.name)):
        here = held.get((demand.name, pool.name), 0.0)
        share = min(left, share_cap(demand, pool) - here, pool.max_nodes / nodes_filled(demand, pool) - here)
        if share > SHARE_TOLERANCE:
            left -= share
            yield pool.name, share
