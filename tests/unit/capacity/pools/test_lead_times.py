from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.allocation.lead_time import MIN_OBSERVATIONS, LeadTime, LeadTimes
from quantos.capacity.pools.lead_times import (
    LOST_AFTER,
    SETTLES,
    Horizon,
    PoolLeadTimes,
    horizon_of,
    lead_times,
    order_series,
    planned_day,
)
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.environment.settings.decisions import LONGEST_LEAD_SECONDS, DecisionSettings
from quantos.telemetry.parsing import parse_record
from tests.support.demand_history import MemoryDemandHistory
from tests.support.environments import make_settings

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
DAY = MIDNIGHT.date()
CPU = order_series("cpu")
DECISIONS = make_settings().decisions


def sample(series: str, order: int, value: float = 1.0, *, ordered_at: datetime) -> DemandSample:
    return DemandSample(series=series, time=ordered_at, source=f"i-{order:017x}", value=value)


def order(
    number: int, seconds: float | None, *, ordered_at: datetime, end: str = CPU.ready
) -> tuple[DemandSample, ...]:
    """An order, and how it ended, where it did."""
    made = sample(CPU.ordered, number, ordered_at=ordered_at)
    return (made,) if seconds is None else (made, sample(end, number, seconds, ordered_at=ordered_at))


def by_series(samples: list[DemandSample]) -> dict[str, list[DemandSample]]:
    found: dict[str, list[DemandSample]] = {}
    for item in samples:
        found.setdefault(item.series, []).append(item)
    return found


def seen(*samples: DemandSample, at: datetime = NOON) -> LeadTimes:
    return lead_times(by_series(list(samples)), CPU, known_at=at)


@st.composite
def orders(draw: st.DrawFn) -> list[DemandSample]:
    """Orders of two days with any end, or none."""
    return [
        item
        for number in range(draw(st.integers(0, 30)))
        for item in order(
            number,
            draw(st.none() | st.floats(0, 1e6)),
            ordered_at=NOON - timedelta(seconds=draw(st.integers(0, 2 * 86_400))),
            end=draw(st.sampled_from((CPU.ready, CPU.withdrawn))),
        )
    ]


def test_samples_of_orders_are_ordinary_telemetry():
    for item in order(1, 90.0, ordered_at=MIDNIGHT):
        assert parse_record(item.to_json(), topic=topics.TELEMETRY_SYSTEM, now=MIDNIGHT) == item


def test_an_order_is_ready_withdrawn_or_still_open():
    ready = order(1, 90.0, ordered_at=NOON - timedelta(hours=3))
    given_up = order(2, 900.0, ordered_at=NOON - timedelta(hours=2), end=CPU.withdrawn)
    still_open = order(3, None, ordered_at=NOON - timedelta(seconds=40))
    assert seen(*ready, *given_up, *still_open) == LeadTimes(ended=(90.0,), censored=(40.0, 900.0))


def test_what_ends_later_is_still_open_and_what_is_ordered_later_is_not_known():
    at = NOON - timedelta(seconds=60)
    assert seen(*order(1, 90.0, ordered_at=at)) == LeadTimes(censored=(60.0,))
    assert seen(*order(1, 90.0, ordered_at=NOON + timedelta(seconds=1))) == LeadTimes()


def test_ready_outdoes_withdrawn_and_an_end_needs_no_beginning():
    at = NOON - timedelta(hours=1)
    both = [*order(1, 90.0, ordered_at=at), sample(CPU.withdrawn, 1, 800.0, ordered_at=at)]
    assert seen(*both) == seen(both[1]) == LeadTimes(ended=(90.0,))


def test_an_order_that_is_never_heard_of_again_is_lost_after_a_day():
    lost = order(1, None, ordered_at=NOON - LOST_AFTER - timedelta(seconds=1))
    assert seen(*lost) == LeadTimes()
    longest = float(LONGEST_LEAD_SECONDS)
    assert seen(*order(1, None, ordered_at=NOON - LOST_AFTER)) == LeadTimes(censored=(longest,))


def test_an_instance_started_again_is_another_order():
    again = [*order(1, 90.0, ordered_at=MIDNIGHT), *order(1, 30.0, ordered_at=MIDNIGHT + timedelta(hours=5))]
    assert seen(*again).ended == (30.0, 90.0)


@given(samples=orders(), data=st.data())
def test_redelivered_and_shuffled_samples_change_nothing(samples: list[DemandSample], data: st.DataObject):
    again = data.draw(st.lists(st.sampled_from(samples))) if samples else []
    shuffled = data.draw(st.permutations([*samples, *again]))
    assert seen(*shuffled) == seen(*samples)


