"""How far pools still stand above what is allowed, and how many plans it takes to come down: a pure function."""

import math
from collections.abc import Sequence

from quantos.capacity.planning.problem_builder import ROUNDING, pool_limit
from quantos.capacity.planning.sizing import SizedPool
from quantos.capacity.planning.vocabulary import node_count
from quantos.environment.settings.environment import EnvironmentSettings


def way_down(settings: EnvironmentSettings, pools: Sequence[SizedPool]) -> str | None:
    """What is left to give up after a plan's floors, in words; None where they keep every limit.

    Pools above their own limit come down to it; what is still too much comes off the dearest nodes, as
    `allocation/step_limits.py` has it. Floors of the environment are kept. At most one step is given up a plan.
    """
    nodes, usd = _excess(settings, pools)
    if not nodes:
        return None
    step = settings.limits.max_step_down_nodes
    plans = math.ceil(nodes / step)
    return (
        f"the floors are still {node_count(nodes)} ({usd:.2f} USD/hour) above what is allowed and come down by at most "
        f"{step} a plan, {f'in {plans} plans' if plans > 1 else 'in one plan'} more"
    )


def _excess(settings: EnvironmentSettings, pools: Sequence[SizedPool]) -> tuple[int, float]:
    """Nodes that have to go before every limit is kept, and what they cost."""
    limits = settings.limits
    kept = {item.pool: item.size.floor for item in pools}
    for item in pools:
        most = pool_limit(settings.pools[item.pool], node=item.node).nodes
        kept[item.pool] = max(min(item.size.floor, most), settings.pools[item.pool].floor_nodes)
    usd = sum(kept[item.pool] * item.node.usd_per_hour for item in pools)
    for item in sorted(pools, key=lambda each: (-each.node.usd_per_hour, each.pool)):
        while kept[item.pool] > settings.pools[item.pool].floor_nodes and (
            usd > limits.ceiling_usd_per_hour + ROUNDING or sum(kept.values()) > limits.max_nodes
        ):
            kept[item.pool] -= 1
            usd -= item.node.usd_per_hour
    given_up = {item.pool: item.size.floor - kept[item.pool] for item in pools}
    return sum(given_up.values()), sum(given_up[item.pool] * item.node.usd_per_hour for item in pools)
