"""Hard instances of the choice, drawn from a seed: overlapping pools, three priorities, every rule in use."""

from dataclasses import replace

import numpy as np

from quantos.allocation.choice import ChoiceDemand, ChoiceLimits, ChoicePool, ChoiceProblem, Resources
from quantos.allocation.priorities import choose

ZONES = ("zone-a", "zone-b", "zone-c")
SIZES = (8, 16, 32)
MEMORY_PER_VCPU = (2.0, 4.0, 8.0)
PRIORITIES = (90, 50, 10)
BUDGET_SHARES = (None, 0.97, 0.8, 0.5)
"""Budgets of the four kinds of instance, in parts of what fractions of nodes would cost; None is ample."""


def make_problem(seed: int, *, pools: int, demands: int) -> ChoiceProblem:
    """An instance; of four seeds in turn one has an ample budget, and three are short of it, from little to half."""
    rng = np.random.default_rng(seed)
    offered = tuple(_pool(rng, index) for index in range(pools))
    asked = tuple(_possible(_demand(rng, index, offered), offered) for index in range(demands))
    need_vcpu = sum(demand.need.vcpu for demand in asked)
    usd_per_vcpu = float(np.median([pool.usd_per_node_hour / pool.node.vcpu for pool in offered]))
    share = BUDGET_SHARES[seed % len(BUDGET_SHARES)]
    budget = need_vcpu * usd_per_vcpu * (3.0 if share is None else share)
    limits = ChoiceLimits(
        budget_usd_per_hour=round(budget, 2),
        max_nodes=5000,
        max_step_up_nodes=2000,
        max_step_down_nodes=200,
    )
    return ChoiceProblem(pools=offered, demands=asked, limits=limits)


def _possible(demand: ChoiceDemand, pools: tuple[ChoicePool, ...]) -> ChoiceDemand:
    """The demand, without its rules where it could not be held even if it were alone."""
    free = tuple(replace(pool, max_nodes=1000, floor_nodes=0, reactive_nodes=0, previous_nodes=0) for pool in pools)
    limits = ChoiceLimits(budget_usd_per_hour=1e6, max_nodes=10_000)
    alone = choose(ChoiceProblem(pools=free, demands=(demand,), limits=limits))
    if not alone.gave_way:
        return demand
    return ChoiceDemand(
        name=demand.name,
        need=demand.need,
        pools=tuple(pool.name for pool in pools if not pool.spot),
        priority=demand.priority,
        miss_usd_per_vcpu_hour=demand.miss_usd_per_vcpu_hour,
    )


def _pool(rng: np.random.Generator, index: int) -> ChoicePool:
    vcpu = int(rng.choice(SIZES))
    memory_per_vcpu = float(rng.choice(MEMORY_PER_VCPU))
    spot = bool(rng.random() < 0.4)
    price = vcpu * (0.035 + 0.004 * memory_per_vcpu) * rng.uniform(0.9, 1.15) * (0.6 if spot else 1.0)
    zones = ZONES if rng.random() < 0.4 else (str(rng.choice(ZONES)),)
    return ChoicePool(
        name=f"pool-{index:02d}",
        node=Resources(
            vcpu=vcpu, memory_gib=vcpu * memory_per_vcpu, network_mbps=vcpu * float(rng.choice((390, 780, 1560)))
        ),
        usd_per_node_hour=round(float(price), 4),
        capacity_type="SPOT" if spot else "ON_DEMAND",
        zones=zones,
        max_nodes=int(rng.integers(10, 60)),
        floor_nodes=int(rng.integers(0, 3)),
        reactive_nodes=int(rng.integers(0, 6)) if rng.random() < 0.5 else 0,
        previous_nodes=int(rng.integers(0, 10)),
        interruptions_per_hour=round(float(rng.uniform(0.01, 0.2)), 3) if spot else 0.0,
        replacement_hours=0.1,
    )


def _demand(rng: np.random.Generator, index: int, pools: tuple[ChoicePool, ...]) -> ChoiceDemand:
    vcpu = round(float(rng.lognormal(3.6, 0.9)), 2)
    batch = bool(rng.random() < 0.4)
    eligible = rng.choice(len(pools), size=min(len(pools), int(rng.integers(3, 13))), replace=False)
    usd = vcpu * 0.05
    return ChoiceDemand(
        name=f"demand-{index:03d}",
        need=Resources(
            vcpu=vcpu,
            memory_gib=round(vcpu * float(rng.choice((1.5, 3.0, 6.0))), 2),
            network_mbps=round(vcpu * float(rng.uniform(20, 300)), 1),
        ),
        pools=tuple(pools[at].name for at in eligible),
        priority=int(rng.choice(PRIORITIES)),
        miss_usd_per_vcpu_hour=round(float(rng.uniform(0.1, 5.0)), 3),
        ceiling_usd_per_hour=round(usd * float(rng.uniform(1.0, 4.0)), 2),
        min_spot_share=0.3 if batch and rng.random() < 0.5 else 0.0,
        max_spot_share=1.0 if batch else float(rng.choice((0.0, 0.3, 0.5))),
        max_pool_share=float(rng.choice((0.4, 0.6, 1.0))),
        max_zone_share=float(rng.choice((0.5, 0.7, 1.0))),
        interruptible_share=1.0 if batch else 0.25,
        zones=("zone-a", "zone-b") if rng.random() < 0.1 else (),
        preferred_zones=(str(rng.choice(ZONES)),) if rng.random() < 0.2 else (),
        remote_usd_per_vcpu_hour=0.002,
    )
