"""From above a ceiling that people lowered, plan by plan: each goes down, says how far it still is, and ends below."""

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from quantos.contracts.plan import PoolSize, ScalingPlan
from quantos.environment.settings.environment import EnvironmentSettings
from tests.support.demand_cases import make_demand, make_inputs, make_strategy, planned
from tests.support.environments import make_settings

STRATEGY = make_strategy(ceiling_usd_per_hour=99)
STANDS = PoolSize(floor=36, ceiling=36)


def lowered(*, usd: float, nodes: int = 300) -> EnvironmentSettings:
    settings = make_settings()
    limits = settings.limits.model_copy(
        update={"ceiling_usd_per_hour": usd, "max_nodes": nodes, "max_step_down_nodes": 5}
    )
    return settings.model_copy(update={"limits": limits})


def plans_down(settings: EnvironmentSettings, *, upper: float) -> list[ScalingPlan]:
    """Plans one after the other from 36 nodes that stand, until one tells of no way down."""
    sizes = {name: PoolSize(floor=pool.floor_nodes, ceiling=1) for name, pool in settings.pools.items()}
    sizes, plans = {**sizes, "cpu": STANDS}, list[ScalingPlan]()
    while not plans or plans[-1].explanation.way_down:
        plans.append(planned(make_inputs(make_demand(STRATEGY, upper=upper), settings=settings, previous=sizes)))
        sizes = plans[-1].sizes
        assert len(plans) < 99
    return plans


@pytest.mark.parametrize("upper", [0.0, 40.0, 999.0])
def test_36_nodes_come_down_to_a_ceiling_of_4_usd_at_any_demand(upper: float) -> None:
    settings = lowered(usd=4.0)
    plans = plans_down(settings, upper=upper)
    last = plans[-1]
    assert sum(last.pool_costs[pool].ceiling_usd_per_hour for pool in last.sizes) <= 4.0 + 0.5 * len(last.sizes)
    assert last.usd_per_hour_after <= 4.0
    for before, after in zip([{"cpu": STANDS}, *(plan.sizes for plan in plans)], plans, strict=False):
        assert after.sizes["cpu"].floor <= before["cpu"].floor
        assert after.sizes["cpu"].ceiling <= before["cpu"].ceiling
        assert before["cpu"].floor - after.sizes["cpu"].floor <= settings.limits.max_step_down_nodes


def test_each_plan_says_in_its_sentence_how_far_it_still_is() -> None:
    plans = plans_down(lowered(usd=4.0), upper=999.0)
    told = [plan.explanation.way_down for plan in plans]
    assert told[-1] is None
    assert len(told) > 2
    left = [int(re.search(r"still (\d+) node", words or "")[1]) for words in told[:-1]]
    assert left == sorted(left, reverse=True)
    assert all(words in plan.explanation.sentence for words, plan in zip(told[:-1], plans, strict=False) if words)
    counted = [re.search(r"in (\d+) plans? more|in one plan", words or "") for words in told[:-1]]
    assert [int(match[1] or 1) for match in counted if match] == list(range(len(told) - 1, 0, -1))


def test_where_nothing_is_above_a_limit_no_way_down_is_told() -> None:
    plan = planned(make_inputs(make_demand(STRATEGY, upper=40.0)))
    assert plan.explanation.way_down is None
    assert "way_down" not in plan.explanation.model_dump(mode="json")


@hypothesis_settings(deadline=None, max_examples=15)
@given(usd=st.floats(3, 20), nodes=st.integers(8, 40), upper=st.floats(0, 500))
def test_the_number_of_plans_that_is_told_is_the_number_that_it_takes(usd: float, nodes: int, upper: float) -> None:
    plans = plans_down(lowered(usd=usd, nodes=nodes), upper=upper)
    for index, plan in enumerate(plans[:-1]):
        match = re.search(r"in (\d+) plans more", plan.explanation.way_down or "")
        assert len(plans) - 1 - index <= (int(match[1]) if match else 1)
