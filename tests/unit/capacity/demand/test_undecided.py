"""One strategy that cannot be decided is named, keeps what stands for it, and stops no other."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from quantos.capacity.decision.record import packed, unpacked
from quantos.capacity.demand.learning import LearningService
from quantos.capacity.demand.undecided import decidable
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import PlanDocument, PoolSize, ScalingPlan, StrategyCost
from quantos.contracts.strategy import ExchangeSession, Session, Strategy, StrategyBook
from quantos.telemetry.bins import Grid
from tests.support.capacity_fakes import FakeFits, FakeLedger, FakeRegistry
from tests.support.decision_desk import HISTORY, MONDAY, ORDERS, STACK, Desk, Outbox, decided, request
from tests.support.demand_cases import NODE, make_strategy
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings
from tests.support.signal_history import MemorySignalHistory

HOURS = 14.0
OTHER = make_strategy("broken", pools=("memory",), series="workload/broken")
ZONED = Session.model_construct(time_zone="UTC", weekdays=(0, 1), opens=time(9, tzinfo=UTC), closes=time(16))
CASES = {
    "calendar-never-made": OTHER.model_copy(update={"session": ExchangeSession(calendar="ASEX")}),
    "time-with-a-zone": OTHER.model_copy(update={"session": ZONED}),
    "pool-that-is-gone": OTHER.model_copy(update={"pools": ("memory", "gone")}),
    "word-that-is-none": OTHER.model_copy(update={"sources": 7}),
    "shares-the-pool": OTHER.model_copy(update={"pools": ("cpu",), "sources": 7}),
}


def desk(*strategies: Strategy, floor: int = 5) -> Desk:
    """Both pools stand at `floor`; of it `broken` filled 3 nodes where it may run."""
    pool = strategies[-1].pools[0]
    costs = {
        "broken": StrategyCost(usd_per_hour=1.0, ceiling_usd_per_hour=12.0, pools=(pool,), nodes={pool: 3.0}),
        "orders": StrategyCost(usd_per_hour=1.0, ceiling_usd_per_hour=12.0, pools=("cpu",), nodes={"cpu": 1.0}),
    }
    document = PlanDocument(
        stack=STACK,
        plan_id="",
        sequence=0,
        sizes={name: PoolSize(floor=floor, ceiling=20) for name in ("cpu", "memory")},
        previous={},
        pool_costs={},
        strategy_costs=costs,
    )
    made = Desk(ledger=FakeLedger(document), strategies=strategies)
    made.history.add([item for item in HISTORY if item.time < MONDAY + timedelta(hours=HOURS)])
    made.history.add(
        [
            DemandSample(series=OTHER.series, time=MONDAY - timedelta(minutes=5 * number), source="gw", value=4.0)
            for number in range(400)
        ]
    )
    return made


def reasoning(plan: ScalingPlan, pool: str) -> str:
    return next(item.degraded or "" for item in plan.explanation.pools if item.pool == pool)


@pytest.mark.parametrize("broken", CASES.values(), ids=CASES)
def test_it_is_named_keeps_its_floor_and_stops_no_other(broken: Strategy) -> None:
    without = decided(desk(ORDERS, OTHER.model_copy(update={"pools": broken.pools[:1]})), HOURS)

    plan = decided(desk(ORDERS, broken), HOURS)

    (told,) = plan.explanation.undecided
    assert told.strategy == "broken"
    assert told.reason
    assert f"broken could not be decided: {told.reason}" in plan.explanation.sentence
    assert plan.sizes[broken.pools[0]].floor >= 3
    assert plan.strategy_costs["broken"].nodes == {broken.pools[0]: 3.0}
    assert plan.strategy_costs["orders"].usd_per_hour > 0
    if broken.pools[0] != "cpu":
        assert plan.sizes["cpu"] == without.sizes["cpu"]
    else:
        assert "broken could not be decided" in reasoning(plan, "cpu")


def test_a_decision_record_holds_who_was_set_apart() -> None:
    made = desk(ORDERS, CASES["calendar-never-made"])
    plan = decided(made, HOURS)

    record = unpacked(made.records.kept[plan.plan_id])
    assert [one.name for one in record.inputs.undecided] == ["broken"]
    assert packed(record) == made.records.kept[plan.plan_id]


def test_without_any_strategy_to_decide_the_floors_stand() -> None:
    plan = decided(desk(CASES["calendar-never-made"]), HOURS)

    assert plan.sizes["memory"].floor >= 3
    assert [one.strategy for one in plan.explanation.undecided] == ["broken"]


def test_two_on_the_pools_of_a_third_are_named_and_it_is_decided() -> None:
    alone = decided(desk(ORDERS), HOURS)
    two = [CASES["shares-the-pool"].model_copy(update={"name": name}) for name in ("broken", "torn")]

    plan = decided(desk(ORDERS, *two), HOURS)

    assert [one.strategy for one in plan.explanation.undecided] == ["broken", "torn"]
    assert plan.sizes["cpu"].floor >= alone.sizes["cpu"].floor


@pytest.mark.parametrize("entry", [b'"x"', b"null", b"7", b"[]", b"{}"])
def test_an_entry_of_the_stored_book_that_is_no_strategy_does_not_take_the_others_with_it(entry: bytes) -> None:
    book = StrategyBook.from_stored(b'{"strategies": [%s, %s]}' % (ORDERS.model_dump_json().encode(), entry))

    assert book.strategies == (ORDERS,)
    assert [one.name for one in book.unread] == ["strategy 2"]


def test_a_stored_strategy_that_cannot_be_read_does_not_take_the_others_with_it() -> None:
    content = StrategyBook(strategies=(ORDERS, OTHER)).to_json()
    stored = content.replace(b'"name":"broken"', b'"name":"broken","weekday":[7]')

    book = StrategyBook.from_stored(stored)

    assert book.strategies == (ORDERS,)
    grid = Grid(int(MONDAY.timestamp()), 300, 10)
    _, (apart,) = decidable(book, pools=("cpu", "memory"), grid=grid)
    assert (apart.name, apart.pools) == ("broken", ("memory",))
    assert "weekday" in apart.reason


def test_one_whose_pools_are_not_told_holds_what_it_filled() -> None:
    made = desk(ORDERS, OTHER)
    service = made.service()
    book = StrategyBook.from_stored(b'{"strategies": [{"name": "broken"}, %s]}' % ORDERS.to_json())
    service.registry.replace(book)

    plan = service.decide(request(HOURS))

    assert plan is not None
    assert plan.sizes["memory"].floor >= 3
    assert plan.explanation.undecided[0].held == "5.0 nodes of memory are"


def test_months_after_it_was_applied_a_calendar_ends_and_is_told() -> None:
    """XSHG's holidays are recorded to the end of 2026 in the locked version of the package."""
    monday = datetime(2027, 1, 11, tzinfo=UTC)
    shanghai = make_strategy("shanghai", session=ExchangeSession(calendar="XSHG"))
    made = Desk(ledger=FakeLedger(desk(ORDERS).ledger.document), strategies=(shanghai,))
    made.history.add(
        [
            DemandSample(series=shanghai.series, time=monday - timedelta(minutes=5 * number), source="gw", value=40.0)
            for number in range(1, 4000)
        ]
    )

    plan = made.service().decide(request(0).model_copy(update={"scheduled_time": monday + timedelta(hours=3)}))

    assert plan is not None
    assert "holidays of XSHG are recorded until 2026-12-31" in reasoning(plan, "cpu")


def test_the_others_are_learnt_too() -> None:
    outbox = Outbox()
    service = LearningService(
        settings=make_settings(),
        nodes=dict.fromkeys(make_settings().pools, NODE),
        registry=FakeRegistry(StrategyBook(strategies=(CASES["calendar-never-made"], ORDERS))),
        history=MemoryDemandHistory(),
        signals=MemorySignalHistory(),
        fits=FakeFits(),
        publisher=outbox,
        clock=lambda: MONDAY,
    )

    assert [(task.pools, task.day) for task in service.ask(request(1))] == [(("cpu",), date(2026, 3, 2))]
