"""What pools may grow to is paid for by the strategies that share them, a loss of spot first."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import PoolSize, ScalingPlan
from quantos.contracts.strategy import Placement
from quantos.policy.cost.rules import foreseen_violations
from tests.support.demand_cases import make_demand, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

POOLS = ("cpu", "cpu-spot", "memory")
BOTH = ("cpu", "cpu-spot")
CATALOG = load_catalog()
ROUNDING = 1e-6


def priced(*demands: PoolDemand, **changes: object) -> PlanningInputs:
    """Planning of `dev` at the catalog's prices."""
    inputs = make_inputs(*demands, **changes)
    return replace(inputs, nodes=node_prices(inputs.settings, CATALOG))


@st.composite
def drawn_inputs(draw: st.DrawFn) -> PlanningInputs:
    """Any number of strategies over any sets of pools, with any ceilings, needs, silences and sizes that stand."""
    sets = draw(st.lists(st.sets(st.sampled_from(POOLS), min_size=1).map(sorted).map(tuple), max_size=5, unique=True))
    demands = []
    for place, pools in enumerate(sets):
        strategies = [
            make_strategy(
                f"s{place}-{index}",
                pools=pools,
                ceiling_usd_per_hour=draw(st.floats(0.05, 20)),
                placement=Placement(
                    max_spot_share=draw(st.sampled_from([1.0, 0.5])),
                    interruptible_share=draw(st.sampled_from([1.0, 0.4])),
                ),
            )
            for index in range(draw(st.integers(1, 3)))
        ]
        demands.append(
            make_demand(*strategies, upper=draw(st.floats(0, 200)), recent=draw(st.floats(0, 100)), stale=False)
        )
    floors = {pool: draw(st.integers(0, 15)) for pool in POOLS}
    limits = make_settings().limits.model_copy(
        update={"ceiling_usd_per_hour": draw(st.sampled_from([40.0, 12.0])), "max_nodes": draw(st.integers(46, 90))}
    )
    return priced(
        *demands,
        settings=make_settings(limits=limits.model_dump(mode="json")),
        previous={pool: PoolSize(floor=count, ceiling=40) for pool, count in floors.items()},
    )


def ceilings_of(inputs: PlanningInputs, pools: tuple[str, ...]) -> float:
    """What all strategies together may cost that may run on any of some pools."""
    return sum(
        part.strategy.cost.ceiling_usd_per_hour
        for demand in inputs.demands
        for part in demand.strategies
        if set(part.strategy.pools) & set(pools)
    )


