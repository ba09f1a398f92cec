from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quantos.capacity.planning.explanation import shortage_probability
from quantos.contracts.plan import PoolSize
from tests.support.demand_cases import make_demand, make_forecast, make_inputs, make_strategy, planned

BEFORE = {
    "cpu": PoolSize(floor=4, ceiling=32),
    "cpu-spot": PoolSize(floor=0, ceiling=10),
    "memory": PoolSize(floor=1, ceiling=20),
}


def test_risk_is_read_off_the_quantiles():
    forecast = make_forecast(upper=100)

    risks = [shortage_probability(forecast, capacity_vcpu=capacity) for capacity in (0, 25, 50, 65, 80, 100)]

    assert risks == pytest.approx([1.0, 0.75, 0.5, 0.3, 0.1, 0.02])
    assert 0 < shortage_probability(forecast, capacity_vcpu=120) < 0.02


def test_levels_that_coincide_promise_nothing_beyond_them():
    close = replace(make_forecast(), peaks=(35.0, 70.0, 70.0))
    same = replace(make_forecast(), peaks=(70.0, 70.0, 70.0))

    assert shortage_probability(close, capacity_vcpu=80) == pytest.approx(0.02 * 0.2 ** (10 / 35))
    assert shortage_probability(same, capacity_vcpu=80) == pytest.approx(0.02)


def test_nothing_expected_cannot_run_short():
    assert shortage_probability(make_forecast(upper=0), capacity_vcpu=0) == 0


@settings(deadline=None)
@given(small=st.floats(0, 500), great=st.floats(0, 500), upper=st.floats(0, 300))
@example(small=0.0, great=2.0, upper=7.664583583084465e-308)
def test_more_capacity_never_risks_more(small: float, great: float, upper: float):
    forecast = make_forecast(upper=upper)
    less, more = sorted((small, great))

    risk = shortage_probability(forecast, capacity_vcpu=less)

    assert 0 <= shortage_probability(forecast, capacity_vcpu=more) <= risk <= 1


def test_the_sentence_says_who_what_when_why_and_for_how_much():
    plan = planned(make_inputs(make_demand(), previous=BEFORE))

    assert plan.explanation.sentence == (
        "Pool cpu rises from 4 to 9 nodes: orders used 30 vCPU at 14:30 UTC and should stay under 70 until 16:00 UTC "
        "(98.0% sure); the floor is set by the forecast; the floors cost 5.00 USD/hour, 2.50 more than before; "
        "one node fewer would save 0.50 and run short with a probability of 5.4%."
    )


def test_the_sentence_of_a_quiet_bin_says_that_nothing_moves():
    previous = {**BEFORE, "cpu": PoolSize(floor=9, ceiling=32)}
    plan = planned(make_inputs(make_demand(), previous=previous))

    assert plan.explanation.sentence == (
        "Every pool keeps its floor (cpu 9, cpu-spot 0, memory 1 nodes); the floors cost 5.00 USD/hour."
    )


def test_a_held_floor_says_why_it_is_held():
    previous = {**BEFORE, "cpu": PoolSize(floor=12, ceiling=32)}
    plan = planned(make_inputs(make_demand(stale=True), previous=previous))

    assert "cpu is held by the floor before, held while telemetry is silent" in plan.explanation.sentence


def test_alternatives_are_priced_and_risked():
    (pool,) = planned(make_inputs(make_demand(), previous=BEFORE)).explanation.pools

    found = {choice.name: (choice.nodes, choice.usd_per_hour) for choice in pool.alternatives}
    risks = {choice.name: choice.risk_of_shortage for choice in pool.alternatives}

    assert found == {"reactive": (4, 2.0), "static": (13, 6.5), "one-cheaper": (8, 4.0), "one-more": (10, 5.0)}
    assert risks["reactive"] > risks["one-cheaper"] > risks["static"]


def test_one_cheaper_is_no_choice_below_the_environment_floor():
    (pool,) = planned(make_inputs(make_demand(upper=0, recent=0))).explanation.pools

    assert [choice.name for choice in pool.alternatives] == ["reactive", "static", "one-more"]


def test_one_node_more_is_told_with_its_cost_and_what_it_cuts():
    (pool,) = planned(make_inputs(make_demand(), previous=BEFORE)).explanation.pools

    assert pool.risk_of_shortage == pytest.approx(0.02 * 0.2 ** (2 / 21), abs=1e-6)
    assert pool.sensitivity == (
        "one node more would cost 0.50 USD/hour and cut the risk of running short from 1.7% to 0.9%"
    )


def test_at_the_ceiling_one_node_more_is_said_to_be_beyond_it():
    demand = make_demand(make_strategy(ceiling_usd_per_hour=2.0))
    (pool,) = planned(make_inputs(demand, previous=BEFORE)).explanation.pools

    assert pool.sensitivity is not None
    assert pool.sensitivity.startswith("one node more than is allowed would cost 0.50 USD/hour")


def test_where_one_node_more_changes_nothing_it_says_so():
    (pool,) = planned(make_inputs(make_demand(upper=0, recent=0))).explanation.pools

    assert pool.sensitivity == (
        "one node more would cost 0.50 USD/hour and leave the risk of running short at less than 0.1%"
    )


@settings(deadline=None, max_examples=60)
@given(upper=st.floats(0, 400), recent=st.floats(0, 400), peak=st.floats(0, 400), floor=st.integers(0, 32))
def test_figures_agree_with_one_another(upper: float, recent: float, peak: float, floor: int):
    previous = {**BEFORE, "cpu": PoolSize(floor=floor, ceiling=32)}
    plan = planned(make_inputs(make_demand(upper=upper, recent=recent, peak=peak), previous=previous))
    (pool,) = plan.explanation.pools
    size, cost = plan.sizes["cpu"], plan.pool_costs["cpu"]
    own = (size.floor, pool.risk_of_shortage or 0.0, cost.floor_usd_per_hour)

    known = [own, *((item.nodes, item.risk_of_shortage, item.usd_per_hour) for item in pool.alternatives)]
    ordered = sorted(known, key=lambda item: item[0])

    assert {"one-more": size.floor + 1}.items() <= {item.name: item.nodes for item in pool.alternatives}.items()
    assert [item[1] for item in ordered] == sorted((item[1] for item in known), reverse=True)
    assert [item[2] for item in ordered] == sorted(item[2] for item in known)
    assert [item.level for item in pool.quantiles] == sorted({item.level for item in pool.quantiles})
    assert [item.vcpu for item in pool.quantiles] == sorted(item.vcpu for item in pool.quantiles)
    assert (pool.quantiles[-1].vcpu, pool.quantiles[-1].level) == (pool.demand_upper_vcpu, pool.level)
    assert (
        planned(make_inputs(make_demand(upper=upper, recent=recent, peak=peak), previous=previous)).plan_id
        == plan.plan_id
    )
