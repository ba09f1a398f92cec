from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.contracts.plan import PlanDocument, PoolSize
from quantos.contracts.strategy import Placement
from tests.support.demand_cases import BIN_END, NODE, make_demand, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

NONE = PoolSize(floor=0, ceiling=10)
vcpu = st.floats(0, 1000)
LIMITS = make_settings().limits
WEALTHY = make_strategy(ceiling_usd_per_hour=99)
ONE_STEP = make_settings(
    limits=LIMITS.model_copy(update={"max_step_up_nodes": 99, "max_step_down_nodes": 99}).model_dump(mode="json")
)


def floor(**demand: float) -> int:
    return planned(make_inputs(make_demand(WEALTHY, **demand), settings=ONE_STEP)).sizes["cpu"].floor


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
        pytest.param(
            make_demand(make_strategy(ceiling_usd_per_hour=99), upper=999, recent=0),
            32,
            "16.00 USD/hour",
            id="pool-usd",
        ),
    ],
)
def test_the_floor_is_the_greatest_need_and_names_what_binds(demand, nodes: int, binding: str):
    plan = planned(make_inputs(demand, settings=ONE_STEP))

    assert plan.sizes["cpu"].floor == nodes
    assert binding in plan.explanation.pools[0].binding


def test_the_pool_node_limit_caps_the_floor():
    settings = make_settings()
    cpu = settings.pools["cpu"].model_copy(update={"ceiling_nodes": 6})
    settings = settings.model_copy(update={"pools": {**settings.pools, "cpu": cpu}})

    plan = planned(make_inputs(make_demand(upper=70), settings=settings))

    assert plan.sizes["cpu"] == PoolSize(floor=6, ceiling=6)
    assert plan.explanation.pools[0].binding == "the pool's limit of 6 nodes, which leaves orders 22.0 vCPU short"


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

    plan = planned(make_inputs(demand, previous=previous))

    assert plan.sizes["cpu"].floor >= before
    assert "stale feed of orders" in (plan.explanation.pools[0].degraded or "")


@settings(deadline=None)
@given(upper=vcpu, recent=vcpu, ceiling=st.floats(0.01, 40))
def test_ceilings_hold_floors_and_the_environment(upper: float, recent: float, ceiling: float):
    demand = make_demand(make_strategy(ceiling_usd_per_hour=ceiling), upper=upper, recent=recent)

    plan = planned(make_inputs(demand))
    size, cost = plan.sizes["cpu"], plan.strategy_costs["orders"]

    assert 1 <= size.ceiling <= 32
    assert size.floor <= size.ceiling
    assert size.ceiling == max(size.floor, 1) or size.ceiling * NODE.usd_per_hour <= ceiling + 1e-6
    assert cost.usd_per_hour <= cost.ceiling_usd_per_hour


@settings(deadline=None)
@given(weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=5), upper=vcpu)
def test_costs_add_up(weights: list[float], upper: float):
    strategies = [make_strategy(f"s{index}") for index in range(len(weights))]
    plan = planned(make_inputs(make_demand(*strategies, upper=upper, weights=tuple(weights))))

    cpu, choice = plan.pool_costs["cpu"], plan.explanation.choice
    filled = sum(cost.usd_per_hour for cost in plan.strategy_costs.values())
    assert choice is not None
    assert filled + choice.idle_usd_per_hour == pytest.approx(plan.usd_per_hour_after, abs=1e-4)
    assert filled <= cpu.floor_usd_per_hour + 1e-4
    assert cpu.floor_usd_per_hour == plan.sizes["cpu"].floor * cpu.usd_per_node_hour
    assert plan.usd_per_hour_after == pytest.approx(sum(cost.floor_usd_per_hour for cost in plan.pool_costs.values()))


def test_a_cost_is_shared_by_demand():
    demand = make_demand(make_strategy("a"), make_strategy("b"), upper=64, weights=(30, 10))

    costs = planned(make_inputs(demand)).strategy_costs

    assert costs["a"].usd_per_hour == pytest.approx(3.0)
    assert costs["b"].usd_per_hour == pytest.approx(1.0)


def test_stated_throughput_comes_on_top_of_what_others_need():
    idle = make_strategy("idle", min_throughput_units=160)
    demand = make_demand(make_strategy("busy"), idle, upper=32, weights=(32, 0))

    assert planned(make_inputs(demand)).sizes["cpu"].floor == 6


