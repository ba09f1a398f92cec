"""Keeps a plan within the nodes that an environment lets one plan add or give up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from quantos.capacity.requirement import PoolDecision, size_within
from quantos.environment.settings import CostLimitSettings


def paced(decisions: Sequence[PoolDecision], limits: CostLimitSettings) -> list[PoolDecision]:
    """The decisions with floors moved only as far as one plan may, so that the next plans can go the rest of the way.

    What may be moved is shared out by how far each pool wants to go. A plan that went further would be refused whole,
    and with it every later one, since demand does not wait.
    """
    rises = {item.pool: item.size.floor - item.previous.floor for item in decisions}
    up = _shared({pool: step for pool, step in rises.items() if step > 0}, most=limits.max_step_up_nodes)
    down = _shared({pool: -step for pool, step in rises.items() if step < 0}, most=limits.max_step_down_nodes)
    return [_moved(item, step=up.get(item.pool, 0) - down.get(item.pool, 0)) for item in decisions]


def _shared(wanted: Mapping[str, int], *, most: int) -> dict[str, int]:
    """Steps of at most `most` nodes in all, in proportion to those wanted; what is left over goes to the greatest."""
    total = sum(wanted.values())
    if total <= most:
        return dict(wanted)
    given = {pool: step * most // total for pool, step in wanted.items()}
    left = most - sum(given.values())
    for pool in sorted(wanted, key=lambda name: (-wanted[name], name))[:left]:
        given[pool] += 1
    return given


def _moved(decision: PoolDecision, *, step: int) -> PoolDecision:
    floor = decision.previous.floor + step
    if floor == decision.size.floor:
        return decision
    return replace(
        decision,
        size=size_within(floor, limit_nodes=decision.limit_nodes),
        binding=f"the step that one plan may take, on the way to a floor of {decision.size.floor}",
    )
