"""Silence never lowers a floor; what people decide does, and what is known of other strategies."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.demand.pool_demand import PoolDemand, SilentFeed
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.contracts.plan import PoolSize, ScalingPlan, StrategyCost
from quantos.contracts.strategy import Strategy
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support.demand_cases import BIN_END, NODE, make_demand, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

NEVER = SilentFeed(source=None, since=None, held_vcpu=0.0)
A, B = make_strategy("a"), make_strategy("b", series="workload/b")


def demand_of(*strategies: Strategy, silent: tuple[str, ...] = (), vcpu: float = 0.0) -> PoolDemand:
    """Of strategies on the same pools; those that speak need `vcpu` together, those that are silent say nothing."""
    found = make_demand(*strategies, upper=vcpu, recent=vcpu, peak=vcpu)
    parts = [
        replace(part, stale=True, weight_vcpu=0.0, silences=(NEVER,)) if part.strategy.name in silent else part
        for part in found.strategies
    ]
    return replace(found, strategies=tuple(parts))


def standing(inputs: PlanningInputs, **nodes: Mapping[str, float]) -> PlanningInputs:
    """The inputs, on a document that says what every strategy filled, by pool."""
    costs = {
        name: StrategyCost(
            usd_per_hour=sum(count * inputs.nodes[pool].usd_per_hour for pool, count in filled.items()),
            ceiling_usd_per_hour=12.0,
            nodes=dict(filled),
        )
        for name, filled in nodes.items()
    }
    return replace(inputs, standing_costs=costs)


def inputs_of(*demands: PoolDemand, settings: EnvironmentSettings | None = None, **floors: int) -> PlanningInputs:
    previous = {pool.replace("_", "-"): PoolSize(floor=count, ceiling=40) for pool, count in floors.items()}
    return make_inputs(*demands, settings=settings, previous=previous)


def floor(plan: ScalingPlan, pool: str = "cpu") -> int:
    return plan.sizes[pool].floor


@given(
    a=st.floats(0, 12),
    b=st.floats(0, 12),
    spare=st.integers(0, 4),
    written=st.booleans(),
    pools=st.sampled_from([1, 2]),
)
def test_no_floor_falls_while_nothing_is_known(a: float, b: float, spare: int, written: bool, pools: int):
    names = ("cpu", "cpu-spot")[:pools]
    both = (replace_pools(A, names), replace_pools(B, names))
    stood = {"cpu": math.ceil(a + b) + spare, "cpu_spot": math.ceil(a) if pools == 2 else 0}
    inputs = inputs_of(demand_of(*both, silent=("a", "b")), **stood)
    if written:
        spot = {"cpu-spot": a} if pools == 2 else {}
        inputs = standing(inputs, a={"cpu": a, **spot}, b={"cpu": b})

    plan = planned(inputs)

    assert floor(plan) >= stood["cpu"]
    assert floor(plan, "cpu-spot") >= stood["cpu_spot"]


@given(known=st.floats(0, 80))
def test_of_two_strategies_on_a_pool_only_the_silent_ones_part_is_held(known: float):
    inputs = standing(inputs_of(demand_of(A, B, silent=("a",), vcpu=known), cpu=7), a={"cpu": 3.2}, b={"cpu": 3.4})

    plan = planned(inputs)

    assert floor(plan) >= 4
    assert floor(plan) == max(math.ceil(3.2 + known / NODE.vcpu - 1e-6), 4)
    assert plan.strategy_costs["a"].nodes["cpu"] == pytest.approx(3.2, abs=1e-4)


def test_what_silence_holds_is_told_with_its_price():
    since = replace(NEVER, since=BIN_END.replace(hour=9))
    quiet = demand_of(A, B, silent=("a",), vcpu=8)
    parts = tuple(replace(part, silences=(since,)) if part.stale else part for part in quiet.strategies)
    inputs = standing(inputs_of(replace(quiet, strategies=parts), cpu=7), a={"cpu": 3.2}, b={"cpu": 3.4})

    plan = planned(inputs)

    (silence,) = plan.explanation.silences
    assert (silence.strategy, silence.series, silence.since) == ("a", "workload/orders", BIN_END.replace(hour=9))
    assert silence.usd_per_hour == pytest.approx(3.6 * NODE.usd_per_hour)
    degraded = plan.explanation.pools[0].degraded or ""
    assert "workload/orders is silent since 2026-03-02 09:30 UTC: 3.6 nodes of cpu are held for a, 1.80 USD" in degraded
    assert "1.80 USD/hour are held for what is not known of a" in plan.explanation.sentence


def replace_pools(strategy: Strategy, pools: tuple[str, ...]) -> Strategy:
    return strategy.model_copy(update={"pools": pools})


def dearer(strategy: Strategy, *, ceiling: float) -> Strategy:
    return make_strategy(strategy.name, series=strategy.series, ceiling_usd_per_hour=ceiling)


@pytest.mark.parametrize(
    ("demands", "most"),
    [
        pytest.param((demand_of(B, silent=("b",)),), 4, id="a-strategy-removed"),
        pytest.param((), 1, id="all-strategies-removed"),
        pytest.param((demand_of(dearer(A, ceiling=1.0), B, silent=("a", "b")),), 6, id="a-ceiling-lowered"),
        pytest.param(
            (demand_of(replace_pools(A, ("memory",)), silent=("a",)), demand_of(B, silent=("b",))),
            4,
            id="pools-changed",
        ),
    ],
)
def test_what_people_decide_about_strategies_lowers_a_floor_in_silence(demands: tuple[PoolDemand, ...], most: int):
    plan = planned(standing(inputs_of(*demands, cpu=7), a={"cpu": 3.2}, b={"cpu": 3.4}))

    assert floor(plan) <= most


@pytest.mark.parametrize("written", [True, False])
def test_limits_of_pool_and_environment_lower_a_floor_in_silence(written: bool):
    lowered = make_settings()
    pools = {**lowered.pools, "cpu": lowered.pools["cpu"].model_copy(update={"ceiling_nodes": 5})}
    budget = lowered.limits.model_copy(update={"ceiling_usd_per_hour": 3.0})

    for settings, most in (
        (lowered.model_copy(update={"pools": pools}), 5),
        (lowered.model_copy(update={"limits": budget}), 6),
    ):
        inputs = inputs_of(demand_of(A, B, silent=("a", "b")), settings=settings, cpu=7)
        plan = planned(standing(inputs, a={"cpu": 3.2}, b={"cpu": 3.4}) if written else inputs)

        assert floor(plan) <= most


def test_a_silent_strategy_that_changes_pools_keeps_what_it_had_in_the_new_ones():
    moved = demand_of(replace_pools(A, ("memory",)), silent=("a",))

    plan = planned(standing(inputs_of(moved, cpu=4, memory=1), a={"cpu": 3.2}))

    assert floor(plan, "memory") == 4
    assert floor(plan) == 1