def test_a_pool_without_strategies_stays_at_its_floor():
    plan = planned(make_inputs(previous={"memory": PoolSize(floor=7, ceiling=9)}))

    assert plan.sizes["memory"].floor == 1
    assert plan.sizes["cpu-spot"].floor == 0
    assert plan.sizes["cpu-spot"].ceiling == 20
    assert plan.previous["memory"] == PoolSize(floor=7, ceiling=9)
    assert plan.explanation.pools == ()


def test_a_strategy_that_needs_more_than_its_ceiling_gives_way_and_is_named():
    plan = planned(make_inputs(make_demand(make_strategy(ceiling_usd_per_hour=2.0), upper=70)))

    assert plan.sizes["cpu"] == PoolSize(floor=4, ceiling=4)
    assert plan.strategy_costs["orders"].usd_per_hour == pytest.approx(2.0, abs=1e-3)
    (gave,) = plan.explanation.gave_way
    assert gave.startswith("orders (priority 50) is given 38.0 vCPU (54.3%) less than it needs, bound by its own ceil")
    assert gave in plan.explanation.sentence
    assert plan.explanation.pools[0].binding == "its own ceiling in USD/hour, which leaves orders 38.0 vCPU short"


def test_throughput_that_its_ceiling_does_not_pay_is_planned_and_foreseen_to_be_refused():
    seen: list[PlanDocument] = []

    def refuse(document: PlanDocument) -> tuple[str, ...]:
        seen.append(document)
        return ("orders costs too much",)

    demand = make_demand(make_strategy(ceiling_usd_per_hour=2.0, min_throughput_units=700), upper=30)
    plan = planned(make_inputs(demand), check=refuse)

    assert plan.sizes["cpu"] == PoolSize(floor=9, ceiling=9)
    assert plan.strategy_costs["orders"].usd_per_hour > 4
    assert plan.explanation.expected_violations == ("orders costs too much",)
    assert "will refuse this: orders costs too much" in plan.explanation.sentence
    assert seen == [plan.document().model_copy(update={"plan_id": ""})]


def test_the_cheapest_of_its_pools_holds_a_strategy_beside_nodes_that_stand_anyway():
    both = make_strategy(pools=("cpu", "cpu-spot"))

    plan = planned(make_inputs(make_demand(both, upper=70)))

    assert (plan.sizes["cpu-spot"].floor, plan.sizes["cpu"].floor) == (8, 1)
    on_spot = next(item for item in plan.explanation.pools if item.pool == "cpu-spot")
    assert (on_spot.strategies, on_spot.elsewhere_vcpu, on_spot.binding) == (("orders",), 8.0, "the forecast")


def test_limits_of_spot_and_of_one_pool_divide_a_strategy():
    careful = make_strategy(pools=("cpu", "cpu-spot"), placement=Placement(max_spot_share=0.25))

    plan = planned(make_inputs(make_demand(careful, upper=62)))

    assert (plan.sizes["cpu-spot"].floor, plan.sizes["cpu"].floor) == (2, 6)
    on_demand, on_spot = plan.explanation.pools
    assert (on_demand.pool, on_demand.elsewhere_vcpu) == ("cpu", 16)
    assert (on_spot.pool, on_spot.elsewhere_vcpu) == ("cpu-spot", 48)
    assert on_spot.risk_of_shortage == on_demand.risk_of_shortage


def test_spot_that_no_pool_of_a_strategy_has_is_told():
    batch = make_strategy(placement=Placement(min_spot_share=0.5))

    (reasoning,) = planned(make_inputs(make_demand(batch, upper=64))).explanation.pools

    assert reasoning.unmet == ("orders: 50% of it are to be spot, and no pool of its is",)


def test_when_the_budget_cannot_hold_all_the_more_important_strategy_is_held():
    tight = make_settings(
        limits=LIMITS.model_copy(update={"ceiling_usd_per_hour": 5.0, "max_step_up_nodes": 99}).model_dump(mode="json")
    )
    vital, optional = make_strategy("vital", priority=90), make_strategy("optional", priority=10)
    demand = make_demand(vital, optional, upper=120, weights=(60, 60))

    plan = planned(make_inputs(demand, settings=tight))

    assert plan.usd_per_hour_after <= 5.0
    assert sum(cost.ceiling_usd_per_hour for cost in plan.pool_costs.values()) <= 5.2
    (gave,) = plan.explanation.gave_way
    assert gave.startswith("optional (priority 10)")
    assert "the environment's budget" in gave


