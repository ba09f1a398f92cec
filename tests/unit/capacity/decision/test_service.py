import json
from datetime import timedelta
from threading import Barrier
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.capacity.demand import fit_repository
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.contracts.plan import DecisionRequest, ScalingPlan
from quantos.errors import CapacityError, SettingsError
from tests.support.capacity_fakes import FakeLedger, FakeSigner
from tests.support.decision_desk import (
    HISTORY,
    MONDAY,
    ORDERS,
    SESSION,
    STACK,
    decided,
    desk_at,
    request,
    session_samples,
    standing,
    value_at,
)
from tests.support.demand_cases import NODE, make_strategy


def test_a_decision_is_signed_archived_published_and_audited():
    desk = desk_at(11)

    plan = decided(desk, 11)

    assert plan.plan_id == plan.content_digest()
    assert FakeSigner().verify(plan.signed_bytes(), signature=plan.signature)
    assert desk.archive.plans == {plan.plan_id: plan}
    published, audited = desk.outbox.messages
    assert (published.topic, published.key) == (topics.CAPACITY_PLANS, STACK)
    assert ScalingPlan.model_validate_json(published.value) == plan
    record = AuditRecord.model_validate_json(audited.value)
    assert (audited.topic, audited.key) == (topics.AUDIT_RECORDS, "dev")
    assert (record.record_id, record.kind, record.chain) == (f"plan/{plan.plan_id}", "plan", "dev")
    assert record.body["sentence"] == plan.explanation.sentence


def test_a_moment_within_a_bin_decides_the_bin_that_ended():
    plan = decided(desk_at(11), 11 + 4.9 / 60)

    assert plan.created_at == MONDAY + timedelta(hours=11)


def test_a_duplicate_trigger_makes_the_same_plan_in_any_process():
    desk = desk_at(11)
    warm = desk.service()

    plans = [warm.decide(request(11)), warm.decide(request(11 + 1 / 60)), desk.service().decide(request(11))]

    assert plans[0] == plans[1] == plans[2]


def test_a_warm_process_decides_as_a_cold_one():
    desk = desk_at(9)
    warm = desk.service()
    warm.decide(request(9))
    for hours in (9.5, 10, 11):
        desk.history.add([item for item in HISTORY if item.time < MONDAY + timedelta(hours=hours)])
        assert warm.decide(request(hours)) == desk.service().decide(request(hours))


def test_once_a_bin_is_applied_there_is_nothing_to_decide():
    desk = desk_at(11)
    desk.ledger = FakeLedger(standing(sequence=int((MONDAY + timedelta(hours=11)).timestamp())))

    assert desk.service().decide(request(11)) is None
    assert desk.outbox.messages == []


def test_a_preview_writes_nothing_and_is_the_plan_that_would_be_published():
    desk = desk_at(11)

    plan = desk.service().preview(request(11))

    assert plan is not None
    assert desk.outbox.messages == []
    assert desk.archive.plans == {}
    assert plan.plan_id == decided(desk, 11).plan_id


def test_a_decision_reads_in_one_round_and_writes_in_one():
    desk, reads, writes = desk_at(11), Barrier(2), Barrier(2)
    service = desk.service()
    service.ledger = meeting(service.ledger, "current", reads)
    service.registry = meeting(service.registry, "read", reads)
    service.archive = meeting(service.archive, "put", writes)
    service.records = meeting(service.records, "put", writes)

    plan = service.decide(request(11))

    assert plan is not None
    assert desk.archive.plans == {plan.plan_id: plan}


@pytest.mark.parametrize("store", ["archive", "records"])
def test_what_is_not_kept_is_not_published(store: str):
    desk = desk_at(11)
    service = desk.service()
    setattr(service, store, Mock(put=Mock(side_effect=CapacityError("no room", remedy="wait"))))

    with pytest.raises(CapacityError, match="no room"):
        service.decide(request(11))

    assert desk.outbox.messages == []


def meeting(store: object, method: str, barrier: Barrier) -> Mock:
    """A store whose `method` waits until the others that wait at `barrier` are under way too."""

    def waited(*arguments: object) -> object:
        barrier.wait(20.0)
        return getattr(store, method)(*arguments)

    return Mock(**{method: waited})


def test_the_bus_failing_leaves_a_decision_to_be_made_again():
    desk = desk_at(11)
    desk.outbox.fail_next = CapacityError("the bus is down", remedy="wait")
    service = desk.service()

    with pytest.raises(CapacityError):
        service.decide(request(11))
    again = service.decide(request(11))

    assert again is not None
    assert len(desk.outbox.messages) == 2


