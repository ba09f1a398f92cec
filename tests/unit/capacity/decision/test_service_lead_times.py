"""How long nodes take, as measured, is how far ahead a decision looks."""

from datetime import timedelta

import pytest

from quantos.capacity.demand import fit_repository
from quantos.capacity.pools.lead_times import order_series
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import PlannedLeadTime
from tests.support.decision_desk import HISTORY, MONDAY, decided, desk_at, request


def lead_samples(seconds: float, *, count: int = 30) -> list[DemandSample]:
    """Orders of the day before, one every ten minutes, each of the same lead time."""
    series = order_series("cpu")
    start = MONDAY - timedelta(hours=12)
    return [
        DemandSample(series=name, time=start + timedelta(minutes=10 * number), source=f"i-{number}", value=value)
        for number in range(count)
        for name, value in ((series.ordered, 1.0), (series.ready, seconds))
    ]


def test_measured_lead_times_set_how_far_ahead_capacity_is_bought():
    slow, fast = desk_at(6), desk_at(6)
    slow.history.add(lead_samples(2 * 3600))
    fast.history.add(lead_samples(60))

    early, late = decided(slow, 6), decided(fast, 6)

    (reasoning,) = early.explanation.pools
    assert reasoning.lead_time == PlannedLeadTime(seconds=7200, observations=30, source="measured")
    assert (reasoning.horizon_seconds, late.explanation.pools[0].horizon_seconds) == (12_000, 5100)
    assert early.sizes["cpu"].floor > late.sizes["cpu"].floor == 1
    assert "until 09:20 UTC" in early.explanation.sentence


def test_until_enough_are_measured_the_environment_says_how_long_nodes_take():
    desk = desk_at(11)
    plain = decided(desk, 11)
    desk.history.add(lead_samples(60, count=3))

    (reasoning,) = decided(desk, 11).explanation.pools

    assert reasoning.lead_time == PlannedLeadTime(seconds=600, observations=3, source="prior")
    assert reasoning.demand_upper_vcpu == plain.explanation.pools[0].demand_upper_vcpu


def test_demand_measured_within_a_longer_lead_time_is_held():
    peak = [
        item.model_copy(update={"value": 1500.0}) if item.time == MONDAY + timedelta(hours=10) else item
        for item in HISTORY
    ]
    desk = desk_at(11, cpu=15, samples=peak)
    desk.history.add(lead_samples(3600))

    assert decided(desk, 11).sizes["cpu"].floor >= 1500 / 10 / 8


def test_lead_times_are_read_once_a_day():
    desk = desk_at(11)
    service = desk.service()
    service.decide(request(11))
    reads = desk.history.reads
    service.decide(request(11))
    assert desk.history.reads == reads + 1


def test_a_lead_time_that_reaches_further_from_this_day_on_is_learnt_before_it_is_planned_with(
    monkeypatch: pytest.MonkeyPatch,
):
    desk = desk_at(-10)
    decided(desk, -10)
    (key,) = desk.fits.kept
    desk.history.add([*lead_samples(2 * 3600), *(item for item in HISTORY if item.time < MONDAY)])
    monkeypatch.setattr(fit_repository, "fit", None)

    (early,) = decided(desk, 1).explanation.pools

    assert early.degraded == "the fit of 2026-03-01 serves, since today's is not learnt yet"
    assert early.horizon_seconds == 5400
    assert list(desk.fits.kept) == [key]
