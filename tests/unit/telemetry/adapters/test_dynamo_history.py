"""One contract, run against the history in memory and the one on DynamoDB."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import DemandSample
from quantos.errors import TelemetryError
from quantos.telemetry.adapters.dynamo_history import DynamoDemandHistory
from quantos.telemetry.adapters.hour_sets import TTL_ATTRIBUTE, HourEntry, HourSets
from quantos.telemetry.ports import DemandHistory, corrections_of
from tests.support.demand_history import MemoryDemandHistory
from tests.support.telemetry_account import telemetry_table

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
ORDERS = "workload/orders"
EXAMPLES = count()


def sample(
    seconds: int = 0, *, value: float = 1.0, source: str = "gw-1", series: str = "workload/orders"
) -> DemandSample:
    return DemandSample(series=series, time=START + timedelta(seconds=seconds), source=source, value=value)


@pytest.fixture
def sets(monkeypatch: pytest.MonkeyPatch) -> Iterator[HourSets]:
    with telemetry_table(monkeypatch) as found:
        yield found


@pytest.fixture
def dynamo(sets: HourSets) -> DynamoDemandHistory:
    return DynamoDemandHistory(sets)


@pytest.fixture(params=["memory", "dynamo"])
def history(request: pytest.FixtureRequest) -> DemandHistory:
    return MemoryDemandHistory() if request.param == "memory" else request.getfixturevalue("dynamo")


def everything(history: DemandHistory, series: str = "workload/orders") -> tuple[DemandSample, ...]:
    return history.samples([series], start=START - timedelta(days=2), end=START + timedelta(days=2))[series]


def test_samples_come_back_in_order_of_time_and_source(history: DemandHistory):
    given = [sample(3700), sample(0, source="gw-2"), sample(0), sample(59, source="a:b.c_d-e")]
    history.add(given)

    assert everything(history) == (given[2], given[1], given[3], given[0])


def test_the_interval_is_closed_at_its_start_and_open_at_its_end(history: DemandHistory):
    history.add([sample(0), sample(3599), sample(3600)])

    found = history.samples([ORDERS], start=START, end=START + timedelta(seconds=3600))[ORDERS]

    assert [item.time for item in found] == [START, START + timedelta(seconds=3599)]
    assert history.samples([ORDERS], start=START, end=START) == {ORDERS: ()}


def test_series_are_apart(history: DemandHistory):
    history.add([sample(value=1), sample(value=2, series="workload/orders-2")])

    assert [item.value for item in everything(history, "workload/orders-2")] == [2.0]


def test_of_conflicting_values_the_greatest_is_read_whichever_came_first(history: DemandHistory):
    history.add([sample(value=5.25)])
    history.add([sample(value=3), sample(value=7.5)])
    history.add([sample(value=5.25), sample(value=0)])

    assert [item.value for item in everything(history)] == [7.5]


def correction(revision: int, *, value: float, known: int, seconds: int = 0) -> DemandSample:
    told = {"revision": revision, "known_at": START + timedelta(seconds=known)}
    return sample(seconds, value=value).model_copy(update=told)


def test_a_correction_counts_whichever_came_first_up_and_down(history: DemandHistory):
    down, up = correction(1, value=2.0, known=600), correction(1, value=9.0, known=600, seconds=300)
    history.add([down, sample(value=1e9)])
    history.add([sample(300, value=3), up, sample(value=1e9)])

    assert [item.value for item in everything(history)] == [2.0, 9.0]


def test_of_corrections_the_last_counts_and_of_equal_ones_that_which_was_known_last(history: DemandHistory):
    history.add([correction(2, value=4, known=900), correction(1, value=50, known=1200)])
    history.add([correction(2, value=3, known=960), sample(value=80)])

    assert [item.value for item in everything(history)] == [3.0]


@pytest.mark.parametrize(("minutes", "value"), [(9, 1e9), (10, 2.0), (14, 2.0), (15, 7.0)])
def test_what_was_known_at_a_moment_is_read_as_of_it(history: DemandHistory, minutes: int, value: float):
    history.add([sample(value=1e9), correction(1, value=2.0, known=600), correction(2, value=7.0, known=900)])
    span = {"start": START, "end": START + timedelta(hours=1)}

    found = history.samples([ORDERS], known_by=START + timedelta(minutes=minutes), **span)[ORDERS]

    assert [item.value for item in found] == [value]


def test_what_was_corrected_is_told_when_it_was_known(history: DemandHistory):
    history.add([sample(value=1e9), correction(1, value=2.0, known=7200), correction(1, value=3.0, known=7200)])
    span = {"start": START + timedelta(hours=2), "end": START + timedelta(hours=3)}

    (told,) = history.samples([corrections_of(ORDERS)], **span)[corrections_of(ORDERS)]

    assert (told.time, told.value) == (START + timedelta(hours=2), START.timestamp())
    assert everything(history) == (correction(1, value=3.0, known=7200),)


def test_a_goodbye_comes_back_beside_what_was_measured(history: DemandHistory):
    goodbye = sample(value=0).model_copy(update={"goodbye": True})
    history.add([goodbye, sample(value=4)])

    assert everything(history) == (sample(value=4), goodbye)


def test_items_of_earlier_releases_read_as_first_told(dynamo: DynamoDemandHistory):
    dynamo.sets.add([HourEntry.at(ORDERS, START, text="gw-1|5.25"), HourEntry.at(ORDERS, START, text="gw-1|6.0")])

    assert everything(dynamo) == (sample(value=6.0),)


def test_an_hour_full_of_samples(history: DemandHistory):
    history.add([sample(second, source=f"gw-{second % 3}") for second in range(450)])

    assert len(everything(history)) == 450


def test_values_survive_exactly(history: DemandHistory):
    values = [0.1 + 0.2, 1e15, 1e-12, 123456789.123456789, 0.0]
    history.add([sample(index, value=value) for index, value in enumerate(values)])

    assert [item.value for item in everything(history)] == values


@pytest.mark.parametrize("order", [1, -1])
def test_a_value_that_says_since_when_it_was_known_counts_before_the_same_without(history: DemandHistory, order: int):
    plain = sample(0)
    told = plain.model_copy(update={"known_at": plain.time})
    history.add([plain, told][::order])

    assert everything(history) == (told,)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shuffled_and_doubled_delivery_changes_nothing(dynamo: DynamoDemandHistory, data: st.DataObject):
    number = next(EXAMPLES)
    told = st.builds(
        sample,
        st.sampled_from([0, 300, 3600, 7199]),
        value=st.sampled_from([0.0, 1.0, 2.5, 9.0]),
        source=st.sampled_from(["gw-1", "gw-2"]),
        series=st.sampled_from([f"workload/a{number}", f"workload/b{number}"]),
    )
    corrected = st.builds(
        lambda first, revision, hours: first.model_copy(
            update={"revision": revision, "known_at": first.time + timedelta(hours=hours)}
        ),
        told,
        st.integers(0, 2),
        st.integers(0, 2),
    )
    delivered = data.draw(st.lists(told | corrected, max_size=12))
    memory = MemoryDemandHistory()
    memory.add(delivered)

    again = data.draw(st.permutations(delivered + delivered))
    half = len(again) // 2
    dynamo.add(again[:half])
    dynamo.add(again[half:])

    for series in (f"workload/a{number}", f"workload/b{number}"):
        assert everything(dynamo, series) == everything(memory, series)


def test_one_update_per_series_and_hour(dynamo: DynamoDemandHistory):
    calls: list[str] = []
    dynamo.sets.client.meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: calls.append("update"))

    dynamo.add([sample(second * 300) for second in range(12)] + [sample(3600)])

    assert len(calls) == 2


def test_an_item_expires_after_the_retention(dynamo: DynamoDemandHistory):
    dynamo.add([sample(3600 + 120)])

    (item,) = dynamo.sets.client.scan(TableName=dynamo.sets.table)["Items"]

    hour = START + timedelta(hours=1)
    assert int(item[TTL_ATTRIBUTE]["N"]) == int((hour + timedelta(days=42)).timestamp())


def test_a_range_of_more_hours_than_one_call_takes_is_read_whole(dynamo: DynamoDemandHistory):
    given = [sample(hour * 3600) for hour in (0, 99, 100, 250)]
    dynamo.add(given)
    calls: list[str] = []
    dynamo.sets.client.meta.events.register("before-call.dynamodb.BatchGetItem", lambda **_: calls.append("call"))

    assert dynamo.samples([ORDERS], start=START, end=START + timedelta(hours=251)) == {ORDERS: tuple(given)}
    assert len(calls) == 3


def test_keys_that_the_store_puts_off_are_asked_for_again(dynamo: DynamoDemandHistory):
    given = [sample(hour * 3600) for hour in range(4)]
    dynamo.add(given)
    put_off: list[str] = []

    def put_two_off(parsed: dict[str, Any], **_: object) -> None:
        items = parsed["Responses"][dynamo.sets.table]
        if put_off or len(items) < 4:
            return
        put_off.append("once")
        late, parsed["Responses"][dynamo.sets.table] = items[:2], items[2:]
        keys = [{name: item[name] for name in ("pk", "sk")} for item in late]
        parsed["UnprocessedKeys"] = {dynamo.sets.table: {"Keys": keys, "ConsistentRead": True}}

    dynamo.sets.client.meta.events.register("after-call.dynamodb.BatchGetItem", put_two_off)

    assert everything(dynamo) == tuple(given)
    assert put_off == ["once"]


def test_a_store_that_fails_is_a_telemetry_error(dynamo: DynamoDemandHistory):
    dynamo.sets.client.delete_table(TableName=dynamo.sets.table)

    with pytest.raises(TelemetryError, match="could not take samples of workload/orders"):
        dynamo.add([sample()])
    with pytest.raises(TelemetryError, match="could not read workload/orders"):
        everything(dynamo)
