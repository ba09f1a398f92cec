"""From demand to a scaling plan: a pure function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quantos.capacity.explanation import explain
from quantos.capacity.pacing import paced
from quantos.capacity.pool_demand import PoolDemand
from quantos.capacity.requirement import NodePrice, PoolDecision, decide_pool
from quantos.contracts.plan import PlanDocument, PoolCost, PoolSize, ScalingPlan, StrategyCost
from quantos.environment.settings import EnvironmentSettings

PlanCheck = Callable[[PlanDocument], tuple[str, ...]]
"""The cost rules: what they would refuse in a document, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class PlanningInputs:
    """Everything a plan depends on.

    Attributes:
        bin_end: end of the decided bin, aware; the plan's time of creation, whenever it is made.
        prices: by pool, for every pool of the environment.
        demands: by pool, for the pools that strategies run on.
        previous: sizes the stack stands on; a pool not in it stands at the environment's floor.
        check: the cost rules that the pack will hold the plan to.
    """

    settings: EnvironmentSettings
    stack: str
    bin_end: datetime
    prices: Mapping[str, NodePrice]
    demands: Mapping[str, PoolDemand]
    previous: Mapping[str, PoolSize]
    check: PlanCheck


def make_plan(inputs: PlanningInputs) -> ScalingPlan:
    """The plan for one bin, identified but not signed.

    A pool's floor is the greatest of: the nodes for the forecast's upper quantile of demand within the horizon, the
    nodes for the greatest demand within the last lead time, the strategies' stated throughput, the servers that
    strategies with service times need to answer in time, the environment's floor, and the previous floor while
    telemetry is silent. The environment's limits of the pool cap it. A strategy's own ceiling bounds the pool's ceiling
    but not its floor: where demand needs more, the plan says so in `expected_violations` and the pack decides. A pool
    without strategies stays at the environment's floor. All floors together move by no more than one plan may.

    The plan is urgent when demand already measured, or throughput that was stated, needs at least the dead band more
    than a previous floor.
    """
    settings = inputs.settings
    wanted = [
        decide_pool(
            pool,
            settings.pools[pool],
            price=inputs.prices[pool],
            demand=inputs.demands.get(pool),
            previous=inputs.previous.get(pool) or _standing(inputs, pool),
            bin_seconds=settings.decisions.bin_seconds,
        )
        for pool in sorted(settings.pools)
    ]
    decisions = paced(wanted, settings.limits)
    document = PlanDocument(
        stack=inputs.stack,
        plan_id="",
        sequence=int(inputs.bin_end.timestamp()),
        sizes={decision.pool: decision.size for decision in decisions},
        previous={decision.pool: decision.previous for decision in decisions},
        pool_costs={decision.pool: _pool_cost(decision) for decision in decisions},
        strategy_costs=_strategy_costs(decisions),
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
        usd_per_hour_before=sum(item.previous.floor * item.price.usd_per_hour for item in decisions),
        usd_per_hour_after=sum(item.floor_usd_per_hour for item in decisions),
        urgent=any(_urgent(decision, dead_band=settings.actuator.dead_band_nodes) for decision in decisions),
        explanation=explain(
            decisions, bin_end=inputs.bin_end, decided=settings.decisions, violations=inputs.check(document)
        ),
    )
    return plan.identified()


def _standing(inputs: PlanningInputs, pool: str) -> PoolSize:
    settings = inputs.settings.pools[pool]
    return PoolSize(floor=settings.floor_nodes, ceiling=settings.ceiling_nodes)


def _pool_cost(decision: PoolDecision) -> PoolCost:
    return PoolCost(
        usd_per_node_hour=decision.price.usd_per_hour,
        floor_usd_per_hour=decision.floor_usd_per_hour,
        ceiling_usd_per_hour=decision.size.ceiling * decision.price.usd_per_hour,
    )


def _strategy_costs(decisions: Sequence[PoolDecision]) -> dict[str, StrategyCost]:
    """Each pool's floor cost, shared out by the strategies' weights; evenly where none has any."""
    costs: dict[str, StrategyCost] = {}
    for decision in decisions:
        if decision.demand is None:
            continue
        parts = decision.demand.strategies
        total = sum(part.weight_vcpu for part in parts)
        for part in parts:
            share = part.weight_vcpu / total if total > 0 else 1 / len(parts)
            costs[part.strategy.name] = StrategyCost(
                usd_per_hour=share * decision.floor_usd_per_hour,
                ceiling_usd_per_hour=part.strategy.cost.ceiling_usd_per_hour,
            )
    return costs


def _urgent(decision: PoolDecision, *, dead_band: int) -> bool:
    """Whether measured demand or stated throughput is ahead of the floor, and the plan does something about it."""
    needed = min(decision.urgent_nodes, decision.size.floor)
    return needed - decision.previous.floor >= dead_band
