from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.demand.samples import Telling, demand_sample, most_vcpu, signal_samples
from quantos.orchestration.demand.stretches import Stretch
from quantos.telemetry.windows.signals import SignalReadings

BIN = 300
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = round(START.timestamp()) * 1000


def part(start: int, end: int, vcpu: float = 2.0, pool: str = "cpu") -> Stretch:
    """In seconds from the start of the bin."""
    return Stretch(node="n", pool=pool, vcpu=vcpu, start_ms=AT + start * 1000, end_ms=AT + end * 1000)


def telling(seconds: float = 0, bins: int = 4) -> Telling:
    return Telling(now_ms=AT + round(seconds * 1000), bin_seconds=BIN, bins=bins)


def test_demand_is_the_level_now_and_a_second_sweep_in_a_bin_corrects_it():
    first = demand_sample([part(0, 60), part(0, 60, pool="gpu")], pool="cpu", telling=telling(0.4))
    again = demand_sample([part(0, 90), part(0, 90)], pool="cpu", telling=telling(67.2))

    assert (first.series, first.time, first.source, first.value) == ("workload/orch-cpu", START, "sweep", 2.0)
    assert (again.time, again.value, again.revision) == (START, 4.0, 67)
    assert max(first, again, key=lambda sample: sample.order) is again
    assert first.revision == 0


def test_a_pool_that_nothing_needs_is_told_as_nothing():
    assert demand_sample([], pool="cpu", telling=telling()).value == 0.0
    assert [sample.value for sample in signal_samples([], pool="cpu", telling=telling())] == [0.0] * 4


def test_what_is_scheduled_is_told_bin_by_bin_with_the_most_at_once():
    parts = [part(0, 200), part(200, 700, 3.0), part(650, 700, 1.0), part(0, 9000, 50.0, pool="gpu")]
    samples = list(signal_samples(parts, pool="cpu", telling=telling(30)))

    assert [sample.value for sample in samples] == [3.0, 3.0, 4.0, 0.0]
    assert {sample.known_at for sample in samples} == {datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)}
    assert SignalReadings.of(samples).about.tolist() == [START.timestamp() + BIN * number for number in range(4)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 9)), max_size=12))
def test_the_most_at_once_is_that_of_the_busiest_moment(stated: list[tuple[int, int, int]]):
    parts = [part(start, start + length, float(vcpu)) for start, length, vcpu in stated]
    busiest = max(
        sum(item.vcpu for item in parts if item.start_ms <= AT + second * 1000 < item.end_ms)
        for second in range(10, 40)
    )
    assert most_vcpu(parts, start_ms=AT + 10_000, end_ms=AT + 40_000) == pytest.approx(busiest)
