"""From demand to a scaling plan: a pure function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from quantos.allocation.choice import DECIMALS, ChoiceProblem, ChoiceSolution
from quantos.allocation.priorities import choose
from quantos.capacity.planning.dead_band import dead_band, pool_ranges
from quantos.capacity.planning.explanation import explain
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.problem_builder import all_needs, choice_problem
from quantos.capacity.planning.requirement import StrategyNeed
from quantos.capacity.planning.sizing import SizedPool, sized_pools
from quantos.contracts.plan import PlanDocument, PoolCost, ScalingPlan, StrategyCost

PlanCheck = Callable[[PlanDocument], tuple[str, ...]]
"""The cost rules: what they would refuse in a document, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What strategies must be given, the problem that it makes, and a solution of it."""

    needs: tuple[StrategyNeed, ...]
    problem: ChoiceProblem
    solution: ChoiceSolution


def solved(inputs: PlanningInputs) -> Chosen:
    """The choice that the inputs ask for, solved.

    Every strategy is to be given the greatest of: its part of the forecast's upper quantile of what the strategies on
    the same pools need together within the horizon, its part of the greatest demand within the last lead time, what
    runs that were submitted are known to need within the horizon, the throughput it states, and the servers that it
    takes to answer in time. The pools that hold all of it at least cost make the floors, within the limits of
    environment, pools and strategies and the steps that one plan may take; the environment's floors, and what stands
    for strategies whose demand is unknown, are kept. Where not all can be held, the less important strategies give way.

    Raises:
        ChoiceError: the search for sizes was cut off before it found any.
    """
    needs = all_needs(inputs)
    problem = choice_problem(inputs, needs)
    return Chosen(needs=needs, problem=problem, solution=choose(problem))


def chosen_before(inputs: PlanningInputs, solution: ChoiceSolution) -> Chosen:
    """The choice that the inputs ask for, with a solution that was recorded."""
    needs = all_needs(inputs)
    return Chosen(needs=needs, problem=choice_problem(inputs, needs), solution=solution)


def make_plan(inputs: PlanningInputs, chosen: Chosen, *, check: PlanCheck) -> ScalingPlan:
    """The plan for one bin, identified but not signed; `check` is what the pack will hold it to.

    It is urgent when demand already measured, or known or as likely as not to come before a node ordered later could be
    Ready, or throughput that was stated, needs at least the dead band more than the previous floors, or any node where
    no pool that would do has one.

    Args:
        inputs: what the plan is a function of.
        chosen: what `solved` makes of them, or `chosen_before` of what it made when they were recorded.
        check: the cost rules.
    """
    settings, solution = inputs.settings, chosen.solution
    pools = sized_pools(inputs, chosen.needs, problem=chosen.problem, solution=solution)
    document = PlanDocument(
        stack=inputs.stack,
        plan_id="",
        sequence=int(inputs.bin_end.timestamp()),
        sizes={item.pool: item.size for item in pools},
        previous={item.pool: item.previous for item in pools},
        pool_costs={item.pool: _pool_cost(item) for item in pools},
        strategy_costs=_strategy_costs(inputs, solution),
    )
    plan = ScalingPlan(
        stack=document.stack,
        sequence=document.sequence,
        created_at=inputs.bin_end,
        expires_at=inputs.bin_end + timedelta(seconds=settings.decisions.plan_valid_seconds),
        sizes=document.sizes,
        previous=document.previous,
        pool_costs=document.pool_costs,
        strategy_costs=document.strategy_costs,
        usd_per_hour_before=sum(item.previous.floor * item.node.usd_per_hour for item in pools),
        usd_per_hour_after=sum(item.floor_usd_per_hour for item in pools),
        urgent=_urgent(inputs, pools),
        explanation=explain(inputs, pools, solution=solution, violations=check(document)),
    )
    return plan.identified()


def _pool_cost(item: SizedPool) -> PoolCost:
    return PoolCost(
        usd_per_node_hour=item.node.usd_per_hour,
        floor_usd_per_hour=item.floor_usd_per_hour,
        ceiling_usd_per_hour=item.size.ceiling * item.node.usd_per_hour,
    )


def _strategy_costs(inputs: PlanningInputs, solution: ChoiceSolution) -> dict[str, StrategyCost]:
    filled = solution.demand_usd_per_hour()
    nodes: dict[str, dict[str, float]] = {}
    for part in solution.assignments:
        count = round(part.usd_per_hour / inputs.nodes[part.pool].usd_per_hour, DECIMALS)
        nodes.setdefault(part.demand, {})[part.pool] = count
    return inputs.undecided_costs() | {
        part.strategy.name: StrategyCost(
            usd_per_hour=filled.get(part.strategy.name, 0.0),
            ceiling_usd_per_hour=part.strategy.cost.ceiling_usd_per_hour,
            pools=part.strategy.pools,
            nodes=nodes.get(part.strategy.name, {}),
        )
        for demand in inputs.demands
        for part in demand.strategies
    }


def _urgent(inputs: PlanningInputs, pools: Sequence[SizedPool]) -> bool:
    """Whether what cannot wait is ahead of the floors of the pools it may run on, and the plan does something about it.

    Over all pools that the strategies share, so that a move from one to another is not urgent.
    """
    lacking = {item.pool: min(item.now_nodes, item.size.floor) - item.previous.floor for item in pools}
    standing = {item.pool: item.previous.floor for item in pools}
    ranges = pool_ranges(inputs.settings)
    for demand in inputs.demands:
        band = min(dead_band(inputs.settings.actuator, ranges[pool]) for pool in demand.pools)
        needed = band if any(standing[pool] for pool in demand.pools) else 1
        if sum(lacking[pool] for pool in demand.pools) >= needed:
            return True
    return False