def subsets(pools: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [chosen for count in range(1, len(pools) + 1) for chosen in itertools.combinations(pools, count)]


def at_most(inputs: PlanningInputs, plan: ScalingPlan, pools: tuple[str, ...]) -> float:
    return sum(plan.sizes[pool].ceiling * inputs.nodes[pool].usd_per_hour for pool in pools)


def at_least(inputs: PlanningInputs, plan: ScalingPlan, pools: tuple[str, ...]) -> float:
    return sum(max(plan.sizes[pool].floor, 1) * inputs.nodes[pool].usd_per_hour for pool in pools)


@given(inputs=drawn_inputs())
def test_maxima_of_any_pools_cost_no_more_than_the_strategies_that_may_run_there(inputs: PlanningInputs):
    plan = planned(inputs)
    named = tuple(pool for pool in POOLS if inputs.demands_on(pool))

    for pools in subsets(named):
        if all(at_least(inputs, plan, part) <= ceilings_of(inputs, part) + ROUNDING for part in subsets(pools)):
            assert at_most(inputs, plan, pools) <= ceilings_of(inputs, pools) + ROUNDING
    assert all(size.ceiling >= max(size.floor, 1) for size in plan.sizes.values())
    found = foreseen_violations(plan.document(), inputs.settings, catalog=CATALOG)
    assert "shared-ceilings" not in {violation.rule for violation in found}


@given(inputs=drawn_inputs())
def test_one_node_more_of_any_pool_is_more_than_is_paid_for(inputs: PlanningInputs):
    plan = planned(inputs)
    limits = inputs.settings.limits
    spent = at_most(inputs, plan, POOLS)

    for pool in POOLS:
        usd, size = inputs.nodes[pool].usd_per_hour, plan.sizes[pool]
        settings = inputs.settings.pools[pool]
        more = {**plan.sizes, pool: PoolSize(floor=size.floor, ceiling=size.ceiling + 1)}
        refused = foreseen_violations(
            plan.document().model_copy(update={"sizes": more, "previous": {}}), inputs.settings, catalog=CATALOG
        )
        assert (
            size.ceiling >= settings.ceiling_nodes
            or (size.ceiling + 1) * usd > settings.ceiling_usd_per_hour
            or spent + usd > limits.ceiling_usd_per_hour
            or sum(item.ceiling for item in plan.sizes.values()) >= limits.max_nodes
            or "shared-ceilings" in {violation.rule for violation in refused}
        )


def test_a_strategy_of_two_pools_pays_once_for_both():
    inputs = priced(make_demand(make_strategy(pools=BOTH, ceiling_usd_per_hour=6.0), upper=40))

    plan = planned(inputs)

    assert at_most(inputs, plan, BOTH) <= 6.0
    assert at_most(inputs, plan, BOTH) > 6.0 - inputs.nodes["cpu-spot"].usd_per_hour


ENOUGH = 5.8
"""USD/hour that nine nodes on demand cost with the eight on spot that hold as much beside one, and a little more."""
VCPU = 62


def nodes_on_demand(inputs: PlanningInputs, *, share: float = 1.0) -> int:
    return math.ceil(share * VCPU / inputs.nodes["cpu"].vcpu)


def test_on_demand_has_room_for_all_that_runs_on_spot_before_spot_may_grow():
    inputs = priced(make_demand(make_strategy(pools=BOTH, ceiling_usd_per_hour=ENOUGH), upper=VCPU))

    plan = planned(inputs)

    spot, on_demand = plan.sizes["cpu-spot"], plan.sizes["cpu"]
    assert (spot.floor + on_demand.floor, on_demand.floor) == (nodes_on_demand(inputs), 1)
    assert on_demand.ceiling >= nodes_on_demand(inputs)
    assert all(item.unmet == () for item in plan.explanation.pools)


@pytest.mark.parametrize(
    ("placement", "share"),
    [
        pytest.param(Placement(), 1.0, id="all-that-is-on-spot"),
        pytest.param(Placement(max_spot_share=0.5), 1.0, id="half-of-it-and-what-stands"),
        pytest.param(Placement(max_pool_share=0.9), 0.9, id="no-more-than-one-pool-may-hold"),
    ],
)
def test_what_is_reserved_is_what_may_run_on_demand(placement: Placement, share: float):
    strategy = make_strategy(pools=BOTH, ceiling_usd_per_hour=ENOUGH, placement=placement)
    inputs = priced(make_demand(strategy, upper=VCPU, recent=0))

    plan = planned(inputs)

    assert plan.sizes["cpu"].ceiling >= nodes_on_demand(inputs, share=share)


def test_nothing_is_reserved_for_what_must_be_spot():
    only_spot = make_strategy(pools=BOTH, ceiling_usd_per_hour=4.0, placement=Placement(min_spot_share=1.0))

    plan = planned(priced(make_demand(only_spot, upper=VCPU, recent=0)))

    assert plan.sizes["cpu-spot"].ceiling > plan.sizes["cpu-spot"].floor
    assert all(item.unmet == () for item in plan.explanation.pools)


def test_spot_that_could_not_be_replaced_is_told():
    inputs = priced(make_demand(make_strategy(pools=BOTH, ceiling_usd_per_hour=2.4), upper=VCPU))

    plan = planned(inputs)

    assert plan.sizes["cpu"].ceiling < nodes_on_demand(inputs)
    (told,) = {sentence for item in plan.explanation.pools for sentence in item.unmet}
    assert told.startswith(
        f"orders: if its spot nodes are lost, cpu may grow to {plan.sizes['cpu'].ceiling} nodes, and"
    )
