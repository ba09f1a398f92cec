import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.allocation.lead_time import KEPT, MIN_OBSERVATIONS, LeadTime, LeadTimes, OpenOrder, planned_lead_time
from quantos.errors import SandboxError
from sandbox.node_lead_time import LeadTimeDistribution

NOW = 1_790_000_000.0


def ended(*seconds: float, open_for: tuple[float, ...] = ()) -> LeadTimes:
    orders = tuple(OpenOrder(order=f"i-{index}", ordered_at=NOW - age) for index, age in enumerate(open_for))
    return LeadTimes(seconds=seconds, open_orders=orders)


def planned(times: LeadTimes, *, prior_seconds: float = 600.0) -> LeadTime:
    return planned_lead_time(times, prior_seconds=prior_seconds, now=NOW)


def test_an_order_that_becomes_ready_is_one_observation() -> None:
    times = LeadTimes().ordered("i-1", at=NOW).ordered("i-2", at=NOW + 5).ready("i-1", at=NOW + 90)
    assert (times.seconds, [order.order for order in times.open_orders]) == ((90.0,), ["i-2"])


def test_hearing_again_changes_nothing() -> None:
    times = LeadTimes().ordered("i-1", at=NOW).ordered("i-1", at=NOW + 50).ready("i-1", at=NOW + 90)
    assert times == times.ready("i-1", at=NOW + 99)
    assert times.seconds == (90.0,)


def test_a_withdrawn_order_says_nothing() -> None:
    assert LeadTimes().ordered("i-1", at=NOW).abandoned("i-1") == LeadTimes()


def test_state_is_bounded_and_survives_the_wire() -> None:
    times = LeadTimes()
    for index in range(KEPT + 30):
        times = times.ordered(f"i-{index}", at=NOW).ready(f"i-{index}", at=NOW + index).ordered(f"o-{index}", at=NOW)
    assert (len(times.seconds), len(times.open_orders), times.seconds[-1]) == (KEPT, KEPT, KEPT + 29.0)
    assert LeadTimes.model_validate_json(times.to_json()) == times
    assert len(times.to_json()) < 16_000


def test_the_prior_serves_until_there_are_enough() -> None:
    few = ended(*[100.0] * (MIN_OBSERVATIONS - 1))
    assert planned(few) == LeadTime(seconds=600.0, observations=MIN_OBSERVATIONS - 1, source="prior")
    enough = ended(*[100.0] * MIN_OBSERVATIONS)
    assert planned(enough) == LeadTime(seconds=100.0, observations=MIN_OBSERVATIONS, source="measured")


def test_a_lead_time_longer_than_the_prior_counts_at_once() -> None:
    assert planned(ended(100.0, 900.0)).seconds == 900.0
    assert planned(ended(100.0, open_for=(1200.0,))).seconds == 1200.0


def test_the_rank_is_that_of_the_next_observation() -> None:
    assert planned(ended(*range(1, 21))).seconds == 20.0
    assert planned(ended(*range(1, 40))).seconds == 38.0
    assert planned(ended(*range(1, 101))).seconds == 96.0


def test_an_order_open_for_long_counts_and_a_young_one_does_not_dilute() -> None:
    settled = ended(*range(1, 101))
    young = ended(*range(1, 101), open_for=(3.0,) * 50)
    stuck = ended(*range(1, 101), open_for=(5000.0,) * 10)
    assert planned(young) == planned(settled)
    assert planned(stuck).seconds == 5000.0


@given(st.lists(st.integers(0, 5000), max_size=60), st.lists(st.integers(-10, 5000), max_size=10), st.integers(1, 1000))
def test_open_orders_never_shorten_what_is_planned(seconds: list[int], ages: list[int], prior: int) -> None:
    without = planned(ended(*seconds), prior_seconds=prior)
    with_open = planned(ended(*seconds, open_for=tuple(ages)), prior_seconds=prior)
    if without.source == with_open.source:
        assert with_open.seconds >= without.seconds
    assert with_open.seconds >= max((age for age in ages if with_open.source == "prior"), default=0.0)


@pytest.mark.parametrize(("seconds", "bins"), [(600.0, 2), (601.0, 3), (1.0, 1), (0.0, 1)])
def test_bins_are_rounded_up(seconds: float, bins: int) -> None:
    assert LeadTime(seconds=seconds, observations=20, source="measured").bins(300) == bins


def test_what_is_planned_covers_95_of_100_next_lead_times() -> None:
    distribution = LeadTimeDistribution(median_seconds=90.0, p95_seconds=240.0)
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        times = ended(*(distribution.draw_seconds(rng) for _ in range(39)))
        covered += distribution.draw_seconds(rng) <= planned(times).seconds
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_the_sandbox_draws_what_it_states() -> None:
    distribution = LeadTimeDistribution(median_seconds=90.0, p95_seconds=240.0)
    rng = np.random.default_rng(1)
    drawn = [distribution.draw_seconds(rng) for _ in range(20_000)]
    assert np.median(drawn) == pytest.approx(90.0, rel=0.03)
    assert np.percentile(drawn, 95) == pytest.approx(240.0, rel=0.03)
    assert LeadTimeDistribution(median_seconds=60.0, p95_seconds=60.0).draw_seconds(rng) == 60.0


@pytest.mark.parametrize(("median", "p95"), [(0.0, 10.0), (100.0, 90.0), (100.0, float("inf"))])
def test_lead_times_that_cannot_be_are_refused(median: float, p95: float) -> None:
    with pytest.raises(SandboxError, match="no lead times"):
        LeadTimeDistribution(median_seconds=median, p95_seconds=p95)
