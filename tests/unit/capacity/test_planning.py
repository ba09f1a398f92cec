from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.capacity.planning import make_plan
from quantos.contracts.plan import PlanDocument, PoolSize
from tests.support.demand_cases import BIN_END, PRICE, make_demand, make_inputs, make_strategy
from tests.support.environments import make_settings

vcpu = st.floats(0, 1000)
LIMITS = make_settings().limits
ONE_STEP = make_settings(
    limits=LIMITS.model_copy(update={"max_step_up_nodes": 99, "max_step_down_nodes": 99}).model_dump(mode="json")
)


def floor(**demand: float) -> int:
    return make_plan(make_inputs(make_demand(**demand), settings=ONE_STEP)).sizes["cpu"].floor


@pytest.mark.parametrize(
    ("demand", "nodes", "binding"),
    [
        pytest.param(make_demand(upper=70, recent=30), 9, "the forecast", id="forecast"),
        pytest.param(make_demand(upper=64, recent=30), 8, "the forecast", id="exactly-full"),
        pytest.param(make_demand(upper=20, recent=33), 5, "demand already measured", id="reactive"),
        pytest.param(
            make_demand(make_strategy(min_throughput_units=500), upper=20, recent=8), 7, "throughput", id="throughput"
        ),
        pytest.param(make_demand(upper=0, recent=0), 1, "the environment's floor", id="environment"),
        pytest.param(make_demand(upper=999, recent=0), 32, "16.00 USD/hour", id="pool-usd"),
    ],
)
def test_the_floor_is_the_greatest_need_and_names_what_binds(demand, nodes: int, binding: str):
    plan = make_plan(make_inputs(demand, settings=ONE_STEP))

    assert plan.sizes["cpu"].floor == nodes
    assert binding in plan.explanation.pools[0].binding


def test_the_pool_node_limit_caps_the_floor():
    settings = make_settings()
    cpu = settings.pools["cpu"].model_copy(update={"ceiling_nodes": 6})
    settings = settings.model_copy(update={"pools": {**settings.pools, "cpu": cpu}})

    plan = make_plan(make_inputs(make_demand(upper=70), settings=settings))

    assert plan.sizes["cpu"] == PoolSize(floor=6, ceiling=6)
    assert "limit of 6 nodes, which is below the 9 nodes needed" in plan.explanation.pools[0].binding


@settings(deadline=None)
@given(lower=vcpu, upper=vcpu, recent=vcpu)
def test_the_floor_never_falls_when_demand_rises(lower: float, upper: float, recent: float):
    small, great = sorted((lower, upper))

    assert floor(upper=small, recent=recent) <= floor(upper=great, recent=recent)
    assert floor(upper=recent, recent=small) <= floor(upper=recent, recent=great)


@settings(deadline=None)
@given(upper=vcpu, recent=vcpu, before=st.integers(0, 32))
def test_silent_telemetry_never_lowers_the_floor(upper: float, recent: float, before: int):
    demand = make_demand(upper=upper, recent=recent, stale=True)
    previous = {"cpu": PoolSize(floor=before, ceiling=40)}

    plan = make_plan(make_inputs(demand, previous=previous))

    assert plan.sizes["cpu"].floor >= before
    assert "stale feed of orders" in (plan.explanation.pools[0].degraded or "")


@settings(deadline=None)
@given(upper=vcpu, recent=vcpu, ceiling=st.floats(0.01, 40))
def test_ceilings_hold_floors_and_the_environment(upper: float, recent: float, ceiling: float):
    demand = make_demand(make_strategy(ceiling_usd_per_hour=ceiling), upper=upper, recent=recent)

    size = make_plan(make_inputs(demand)).sizes["cpu"]

    assert 1 <= size.ceiling <= 32
    assert size.floor <= size.ceiling
    assert size.ceiling == max(size.floor, 1) or size.ceiling * PRICE.usd_per_hour <= ceiling + 1e-6


@settings(deadline=None)
@given(weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=5), upper=vcpu)
def test_costs_add_up(weights: list[float], upper: float):
    strategies = [make_strategy(f"s{index}") for index in range(len(weights))]
    plan = make_plan(make_inputs(make_demand(*strategies, upper=upper, weights=tuple(weights))))

    cpu = plan.pool_costs["cpu"]
    assert sum(cost.usd_per_hour for cost in plan.strategy_costs.values()) == pytest.approx(cpu.floor_usd_per_hour)
    assert cpu.floor_usd_per_hour == plan.sizes["cpu"].floor * cpu.usd_per_node_hour
    assert plan.usd_per_hour_after == pytest.approx(sum(cost.floor_usd_per_hour for cost in plan.pool_costs.values()))


