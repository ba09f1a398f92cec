"""No series, however broken, makes a plan that scales down on bad data, breaks a ceiling, or raises."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import PlanDocument, ScalingPlan
from quantos.contracts.strategy import Placement, ServerNeeds, ServiceProfile, Strategy
from quantos.telemetry.parsing import MAX_VALUE, MIN_POSITIVE_VALUE
from tests.support.capacity_fakes import FakeLedger
from tests.support.decision_desk import MONDAY, Desk, decided, standing
from tests.support.demand_cases import NODE, make_strategy
from tests.support.environments import make_settings

HOURLY = make_settings(
    decisions={**make_settings().decisions.model_dump(mode="json"), "bin_seconds": 3600, "history_days": 10}
)
HOURS = 10 * 24

values = st.one_of(
    st.sampled_from([0.0, MIN_POSITIVE_VALUE, 1e-9, 1.0, 400.0, 1e6, 1e12, MAX_VALUE]),
    st.floats(0, 1e4),
)
"""What the intake lets through."""


@st.composite
def series(draw: st.DrawFn) -> list[float | None]:
    """Hourly values up to the moment of the decision, None where there is no sample."""
    found: list[float | None] = [None] * HOURS
    for _ in range(draw(st.integers(1, 5))):
        first, last = sorted((draw(st.integers(0, HOURS)), draw(st.integers(0, HOURS))))
        low, high, every = draw(values), draw(values), draw(st.integers(1, 30))
        for index in range(first, last):
            found[index] = high if index % every == 0 else low
    for index in draw(st.lists(st.integers(0, HOURS - 1), max_size=4)):
        found[index] = draw(st.none() | values)
    return found


def plan_after(values: list[float | None], *, strategy: Strategy, floor: int) -> ScalingPlan:
    desk = Desk(ledger=FakeLedger(standing(cpu=floor)), strategies=(strategy,), settings=HOURLY)
    start = MONDAY - timedelta(hours=HOURS)
    desk.history.add(
        [
            DemandSample(series=strategy.series, time=start + timedelta(hours=index), source="gw", value=value)
            for index, value in enumerate(values)
            if value is not None
        ]
    )
    return decided(desk, 0)


@st.composite
def strategies(draw: st.DrawFn) -> Strategy:
    timed = ServiceProfile(mean_ms=3.0, peak_factor=2.0, server=ServerNeeds(vcpu=1, memory_gib=draw(st.floats(0, 40))))
    return make_strategy(
        pools=draw(st.sampled_from([("cpu",), ("cpu", "cpu-spot")])),
        placement=draw(st.sampled_from([Placement(), Placement(max_spot_share=0.5, interruptible_share=0.3)])),
        ceiling_usd_per_hour=draw(st.floats(0.05, 40)),
        service=draw(st.none() | st.just(timed)),
    )


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(values=series(), strategy=strategies(), floor=st.integers(0, 32))
@example(values=[MAX_VALUE] * HOURS, strategy=make_strategy(), floor=3)
@example(values=[None] * HOURS, strategy=make_strategy(), floor=3)
@example(values=[0.0] * (HOURS - 1) + [MAX_VALUE], strategy=make_strategy(), floor=3)
@example(values=[MIN_POSITIVE_VALUE] * HOURS, strategy=make_strategy(ceiling_usd_per_hour=0.05), floor=3)
def test_no_series_breaks_a_limit_or_raises(values: list[float | None], strategy: Strategy, floor: int):
    plan = plan_after(values, strategy=strategy, floor=floor)

    limits, standing_usd = HOURLY.limits, NODE.usd_per_hour * floor
    for pool, size in plan.sizes.items():
        previous, own = plan.previous[pool], HOURLY.pools[pool]
        assert size.floor <= max(own.ceiling_nodes, previous.floor)
        assert plan.pool_costs[pool].floor_usd_per_hour <= max(own.ceiling_usd_per_hour, standing_usd) + 1e-9
    rise = sum(max(size.floor - plan.previous[pool].floor, 0) for pool, size in plan.sizes.items())
    assert rise <= limits.max_step_up_nodes
    assert plan.usd_per_hour_after <= max(limits.ceiling_usd_per_hour, plan.usd_per_hour_before)
    assert plan.strategy_costs["orders"].usd_per_hour <= strategy.cost.ceiling_usd_per_hour
    assert plan.explanation.sentence


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(values=series(), strategy=strategies(), silent=st.integers(1, HOURS), floor=st.integers(0, 32))
def test_silence_never_lowers_a_floor(values: list[float | None], strategy: Strategy, silent: int, floor: int):
    plan = plan_after([*values[:-silent], *[None] * silent], strategy=strategy, floor=floor)

    assert plan.sizes["cpu"].floor >= floor
    assert "stale feed of orders" in (plan.explanation.pools[0].degraded or "")


def hourly(series: str, *, until: int = HOURS + 1, level: float = 240.0) -> list[DemandSample]:
    """A hump a day, from the start of the window to so many hours after it."""
    start = MONDAY - timedelta(hours=HOURS)
    return [
        DemandSample(
            series=series,
            time=start + timedelta(hours=index),
            source="gw",
            value=level * (2 + float(np.sin(index / 24 * 2 * np.pi))),
        )
        for index in range(until)
    ]


ORDERS, QUOTES = make_strategy(), make_strategy("quotes", series="workload/quotes")
BROKEN: dict[str, tuple[Strategy, list[DemandSample]]] = {
    "stopped": (ORDERS, hourly(ORDERS.series, until=HOURS - 3)),
    "gone-for-days": (ORDERS, hourly(ORDERS.series, until=HOURS - 100)),
    "never-told": (ORDERS, []),
    "renamed-by-its-producer": (ORDERS, hourly("workload/orders-v2")),
    "mistyped-by-its-trader": (make_strategy(series="workload/ordres"), hourly(ORDERS.series)),
    "only-long-ago": (ORDERS, hourly(ORDERS.series, until=24)),
}


@pytest.fixture(scope="module")
def applied() -> PlanDocument:
    """What two strategies on one pool stand on, each told of until then."""
    desk = Desk(ledger=FakeLedger(standing(cpu=1)), strategies=(ORDERS, QUOTES), settings=HOURLY)
    desk.history.add([*hourly(ORDERS.series, until=HOURS), *hourly(QUOTES.series, until=HOURS)])
    return decided(desk, 0).document()


@pytest.mark.parametrize("way", BROKEN)
def test_however_a_series_is_lost_what_stands_for_its_strategy_stays(way: str, applied: PlanDocument):
    strategy, told = BROKEN[way]
    desk = Desk(ledger=FakeLedger(applied), strategies=(strategy, QUOTES), settings=HOURLY)
    desk.history.add([*told, *hourly(QUOTES.series, level=0.0)])

    plan = decided(desk, 1)

    part = applied.strategy_costs["orders"].nodes["cpu"]
    assert part > 3
    assert plan.sizes["cpu"].floor >= math.floor(part)
    assert plan.strategy_costs["orders"].nodes["cpu"] >= part - 1e-4
    assert plan.sizes["cpu"].floor < applied.sizes["cpu"].floor, "what is known of the other strategy counts"
    assert [item.strategy for item in plan.explanation.silences] == ["orders"]
    assert plan.explanation.silences[0].usd_per_hour >= part * NODE.usd_per_hour - 1e-3


def test_a_strategy_that_leaves_the_book_takes_its_part_with_it(applied: PlanDocument):
    desk = Desk(ledger=FakeLedger(applied), strategies=(QUOTES,), settings=HOURLY)

    plan = decided(desk, 1)

    assert plan.sizes["cpu"].floor <= applied.sizes["cpu"].floor - math.floor(
        applied.strategy_costs["orders"].nodes["cpu"]
    )