@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_shuffled_and_doubled_samples_change_no_figure(data: st.DataObject):
    recent = [item for item in HISTORY if item.time >= MONDAY - timedelta(days=4)]
    older = [item for item in HISTORY if item.time < MONDAY - timedelta(days=4)]
    shuffled = data.draw(st.permutations(recent + recent[::3]))

    assert decided(desk_at(11, samples=[*shuffled, *older, *older[::2]]), 11) == decided(desk_at(11), 11)


def test_later_samples_change_no_earlier_decision():
    desk = desk_at(11)
    plain = decided(desk, 11)
    desk.history.add(session_samples(MONDAY + timedelta(hours=11), MONDAY + timedelta(hours=18)))

    assert decided(desk, 11) == plain


def test_capacity_is_bought_before_the_opening_and_given_back_after_the_close():
    opening, night = decided(desk_at(7.5), 7.5), decided(desk_at(19), 19)

    assert opening.sizes["cpu"].floor >= 300 / 10 / 8
    assert opening.explanation.pools[0].demand_now_vcpu == 0
    assert night.sizes["cpu"].floor == 1


@pytest.mark.parametrize("silent_from", [8.0, 10.0, 11.5])
def test_a_feed_gone_silent_never_lowers_the_floor(silent_from: float):
    kept = [item for item in HISTORY if item.time < MONDAY + timedelta(hours=silent_from)]

    plan = decided(desk_at(12, cpu=25, samples=kept), 12)

    assert plan.sizes["cpu"].floor == 25
    assert "stale feed of orders" in (plan.explanation.pools[0].degraded or "")


@pytest.mark.parametrize("minutes", [5, 15, 25])
def test_what_stands_is_held_from_the_first_silent_bin_on_and_told_with_its_price(minutes: int):
    noon = MONDAY + timedelta(hours=12)
    kept = [item for item in HISTORY if item.time < noon - timedelta(minutes=minutes)]

    plan = decided(desk_at(12, cpu=25, samples=kept), 12)

    assert plan.sizes["cpu"].floor == 25
    (silence,) = plan.explanation.silences
    assert (silence.source, silence.since) == (None, noon - timedelta(minutes=minutes))
    assert silence.usd_per_hour == pytest.approx(25 * NODE.usd_per_hour)


@pytest.mark.parametrize(("minutes", "silent"), [(5, False), (10, False), (15, True), (20, True)])
def test_a_series_that_tells_every_quarter_of_an_hour_is_not_missed_in_between(minutes: int, silent: bool):
    noon = MONDAY + timedelta(hours=12)
    end = noon - timedelta(minutes=minutes)
    kept = [item for item in HISTORY if item.time < end and item.time.minute % 15 == (end.minute - 5) % 15]

    plan = decided(desk_at(12, cpu=25, samples=kept), 12)

    assert bool(plan.explanation.silences) is silent


def test_a_feed_late_by_less_than_the_limit_is_not_stale():
    kept = [item for item in HISTORY if item.time < MONDAY + timedelta(hours=11, minutes=35)]

    plan = decided(desk_at(12, cpu=25, samples=kept), 12)

    assert "stale feed" not in (plan.explanation.pools[0].degraded or "")
    assert plan.explanation.pools[0].demand_now_vcpu == pytest.approx(
        value_at(MONDAY + timedelta(hours=11, minutes=30)) / 10
    )


def test_after_the_close_a_silent_feed_holds_nothing():
    kept = [item for item in HISTORY if item.time < MONDAY + timedelta(hours=10)]

    assert decided(desk_at(20, cpu=20, samples=kept), 20).sizes["cpu"].floor == 1


def test_a_strategy_without_any_history_holds_its_floor_and_says_why():
    plan = decided(desk_at(11, cpu=6, samples=[]), 11)

    (pool,) = plan.explanation.pools
    assert plan.sizes["cpu"].floor == 6
    assert pool.model == "last-value"
    assert "history too short" in (pool.degraded or "")


def test_a_newcomer_does_not_void_the_history_of_its_pool():
    newcomer = make_strategy("quotes", series="workload/quotes", session=SESSION)
    desk = desk_at(11)
    desk.strategies = (ORDERS, newcomer)
    start = MONDAY + timedelta(hours=10)
    desk.history.add(session_samples(start, MONDAY + timedelta(hours=11), series=newcomer.series))

    plan = decided(desk, 11)

    (pool,) = plan.explanation.pools
    assert pool.model != "last-value"
    assert pool.demand_now_vcpu == pytest.approx(2 * decided(desk_at(11), 11).explanation.pools[0].demand_now_vcpu)
    assert set(plan.strategy_costs) == {"orders", "quotes"}


def test_a_dearer_miss_buys_more():
    cheap, dear = desk_at(11), desk_at(11)
    cheap.strategies = (make_strategy(session=SESSION, miss_cost_usd_per_unit_hour=0.001),)
    dear.strategies = (make_strategy(session=SESSION, miss_cost_usd_per_unit_hour=10),)

    low, high = decided(cheap, 11).explanation.pools[0], decided(dear, 11).explanation.pools[0]

    assert (low.level, high.level) == (0.9, 0.995)
    assert low.demand_upper_vcpu <= high.demand_upper_vcpu


