"""What no choice may do, over small problems that hypothesis draws, beside a search through every count of nodes."""

import math
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from quantos.allocation.choice import ChoiceDemand, ChoicePool, ChoiceProblem, ChoiceSolution
from quantos.allocation.milp import RELATIVE_GAP
from quantos.allocation.priorities import choose
from quantos.allocation.verification import check_solution
from tests.support.choices import drawn_pool, problems

FEW = settings(max_examples=25, deadline=None)
ROUNDING = 1e-4


def asked_by(problem: ChoiceProblem, priority: int) -> float:
    return sum(
        demand.need.vcpu * demand.miss_usd_per_vcpu_hour for demand in problem.demands if demand.priority == priority
    )


def missed_by(problem: ChoiceProblem, solution: ChoiceSolution, priority: int) -> float:
    """USD/hour of misses at one level."""
    misses = {demand.name: demand.miss_usd_per_vcpu_hour for demand in problem.demands}
    return sum(item.shortfall_vcpu * misses[item.demand] for item in solution.gave_way if item.priority == priority)


def room(problem: ChoiceProblem, priority: int) -> float:
    """What a search may leave of a level: its gap on what is missed plus what is asked, and what is held loosely."""
    return 2 * RELATIVE_GAP * asked_by(problem, priority) + 2 * 1e-4 * asked_by(problem, priority) + ROUNDING


@FEW
@given(problems(pools=4, demands=6))
def test_every_solution_keeps_every_rule_and_tells_the_truth(problem: ChoiceProblem) -> None:
    solution = choose(problem)
    assert check_solution(problem, solution) == ()
    assert solution.usd_per_hour <= problem.limits.budget_usd_per_hour + 1e-6
    assert all(choice.nodes <= pool.max_nodes for choice, pool in zip(solution.pools, problem.pools, strict=True))
    assert {item.demand for item in solution.gave_way} <= {item.name for item in problem.demands}


