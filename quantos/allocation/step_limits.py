"""Limits eased to what one step down can reach, so that a choice exists however far above them the pools stand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from quantos.allocation.choice import ChoiceLimits, ChoicePool, ChoiceProblem


def within_reach(problem: ChoiceProblem) -> ChoiceProblem:
    """The same problem; where the pools stand above a limit by more than one step, the limit is as far as that goes.

    Pools above their own maximum come down first, each by its part of the step; what is left of it comes off the
    dearest nodes, for the budget and the limit of all nodes. Without such an excess nothing changes.
    """
    most = problem.limits.max_step_down_nodes
    if most is None:
        return problem
    excess = {pool.name: max(pool.previous_nodes - pool.max_nodes, 0) for pool in problem.pools}
    down = shared_out(excess, most=most)
    pools = tuple(
        replace(pool, max_nodes=max(pool.max_nodes, pool.previous_nodes - down[pool.name])) for pool in problem.pools
    )
    return replace(problem, pools=pools, limits=_eased(problem.limits, pools, left=most - sum(down.values())))


def shared_out(wanted: Mapping[str, int], *, most: int) -> dict[str, int]:
    """At most `most` in all, in proportion to what is wanted; what is left over goes to the greatest, then by name."""
    total = sum(wanted.values())
    if total <= most:
        return dict(wanted)
    given = {name: count * most // total for name, count in wanted.items()}
    left = most - sum(given.values())
    for name in sorted(wanted, key=lambda item: (-wanted[item], item))[:left]:
        given[name] += 1
    return given


def _eased(limits: ChoiceLimits, pools: Sequence[ChoicePool], *, left: int) -> ChoiceLimits:
    standing = {pool.name: min(pool.previous_nodes, pool.max_nodes) for pool in pools}
    for pool in sorted(pools, key=lambda item: (-item.usd_per_node_hour, item.name)):
        given_up = min(standing[pool.name], left)
        standing[pool.name] -= given_up
        left -= given_up
    least_usd = sum(standing[pool.name] * pool.usd_per_node_hour for pool in pools)
    return replace(
        limits,
        budget_usd_per_hour=max(limits.budget_usd_per_hour, least_usd),
        max_nodes=max(limits.max_nodes, sum(standing.values())),
    )