def test_a_cost_is_shared_by_demand():
    demand = make_demand(make_strategy("a"), make_strategy("b"), upper=64, weights=(30, 10))

    costs = make_plan(make_inputs(demand)).strategy_costs

    assert costs["a"].usd_per_hour == pytest.approx(3.0)
    assert costs["b"].usd_per_hour == pytest.approx(1.0)


def test_a_pool_without_strategies_stays_at_its_floor():
    plan = make_plan(make_inputs(previous={"memory": PoolSize(floor=7, ceiling=9)}))

    assert plan.sizes["memory"].floor == 1
    assert plan.sizes["cpu-spot"].floor == 0
    assert plan.sizes["cpu-spot"].ceiling == 10
    assert plan.previous["memory"] == PoolSize(floor=7, ceiling=9)
    assert plan.explanation.pools == ()


def test_a_strategy_that_needs_more_than_its_ceiling_is_planned_and_foreseen_to_be_refused():
    seen: list[PlanDocument] = []

    def refuse(document: PlanDocument) -> tuple[str, ...]:
        seen.append(document)
        return ("orders costs too much",)

    demand = make_demand(make_strategy(ceiling_usd_per_hour=2.0), upper=70)
    plan = make_plan(replace(make_inputs(demand), check=refuse))

    assert plan.sizes["cpu"] == PoolSize(floor=9, ceiling=9)
    assert plan.explanation.expected_violations == ("orders costs too much",)
    assert "will refuse this: orders costs too much" in plan.explanation.sentence
    assert seen == [plan.document().model_copy(update={"plan_id": ""})]


def test_the_same_inputs_make_the_same_plan_and_its_id_is_its_digest():
    plan, again = make_plan(make_inputs(make_demand())), make_plan(make_inputs(make_demand()))

    assert plan == again
    assert plan.plan_id == plan.content_digest()
    assert plan.signature == ""


def test_times_come_from_the_bin():
    plan = make_plan(make_inputs(make_demand()))

    assert plan.created_at == BIN_END
    assert plan.sequence == int(BIN_END.timestamp())
    assert plan.expires_at == BIN_END + timedelta(seconds=900)


@pytest.mark.parametrize(
    ("recent", "before", "urgent"),
    [
        pytest.param(80, 8, True, id="measured-demand-is-a-dead-band-ahead"),
        pytest.param(72, 8, False, id="within-the-dead-band"),
        pytest.param(30, 8, False, id="enough"),
        pytest.param(900, 32, False, id="no-more-may-be-had"),
    ],
)
def test_a_plan_is_urgent_when_measured_demand_is_ahead_of_the_floor(recent: float, before: int, urgent: bool):
    inputs = make_inputs(make_demand(upper=200, recent=recent), previous={"cpu": PoolSize(floor=before, ceiling=40)})

    assert make_plan(inputs).urgent is urgent


def test_a_rise_beyond_the_step_goes_as_far_as_one_plan_may():
    first = make_plan(make_inputs(make_demand(upper=240)))
    second = make_plan(make_inputs(make_demand(upper=240), previous=first.sizes))

    assert [first.sizes["cpu"].floor, second.sizes["cpu"].floor] == [21, 30]
    assert "on the way to a floor of 30" in first.explanation.pools[0].binding


@settings(deadline=None)
@given(
    wanted=st.dictionaries(st.sampled_from(["cpu", "memory"]), vcpu, min_size=1),
    before=st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_no_plan_moves_further_than_the_step_or_away_from_where_it_wants(wanted, before: tuple[int, int]):
    previous = {
        "cpu": PoolSize(floor=before[0], ceiling=40),
        "memory": PoolSize(floor=before[1], ceiling=40),
        "cpu-spot": PoolSize(floor=0, ceiling=10),
    }
    demands = {
        pool: make_demand(make_strategy(pool, pool=pool), upper=upper, recent=0) for pool, upper in wanted.items()
    }
    paced = make_plan(replace(make_inputs(previous=previous), demands=demands))
    wished = make_plan(replace(make_inputs(previous=previous, settings=ONE_STEP), demands=demands))

    moved = {pool: paced.sizes[pool].floor - size.floor for pool, size in previous.items()}
    wish = {pool: wished.sizes[pool].floor - size.floor for pool, size in previous.items()}
    assert sum(step for step in moved.values() if step > 0) <= LIMITS.max_step_up_nodes
    assert -sum(step for step in moved.values() if step < 0) <= LIMITS.max_step_down_nodes
    for pool, step in moved.items():
        assert 0 <= step * wish[pool] <= wish[pool] ** 2
    if sum(map(abs, wish.values())) <= 20:
        assert moved == wish
