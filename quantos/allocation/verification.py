"""Whether a recorded solution keeps every rule of its problem and says of itself what is true, without a solver."""

from collections.abc import Iterator
from typing import Final

from quantos.allocation.accounting import MONEY_TOLERANCE, Books, account
from quantos.allocation.choice import (
    RESOURCES,
    SHARE_TOLERANCE,
    ChoiceDemand,
    ChoicePool,
    ChoiceProblem,
    ChoiceSolution,
)
from quantos.allocation.milp import RELATIVE_GAP
from quantos.allocation.placement import filled_usd_per_hour, fits, share_cap

BOUND_TOLERANCE: Final = 1e-3
"""Relative; a search holds earlier levels loosely, so its bound may lie above what exactly settled shares cost."""


def check_solution(problem: ChoiceProblem, solution: ChoiceSolution) -> tuple[str, ...]:
    """What is wrong with a solution, one sentence each; nothing where it is right.

    Nodes and shares are held to every limit; costs, shortfalls, what binds and what drives each pool are computed
    again from them and must agree to the last digit. Optimality is not proved again: the bound is taken as recorded,
    and a gap above `RELATIVE_GAP` is named unless the search says that it was cut off.
    """
    if unknown := list(_misnamed(problem, solution)):
        return tuple(unknown)
    nodes = solution.nodes()
    shares = {(part.demand, part.pool): part.share for part in solution.assignments}
    books = Books(problem, nodes, shares)
    faults = [*_environment(books)]
    for pool in problem.pools:
        faults += _pool(books, pool)
    for demand in problem.demands:
        faults += _demand(books, demand)
    faults += _bounds(solution)
    if account(problem, nodes=nodes, shares=shares, ended=solution.ended) != solution:
        faults.append("the figures stated are not those that its nodes and shares make")
    return tuple(faults)


def _misnamed(problem: ChoiceProblem, solution: ChoiceSolution) -> Iterator[str]:
    pools = {pool.name: pool for pool in problem.pools}
    demands = {demand.name: demand for demand in problem.demands}
    if [choice.pool for choice in solution.pools] != list(pools):
        yield "it does not size each pool of the problem once"
    for part in solution.assignments:
        demand, pool = demands.get(part.demand), pools.get(part.pool)
        if demand is None or pool is None:
            yield f"it places {part.demand} in {part.pool}, and the problem does not have both"
        elif part.pool not in demand.pools or not fits(demand, pool):
            yield f"it places {part.demand} in {part.pool}, where it may not or cannot run"


def _environment(books: Books) -> Iterator[str]:
    limits = books.problem.limits
    if books.usd_left() < -MONEY_TOLERANCE:
        yield f"its nodes cost {-books.usd_left():.6f} USD/hour more than the budget"
    if books.nodes_left() < 0:
        yield f"it has {-books.nodes_left()} nodes more than allowed"
    if limits.max_step_up_nodes is not None and books.step_up() > limits.max_step_up_nodes:
        yield f"it adds {books.step_up()} nodes, and one step may add {limits.max_step_up_nodes}"
    if limits.max_step_down_nodes is not None and books.step_down() > limits.max_step_down_nodes:
        yield f"it gives up {books.step_down()} nodes, and one step may give up {limits.max_step_down_nodes}"
    used = [pool.group for pool in books.problem.pools if pool.group is not None and books.nodes[pool.name]]
    for group in sorted({group for group in used if used.count(group) > 1}):
        yield f"it uses several pools of group {group}"


def _pool(books: Books, pool: ChoicePool) -> Iterator[str]:
    nodes = books.nodes[pool.name]
    if not 0 <= nodes <= pool.max_nodes:
        yield f"pool {pool.name} has {nodes} nodes, and 0 to {pool.max_nodes} are allowed"
    for resource, load in zip(RESOURCES, books.load_nodes(pool), strict=True):
        if load > nodes + SHARE_TOLERANCE * max(load, 1.0):
            yield f"pool {pool.name} holds {load:.4f} nodes of {resource} in {nodes}"


def _demand(books: Books, demand: ChoiceDemand) -> Iterator[str]:
    placed = books.placed(demand)
    given = sum(share for _, share in placed)
    spot = books.spot_share(demand)
    room = SHARE_TOLERANCE * max(len(placed), 1)
    if given > 1 + room:
        yield f"{demand.name} is placed {given:.6f} times"
    for pool, share in placed:
        if not 0 <= share <= share_cap(demand, pool) + SHARE_TOLERANCE:
            yield f"{demand.name} has a share of {share:.6f} in {pool.name}, above {share_cap(demand, pool):.6f}"
    if spot > demand.max_spot_share + room:
        yield f"{demand.name} has a share of {spot:.6f} on spot, above {demand.max_spot_share:.6f}"
    if spot < demand.min_spot_share * given - room:
        yield f"{demand.name} has a share of {spot:.6f} on spot, below {demand.min_spot_share:.6f} of what is given"
    for zone in sorted({zone for pool, _ in placed for zone in pool.zones}):
        if books.zone_share(demand, zone) > demand.max_zone_share + room:
            yield f"{demand.name} has too great a share in zone {zone}"
    if demand.ceiling_usd_per_hour is not None:
        dearest = max((filled_usd_per_hour(demand, pool) for pool, _ in placed), default=0.0)
        excess = books.filled_usd_per_hour(demand) - demand.ceiling_usd_per_hour
        if excess > MONEY_TOLERANCE + dearest * SHARE_TOLERANCE:
            yield f"{demand.name} fills nodes for {excess:.6f} USD/hour more than its ceiling"


def _bounds(solution: ChoiceSolution) -> Iterator[str]:
    ended, objective = solution.ended, solution.objective_usd_per_hour
    for name, bound in (("bound", ended.bound_usd_per_hour), ("LP bound", ended.lp_bound_usd_per_hour)):
        if bound > objective * (1 + BOUND_TOLERANCE) + MONEY_TOLERANCE:
            yield f"its {name} of {bound:.6f} USD/hour is above what it costs"
    if not ended.cut_off and max(solution.mip_gap, ended.shortfall_gap) > RELATIVE_GAP + BOUND_TOLERANCE:
        yield f"its gap is above {RELATIVE_GAP}, and the search does not say that it was cut off"
