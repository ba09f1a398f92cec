"""What submitted runs are known to need is held, whatever is forecast, and is told as that."""

from dataclasses import replace

from quantos.allocation.choice import Resources
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.planning.requirement import FORECAST, SCHEDULED, strategy_needs
from quantos.capacity.reporting.plan_text import explain_text
from tests.support.demand_cases import NODE, make_demand, make_inputs, make_strategy, planned

RUNS = make_strategy("orch-cpu", series="workload/orch-cpu", units_per_vcpu=1.0)


def with_runs(vcpu: float, *, soon: float = 0.0, upper: float = 40.0) -> PoolDemand:
    """Demand of orders alone, beside runs of which nothing was measured yet."""
    demand = make_demand(make_strategy(), RUNS, upper=upper, recent=8.0, weights=(8.0, 0.0))
    orders, runs = demand.strategies
    return replace(demand, strategies=(orders, replace(runs, scheduled_vcpu=vcpu, scheduled_soon_vcpu=soon)))


def test_runs_are_given_what_they_are_known_to_need_beside_what_is_forecast_of_others():
    orders, runs = strategy_needs(with_runs(24.0, soon=6.0), nodes={"cpu": NODE}, bin_seconds=300)

    assert (orders.need, orders.binding) == (Resources(vcpu=40.0), FORECAST)
    assert (runs.need, runs.binding) == (Resources(vcpu=24.0), SCHEDULED)
    assert runs.now_share == 0.25


def test_a_forecast_that_is_greater_than_what_is_known_counts():
    demand = with_runs(3.0)
    heavy = replace(demand, strategies=tuple(replace(part, weight_vcpu=8.0) for part in demand.strategies))
    _, runs = strategy_needs(heavy, nodes={"cpu": NODE}, bin_seconds=300)
    assert (runs.need, runs.binding) == (Resources(vcpu=20.0), FORECAST)


def test_the_plan_rises_and_says_how_much_of_it_is_for_runs():
    without, plan = (planned(make_inputs(with_runs(vcpu, soon=vcpu))) for vcpu in (0.0, 48.0))

    assert (without.sizes["cpu"].floor, plan.sizes["cpu"].floor) == (5, 11)
    assert without.explanation.pools[0].scheduled_vcpu is None
    assert plan.explanation.pools[0].scheduled_vcpu == 48.0
    assert "scheduled" not in without.to_json().decode()
    assert "runs that were submitted need up to 48 vCPU of cpu until 16:00 UTC" in plan.explanation.sentence
    shown = " ".join(explain_text(plan, None).split())
    assert "Of it runs 48 vCPU are known to be needed within the horizon, by runs that were submitted." in shown


def test_what_is_needed_before_a_node_could_be_ready_is_urgent_and_what_comes_later_is_not():
    assert planned(make_inputs(with_runs(48.0, soon=48.0, upper=8.0))).urgent
    assert not planned(make_inputs(with_runs(48.0, soon=0.0, upper=8.0))).urgent
