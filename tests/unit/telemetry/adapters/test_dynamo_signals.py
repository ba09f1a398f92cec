"""One contract, run against the signal history in memory and the one on DynamoDB."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantos.contracts.demand import SignalSample
from quantos.telemetry.adapters.dynamo_signals import DynamoSignalHistory
from quantos.telemetry.ports import SignalHistory
from tests.support.signal_history import MemorySignalHistory
from tests.support.telemetry_account import telemetry_table

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
NEWS = "signal/news-count"
EXAMPLES = count()


def sample(
    minutes: int = 0, *, after: int = 0, value: float = 1.0, source: str = "wire", holds: int = 900, series: str = NEWS
) -> SignalSample:
    """About a time, known `after` minutes later."""
    time = START + timedelta(minutes=minutes)
    return SignalSample(
        series=series,
        time=time,
        known_at=time + timedelta(minutes=after),
        source=source,
        value=value,
        holds_seconds=holds,
    )


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoSignalHistory]:
    with telemetry_table(monkeypatch) as sets:
        yield DynamoSignalHistory(sets)


@pytest.fixture(params=["memory", "dynamo"])
def history(request: pytest.FixtureRequest) -> SignalHistory:
    return MemorySignalHistory() if request.param == "memory" else request.getfixturevalue("dynamo")


def known_by(history: SignalHistory, minutes: float, *, series: str = NEWS) -> tuple[SignalSample, ...]:
    """What the history says was known by then."""
    end = START + timedelta(minutes=minutes, seconds=1)
    return history.became_known([series], start=START - timedelta(days=8), end=end)[series]


def test_a_revision_is_known_from_when_it_came_and_leaves_what_was_known_before(history: SignalHistory):
    first, revised = sample(0, after=5, value=12), sample(0, after=90, value=17)
    history.add([first])
    as_known_then = known_by(history, 60)
    history.add([revised])

    assert as_known_then == known_by(history, 60) == (first,)
    assert known_by(history, 89) == (first,)
    assert known_by(history, 90) == (first, revised)


def test_what_is_scheduled_is_known_long_before_its_time(history: SignalHistory):
    announced = sample(3 * 1440, after=-3 * 1440, value=1)
    history.add([announced])

    assert known_by(history, -0.5) == ()
    assert known_by(history, 0) == (announced,)


def test_values_below_zero_and_holds_survive_exactly(history: SignalHistory):
    given = [sample(index, value=value, holds=60 + index) for index, value in enumerate([-0.3, 0.1 + 0.2, -1e15, 0.0])]
    history.add(given)

    assert known_by(history, 10) == tuple(given)


def test_of_conflicting_samples_the_greatest_is_read(history: SignalHistory):
    history.add([sample(value=-3), sample(value=-5)])
    history.add([sample(value=-3, holds=1200), sample(value=-8)])

    assert known_by(history, 0) == (sample(value=-3, holds=1200),)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shuffled_and_doubled_delivery_changes_nothing(dynamo: DynamoSignalHistory, data: st.DataObject):
    series = f"signal/s{next(EXAMPLES)}"
    delivered = data.draw(
        st.lists(
            st.builds(
                sample,
                st.sampled_from([0, 5, 60, 119]),
                after=st.sampled_from([-600, 0, 5, 600]),
                value=st.sampled_from([-2.0, 0.0, 9.5]),
                source=st.sampled_from(["wire", "desk"]),
                holds=st.sampled_from([60, 900]),
                series=st.just(series),
            ),
            max_size=12,
        )
    )
    memory = MemorySignalHistory()
    memory.add(delivered)
    again = data.draw(st.permutations(delivered + delivered))
    half = len(again) // 2
    dynamo.add(again[:half])
    dynamo.add(again[half:])

    for minutes in (-300, 30, 2000):
        assert known_by(dynamo, minutes, series=series) == known_by(memory, minutes, series=series)
