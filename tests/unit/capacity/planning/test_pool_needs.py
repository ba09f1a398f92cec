"""What the strategies of each pool need by a plan, so that other shapes can be held against it."""

import pytest

from quantos.capacity.planning.pool_needs import pool_needs
from quantos.contracts.strategy import StrategyBook
from quantos.errors import CapacityError
from tests.support.demand_cases import make_demand, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

STRATEGY = make_strategy(ceiling_usd_per_hour=99)
BOOK = StrategyBook(strategies=(STRATEGY,))


def needs(strategy=STRATEGY, **demand: float):
    inputs = make_inputs(make_demand(strategy, **demand))
    return pool_needs(planned(inputs), StrategyBook(strategies=(strategy,)), inputs.nodes, peak=False)


def test_a_pool_needs_what_lies_ahead_in_its_own_nodes() -> None:
    inputs = make_inputs(make_demand(STRATEGY, upper=70, recent=30))
    asked = pool_needs(planned(inputs), BOOK, inputs.nodes, peak=False)
    assert set(asked) == {"cpu"}
    assert asked["cpu"].nodes == pytest.approx(70 / inputs.nodes["cpu"].vcpu)
    assert asked["cpu"].priority == STRATEGY.priority


def test_stated_throughput_is_needed_whatever_lies_ahead() -> None:
    steady = make_strategy(min_throughput_units=500)
    assert needs(steady, upper=1, recent=1)["cpu"].nodes > needs(upper=1, recent=1)["cpu"].nodes


def test_the_highest_demand_of_the_history_is_asked_for_at_request() -> None:
    inputs = make_inputs(make_demand(STRATEGY, upper=20, recent=8))
    plan = planned(inputs)
    (reasoning,) = plan.explanation.pools
    (static,) = (alternative.nodes for alternative in reasoning.alternatives if alternative.name == "static")
    assert static > 20 / inputs.nodes["cpu"].vcpu
    assert pool_needs(plan, BOOK, inputs.nodes, peak=True)["cpu"].nodes == static


def test_without_strategies_no_shape_can_be_told_from_another() -> None:
    inputs = make_inputs(settings=make_settings())
    with pytest.raises(CapacityError, match="no strategy runs on any pool of dev") as caught:
        pool_needs(planned(inputs), StrategyBook(), inputs.nodes, peak=False)
    assert "quantos strategies apply dev FILE" in caught.value.remedy