@settings(deadline=None)
@given(before=st.tuples(st.integers(0, 200), st.integers(0, 200)), upper=vcpu)
def test_pools_far_above_their_limits_come_down_step_by_step(before: tuple[int, int], upper: float):
    previous = {"cpu": PoolSize(floor=before[0], ceiling=200), "memory": PoolSize(floor=before[1], ceiling=200)}

    plan = planned(make_inputs(make_demand(upper=upper), previous={**previous, "cpu-spot": NONE}))

    down = sum(max(size.floor - plan.sizes[pool].floor, 0) for pool, size in previous.items())
    assert down <= LIMITS.max_step_down_nodes
    within = plan.sizes["cpu"].floor <= 32 and plan.sizes["memory"].floor <= 20
    assert within or down == LIMITS.max_step_down_nodes


def test_the_same_inputs_make_the_same_plan_and_its_id_is_its_digest():
    plan, again = planned(make_inputs(make_demand())), planned(make_inputs(make_demand()))

    assert plan == again
    assert plan.plan_id == plan.content_digest()
    assert plan.signature == ""


def test_times_come_from_the_bin():
    plan = planned(make_inputs(make_demand()))

    assert plan.created_at == BIN_END
    assert plan.sequence == int(BIN_END.timestamp())
    assert plan.expires_at == BIN_END + timedelta(seconds=900)


@pytest.mark.parametrize(
    ("recent", "soon", "before", "urgent"),
    [
        pytest.param(80, 0, 8, True, id="measured-demand-is-a-dead-band-ahead"),
        pytest.param(30, 80, 8, True, id="as-likely-as-not-it-soon-will-be"),
        pytest.param(72, 72, 8, False, id="within-the-dead-band"),
        pytest.param(30, 30, 8, False, id="enough"),
        pytest.param(900, 0, 32, False, id="no-more-may-be-had"),
    ],
)
def test_a_plan_is_urgent_when_what_is_needed_now_or_soon_is_ahead_of_the_floor(
    recent: float, soon: float, before: int, urgent: bool
):
    demand = make_demand(upper=200, recent=recent, soon=soon)
    inputs = make_inputs(demand, previous={"cpu": PoolSize(floor=before, ceiling=40)})

    assert planned(inputs).urgent is urgent


def test_a_move_to_a_cheaper_pool_is_not_urgent():
    both = make_strategy(pools=("cpu", "cpu-spot"))
    inputs = make_inputs(make_demand(both, upper=64, recent=64), previous={"cpu": PoolSize(floor=8, ceiling=32)})

    plan = planned(inputs)

    assert plan.sizes["cpu-spot"].floor > 0
    assert not plan.urgent


def test_a_rise_beyond_the_step_goes_as_far_as_one_plan_may():
    first = planned(make_inputs(make_demand(make_strategy(ceiling_usd_per_hour=16), upper=240)))
    second = planned(make_inputs(make_demand(make_strategy(ceiling_usd_per_hour=16), upper=240), previous=first.sizes))

    assert [first.sizes["cpu"].floor, second.sizes["cpu"].floor] == [21, 30]
    assert "the step that one plan may take, which leaves orders 72.0 vCPU short" in first.explanation.pools[0].binding


@settings(deadline=None)
@given(
    wanted=st.dictionaries(st.sampled_from(["cpu", "memory"]), vcpu, min_size=1),
    before=st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_no_plan_moves_further_than_the_step_or_away_from_where_it_wants(wanted, before: tuple[int, int]):
    previous = {
        "cpu": PoolSize(floor=before[0], ceiling=40),
        "memory": PoolSize(floor=before[1], ceiling=40),
        "cpu-spot": NONE,
    }
    demands = [make_demand(make_strategy(pool, pools=(pool,)), upper=upper, recent=0) for pool, upper in wanted.items()]
    paced = planned(make_inputs(*demands, previous=previous))
    wished = planned(make_inputs(*demands, previous=previous, settings=ONE_STEP))

    moved = {pool: paced.sizes[pool].floor - size.floor for pool, size in previous.items()}
    wish = {pool: wished.sizes[pool].floor - size.floor for pool, size in previous.items()}
    assert sum(step for step in moved.values() if step > 0) <= LIMITS.max_step_up_nodes
    assert -sum(step for step in moved.values() if step < 0) <= LIMITS.max_step_down_nodes
    for pool, step in moved.items():
        assert 0 <= step * wish[pool] <= wish[pool] ** 2
    if sum(map(abs, wish.values())) <= 20:
        assert moved == wish