@FEW
@given(problems(pools=4, demands=6), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_changes_nothing(problem: ChoiceProblem, random: Random) -> None:
    pools, demands = list(problem.pools), list(problem.demands)
    random.shuffle(pools)
    random.shuffle(demands)
    shuffled = [replace(demand, pools=tuple(reversed(demand.pools))) for demand in demands]
    again = ChoiceProblem(pools=tuple(pools), demands=tuple(shuffled), limits=problem.limits)
    assert choose(again) == choose(problem)


@FEW
@given(problems(pools=2, demands=3, steps=False))
def test_no_count_of_nodes_holds_every_demand_for_less(problem: ChoiceProblem) -> None:
    best = min((cost for _, cost in feasible_counts(problem)), default=math.inf)
    solution = choose(problem)
    whole = not solution.gave_way and not solution.floors_gave_way
    assert whole == math.isfinite(best)
    if whole:
        assert solution.objective_usd_per_hour <= best * (1 + 2 * RELATIVE_GAP) + ROUNDING


@FEW
@given(problems(pools=3, demands=5))
def test_nothing_a_lower_priority_has_could_help_a_higher_one(problem: ChoiceProblem) -> None:
    """Were the lower priorities not there, the higher would not be given more."""
    solution = choose(problem)
    for priority in sorted({item.priority for item in solution.gave_way}):
        alone = replace(problem, demands=tuple(item for item in problem.demands if item.priority >= priority))
        without = missed_by(alone, choose(alone), priority)
        assert missed_by(problem, solution, priority) <= without + room(problem, priority)


@FEW
@given(problems(pools=3, demands=4), drawn_pool("pool-new", steps=False))
def test_another_pool_raises_neither_cost_nor_the_first_shortfall(problem: ChoiceProblem, pool: ChoicePool) -> None:
    free = replace(pool, floor_nodes=0, reactive_nodes=0)
    demands = tuple(replace(item, pools=(*item.pools, free.name)) for item in problem.demands)
    more = ChoiceProblem(pools=(*problem.pools, free), demands=demands, limits=problem.limits)
    assert_no_worse(problem, choose(problem), choose(more))


@FEW
@given(problems(pools=3, demands=4))
def test_a_greater_budget_raises_neither_cost_nor_the_first_shortfall(problem: ChoiceProblem) -> None:
    limits = replace(problem.limits, budget_usd_per_hour=problem.limits.budget_usd_per_hour * 1.5)
    assert_no_worse(problem, choose(problem), choose(replace(problem, limits=limits)))


def assert_no_worse(problem: ChoiceProblem, before: ChoiceSolution, after: ChoiceSolution) -> None:
    if not before.gave_way and not before.floors_gave_way:
        assert not after.gave_way
        assert after.objective_usd_per_hour <= before.objective_usd_per_hour * (1 + 2 * RELATIVE_GAP) + ROUNDING
    elif not before.floors_gave_way:
        first = max((item.priority for item in problem.demands), default=0)
        assert missed_by(problem, after, first) <= missed_by(problem, before, first) + room(problem, first)


def feasible_counts(problem: ChoiceProblem) -> list[tuple[tuple[int, ...], float]]:
    """Every count of nodes that keeps floors and limits and holds all demands, with its least cost."""
    found = []
    for counts in product(*(range(pool.max_nodes + 1) for pool in problem.pools)):
        usd = sum(count * pool.usd_per_node_hour for count, pool in zip(counts, problem.pools, strict=True))
        floors = all(
            count >= max(pool.floor_nodes, pool.reactive_nodes)
            for count, pool in zip(counts, problem.pools, strict=True)
        )
        limits = problem.limits
        if floors and usd <= limits.budget_usd_per_hour + 1e-9 and sum(counts) <= limits.max_nodes:
            remote = least_distance(problem, counts)
            if remote is not None:
                found.append((counts, usd + remote))
    return found


def least_distance(problem: ChoiceProblem, counts: tuple[int, ...]) -> float | None:
    """The least cost of distance at which the nodes hold all demands; None where they cannot. Written on its own."""
    demands = [demand for demand in problem.demands if demand.need.vcpu > 0]
    if not demands:
        return 0.0
    width = len(problem.pools)

    def row(entries: dict[tuple[int, int], float]) -> np.ndarray:
        made = np.zeros(len(demands) * width)
        for (demand, pool), value in entries.items():
            made[demand * width + pool] = value
        return made

    cells = [(d, p) for d in range(len(demands)) for p in range(width)]
    rows, most = [], []
    for index, pool in enumerate(problem.pools):
        there = counts[index] * math.exp(-pool.interruptions_per_hour * pool.replacement_hours)
        for resource in ("vcpu", "memory_gib"):
            held = getattr(pool.node, resource)
            rows.append(row({(d, index): getattr(demand.need, resource) for d, demand in enumerate(demands)}))
            most.append(there * held)
    for index, demand in enumerate(demands):
        for entries, limit in demand_rules(problem, demand):
            rows.append(row({(index, p): value for p, value in entries.items()}))
            most.append(limit)
    caps = [cap(demands[d], problem.pools[p]) for d, p in cells]
    costs = [distance(demands[d], problem.pools[p]) for d, p in cells]
    whole = np.array([row({(d, p): 1.0 for p in range(width)}) for d in range(len(demands))])
    solved = linprog(
        costs, A_ub=np.array(rows), b_ub=np.array(most) + 1e-7, A_eq=whole, b_eq=np.ones(len(demands)),
        bounds=[(0, limit) for limit in caps],
    )  # fmt: skip
    return float(solved.fun) if solved.status == 0 else None


def demand_rules(problem: ChoiceProblem, demand: ChoiceDemand) -> list[tuple[dict[int, float], float]]:
    pools = list(enumerate(problem.pools))
    spot = {index: float(pool.capacity_type == "SPOT") for index, pool in pools}
    rules = [(spot, demand.max_spot_share), ({index: -flag for index, flag in spot.items()}, -demand.min_spot_share)]
    for zone in {zone for _, pool in pools for zone in pool.zones}:
        parts = {index: (zone in pool.zones) / len(pool.zones) for index, pool in pools}
        rules.append((parts, demand.max_zone_share))
    if demand.ceiling_usd_per_hour is not None:
        costs = {}
        for index, pool in pools:
            nodes = max(demand.need.vcpu / pool.node.vcpu, demand.need.memory_gib / pool.node.memory_gib)
            lost = math.exp(-pool.interruptions_per_hour * pool.replacement_hours)
            costs[index] = nodes / lost * pool.usd_per_node_hour
        rules.append((costs, demand.ceiling_usd_per_hour))
    return rules


def cap(demand: ChoiceDemand, pool: ChoicePool) -> float:
    if pool.name not in demand.pools or (demand.zones and not set(pool.zones) <= set(demand.zones)):
        return 0.0
    if pool.capacity_type == "SPOT":
        return min(demand.max_pool_share, demand.interruptible_share)
    return demand.max_pool_share


def distance(demand: ChoiceDemand, pool: ChoicePool) -> float:
    if not demand.preferred_zones:
        return 0.0
    outside = sum(zone not in demand.preferred_zones for zone in pool.zones) / len(pool.zones)
    return outside * demand.need.vcpu * demand.remote_usd_per_vcpu_hour