def test_another_stack_is_refused_and_an_unknown_pool_told():
    desk = desk_at(11)
    with pytest.raises(SettingsError, match="prod-capacity"):
        desk.service().decide(DecisionRequest(stack="prod-capacity", scheduled_time=MONDAY))
    desk.strategies = (make_strategy(pools=("gpu",)),)
    (untold,) = decided(desk, 11).explanation.undecided
    assert "gpu" in untold.reason


def test_the_audit_body_is_short():
    desk = desk_at(11)
    decided(desk, 11)

    body = json.loads(desk.outbox.messages[1].value)["body"]

    assert set(body) == {
        "sequence", "floors", "ceilings", "usd_per_hour_before", "usd_per_hour_after", "sentence",
        "record_sha256",
    }  # fmt: skip


def test_a_strategy_that_asks_for_throughput_pays_for_it():
    asking = make_strategy("quotes", series="workload/quotes", session=SESSION, min_throughput_units=1500)
    desk = desk_at(11)
    desk.strategies = (ORDERS, asking)

    plan = decided(desk, 11)

    assert plan.sizes["cpu"].floor >= 1500 / 10 / 8
    assert plan.strategy_costs["quotes"].usd_per_hour > 0.6 * plan.pool_costs["cpu"].floor_usd_per_hour


def test_what_one_process_learnt_serves_the_others_and_their_plans_are_the_same(monkeypatch: pytest.MonkeyPatch):
    desk = desk_at(14.5)
    first = desk.service().decide(request(14.5))
    assert len(desk.fits.kept) == 1

    def learn_again(*_args: object, **_options: object) -> None:
        raise AssertionError("it was learnt again")

    monkeypatch.setattr(fit_repository, "fit", learn_again)
    assert desk.service().decide(request(14.5)) == first


def test_looking_stores_nothing():
    desk = desk_at(14.5)
    assert desk.service().preview(request(14.5)) is not None
    assert desk.fits.kept == {}


def test_a_stored_fit_that_cannot_be_read_is_made_anew():
    desk = desk_at(14.5)
    first = desk.service().decide(request(14.5))
    (place,) = desk.fits.kept
    sound, desk.fits.kept[place] = desk.fits.kept[place], b"{}"
    assert desk.service().decide(request(14.5)) == first
    assert desk.fits.kept[place] == sound


def test_before_the_day_is_learnt_the_last_one_serves_and_the_plan_says_so(monkeypatch: pytest.MonkeyPatch):
    desk = desk_at(-10)
    decided(desk, -10)
    desk.history.add([item for item in HISTORY if item.time < MONDAY + timedelta(hours=11)])
    monkeypatch.setattr(fit_repository, "fit", None)

    plan = decided(desk, 11)

    (pool,) = plan.explanation.pools
    assert pool.degraded == "the fit of 2026-03-01 serves, since today's is not learnt yet"
    assert pool.demand_upper_vcpu >= 0.8 * pool.demand_now_vcpu
    assert decided(desk, 11) == plan


def test_on_the_first_day_of_a_demand_a_decision_learns_and_says_so():
    (pool,) = decided(desk_at(11), 11).explanation.pools

    assert pool.degraded == "learnt by a decision, since no fit of this demand was stored"


def test_a_trader_who_asks_for_more_throughput_has_nothing_learnt_again(monkeypatch: pytest.MonkeyPatch):
    desk = desk_at(11)
    decided(desk, 11)
    monkeypatch.setattr(fit_repository, "fit", None)
    desk.strategies = (make_strategy(session=SESSION, min_throughput_units=900),)

    assert decided(desk, 11).sizes["cpu"].floor >= 900 / 10 / 8


@pytest.mark.parametrize("hours", [11, 20], ids=["open", "closed"])
@pytest.mark.parametrize("series", ["workload/orders", "workload/ordres"], ids=["no-demand", "series-mistyped"])
def test_a_series_of_which_nothing_is_known_holds_what_stands(series: str, hours: int):
    desk = desk_at(hours, cpu=5, samples=HISTORY if series != ORDERS.series else [])
    desk.strategies = (make_strategy(session=SESSION, series=series),)

    plan = decided(desk, hours)

    (silence,) = plan.explanation.silences
    assert plan.sizes["cpu"].floor == 5
    assert (silence.series, silence.since, silence.usd_per_hour) == (series, None, 5 * NODE.usd_per_hour)
    assert f"{series} was never heard of: 5.0 nodes of cpu are held for orders, 2.50 USD/hour" in (
        plan.explanation.pools[0].degraded or ""
    )
