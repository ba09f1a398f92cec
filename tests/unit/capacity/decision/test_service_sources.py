"""One of several sources of a series falls silent: its share is held, told, and given up when people or time say so."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from quantos.capacity.demand.listed_sources import listed_sources
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import PoolReasoning, ScalingPlan, Silence
from quantos.contracts.strategy import StrategyBook
from quantos.telemetry.windows.demand_windows import DemandWindows
from tests.support.decision_desk import HISTORY, MONDAY, ORDERS, Desk, decided, desk_at
from tests.support.demand_cases import NODE
from tests.support.environments import make_settings

NOON = MONDAY + timedelta(hours=12)


def by_two(samples: Iterable[DemandSample]) -> list[DemandSample]:
    """The same demand, told by two gateways, each of half of it."""
    return [
        item.model_copy(update={"source": source, "value": item.value / 2})
        for item in samples
        for source in ("gw-1", "gw-2")
    ]


def desk(*, silent_minutes: int = 0, more: Iterable[DemandSample] = ()) -> Desk:
    """At noon, `gw-2` silent for so long."""
    heard = [item for item in by_two(HISTORY) if not silent(item, minutes=silent_minutes)]
    return desk_at(12, cpu=25, samples=[*heard, *more])


def silent(item: DemandSample, *, minutes: int) -> bool:
    return item.source == "gw-2" and item.time >= NOON - timedelta(minutes=minutes)


def told(plan: ScalingPlan) -> tuple[PoolReasoning, tuple[Silence, ...]]:
    return plan.explanation.pools[0], plan.explanation.silences


@pytest.fixture(scope="module")
def whole() -> ScalingPlan:
    return decided(desk(), 12)


def test_a_source_that_sends_nonsense_and_falls_silent_is_held_at_what_it_used_to_tell(whole: ScalingPlan):
    wild = NOON - timedelta(minutes=30)
    bad = desk(silent_minutes=25)
    bad.history.add(
        [
            item.model_copy(update={"value": 1e9})
            for item in by_two(HISTORY)
            if item.source == "gw-2" and item.time == wild
        ]
    )
    plan = decided(bad, 12)

    pool, (silence,) = told(plan)
    assert silence.source == "gw-2"
    assert pool.demand_now_vcpu == pytest.approx(told(whole)[0].demand_now_vcpu, rel=0.1)
    assert pool.demand_upper_vcpu == pytest.approx(told(whole)[0].demand_upper_vcpu, rel=0.1)


@pytest.mark.parametrize("minutes", [5, 30, 120])
def test_the_share_of_a_silent_source_is_held_and_told_with_its_price(whole: ScalingPlan, minutes: int):
    plan = decided(desk(silent_minutes=minutes), 12)

    pool, (silence,) = told(plan)
    since = NOON - timedelta(minutes=minutes)
    assert abs(plan.sizes["cpu"].floor - whole.sizes["cpu"].floor) <= 1
    assert pool.demand_now_vcpu == pytest.approx(told(whole)[0].demand_now_vcpu, rel=0.1)
    assert (silence.strategy, silence.series, silence.source, silence.since) == (
        "orders", ORDERS.series, "gw-2", since
    )  # fmt: skip
    assert silence.usd_per_hour == pytest.approx(pool.demand_now_vcpu / 2 * NODE.usd_per_vcpu_hour, rel=0.1)
    assert f"gw-2 of workload/orders is silent since {since:%Y-%m-%d %H:%M} UTC" in (pool.degraded or "")
    assert f"{silence.usd_per_hour:.2f} USD/hour" in (pool.degraded or "")
    assert told(whole)[1] == ()


def test_a_source_that_said_goodbye_holds_nothing():
    goodbye = DemandSample(
        series=ORDERS.series, time=NOON - timedelta(minutes=55), source="gw-2", value=0, goodbye=True
    )

    left = decided(desk(silent_minutes=60, more=[goodbye]), 12)

    pool, silences = told(left)
    assert silences == ()
    assert pool.demand_now_vcpu == pytest.approx(told(decided(desk(), 12))[0].demand_now_vcpu / 2)


def test_a_source_that_is_silent_for_a_day_of_open_hours_is_given_up_and_told():
    given_up = [item for item in by_two(HISTORY) if not silent(item, minutes=5 * 24 * 60)]
    gone = decided(desk_at(12, cpu=25, samples=given_up), 12)

    (silence,) = told(gone)[1]
    assert silence.retired
    assert silence.usd_per_hour == 0
    assert "it is taken to have gone, and nothing is held for orders" in (told(gone)[0].degraded or "")
    assert not told(decided(desk(silent_minutes=120), 12))[1][0].retired


def test_the_sources_of_a_series_are_listed_as_a_decision_sees_them():
    windows = DemandWindows(desk(silent_minutes=60).history)

    found = listed_sources(StrategyBook(strategies=(ORDERS,)), windows, make_settings().decisions, at=NOON)

    heard, lost = (item.sentence for item in found)
    assert heard == "workload/orders gw-1: heard, last heard 2026-03-02 12:00 UTC"
    assert lost.startswith("workload/orders gw-2: silent, ")
    assert lost.endswith(" held for it, last heard 2026-03-02 11:00 UTC")