@given(samples=orders())
def test_whatever_comes_the_horizon_is_within_a_day(samples: list[DemandSample]):
    history = MemoryDemandHistory()
    history.add(samples)
    settings = DecisionSettings.model_validate(DECISIONS.model_dump() | {"ahead_seconds": 43_200})
    time = PoolLeadTimes(history, settings).read(["cpu"], day=DAY)["cpu"]
    assert 0 <= time.seconds <= LONGEST_LEAD_SECONDS
    horizon = horizon_of([time], settings)
    assert 1 <= horizon.lead_bins <= horizon.ahead_bins <= 86_400 // settings.bin_seconds


@given(samples=orders(), order_of=st.integers(0, 29), longer=st.floats(0, 1e5))
def test_a_node_that_took_longer_never_shortens_the_lead_time(
    samples: list[DemandSample], order_of: int, longer: float
):
    before = PoolLeadTimes(filled(samples), DECISIONS).read(["cpu"], day=DAY + timedelta(days=1))["cpu"]
    lengthened = [
        item.model_copy(update={"value": item.value + longer}) if is_ready(item, order_of) else item for item in samples
    ]
    after = PoolLeadTimes(filled(lengthened), DECISIONS).read(["cpu"], day=DAY + timedelta(days=1))["cpu"]
    if after.observations == before.observations:
        assert after.seconds >= before.seconds


def is_ready(item: DemandSample, number: int) -> bool:
    return item.series == CPU.ready and item.source == f"i-{number:017x}"


def filled(samples: list[DemandSample]) -> MemoryDemandHistory:
    history = MemoryDemandHistory()
    history.add(samples)
    return history


def day_of_orders(count: int = MIN_OBSERVATIONS, *, seconds: float = 240.0) -> list[DemandSample]:
    start = MIDNIGHT - timedelta(hours=12)
    return [
        item
        for number in range(count)
        for item in order(number, seconds, ordered_at=start + timedelta(minutes=10 * number))
    ]


def test_a_day_plans_with_what_was_seen_before_it_and_reads_it_once():
    history = filled(day_of_orders())
    times = PoolLeadTimes(history, DECISIONS)
    assert times.read(["cpu"], day=DAY - timedelta(days=1))["cpu"].source == "prior"
    first = times.read(["cpu"], day=DAY)
    assert first == {"cpu": LeadTime(seconds=240.0, observations=MIN_OBSERVATIONS, source="measured")}
    reads = history.reads
    history.add([item for number in range(50, 90) for item in order(number, 9000.0, ordered_at=MIDNIGHT)])
    assert times.read(["cpu"], day=DAY) == first
    assert history.reads == reads
    assert PoolLeadTimes(history, DECISIONS).read(["cpu"], day=DAY) == first
    assert times.read(["cpu"], day=DAY + timedelta(days=1))["cpu"].seconds == 9000.0


@pytest.mark.parametrize(("minutes", "days_back"), [(0, 1), (30, 1), (89, 1), (90, 0), (720, 0), (1439, 0)])
def test_the_lead_times_of_a_day_are_planned_with_once_it_is_learnt(minutes: int, days_back: int):
    assert planned_day(MIDNIGHT + timedelta(minutes=minutes), DECISIONS) == DAY - timedelta(days=days_back)


def test_an_end_told_less_than_an_hour_late_changes_no_lead_time_of_the_day():
    made, late_end = order(99, 5000.0, ordered_at=MIDNIGHT - SETTLES - timedelta(seconds=4999))
    without, complete = filled([*day_of_orders(), made]), filled([*day_of_orders(), made, late_end])
    planned = PoolLeadTimes(without, DECISIONS).read(["cpu"], day=DAY)["cpu"]
    assert planned == PoolLeadTimes(complete, DECISIONS).read(["cpu"], day=DAY)["cpu"]
    assert planned.seconds == 4999.0


def test_every_pool_has_its_own():
    times = PoolLeadTimes(filled(day_of_orders()), DECISIONS).read(["cpu", "memory"], day=DAY)
    assert (times["cpu"].source, times["memory"].source) == ("measured", "prior")
    assert times["memory"].seconds == DECISIONS.lead_seconds


@pytest.mark.parametrize(
    ("seconds", "bins"), [((600.0,), (2, 18)), ((601.0, 30.0), (3, 19)), ((1.0,), (1, 17)), ((0.0, 299.0), (1, 17))]
)
def test_the_horizon_is_that_of_the_slowest_pool(seconds: tuple[float, ...], bins: tuple[int, int]):
    times = [LeadTime(seconds=each, observations=20, source="measured") for each in seconds]
    assert horizon_of(times, DECISIONS) == Horizon(lead_bins=bins[0], ahead_bins=bins[1])
