import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.allocation.lead_time import MIN_OBSERVATIONS, LeadTime, LeadTimes, planned_lead_time
from sandbox.errors import SandboxError
from sandbox.node_lead_time import LeadTimeDistribution


def known(*ended: float, censored: tuple[float, ...] = ()) -> LeadTimes:
    return LeadTimes(ended=ended, censored=censored)


def planned(times: LeadTimes, *, prior_seconds: float = 600.0) -> LeadTime:
    return planned_lead_time(times, prior_seconds=prior_seconds)


def test_the_prior_serves_until_there_are_enough() -> None:
    few = known(*[100.0] * (MIN_OBSERVATIONS - 1))
    assert planned(few) == LeadTime(seconds=600.0, observations=MIN_OBSERVATIONS - 1, source="prior")
    enough = known(*[100.0] * MIN_OBSERVATIONS)
    assert planned(enough) == LeadTime(seconds=100.0, observations=MIN_OBSERVATIONS, source="measured")


def test_a_lead_time_longer_than_the_prior_counts_at_once() -> None:
    assert planned(known(100.0, 900.0)).seconds == 900.0
    assert planned(known(100.0, censored=(1200.0,))).seconds == 1200.0


def test_the_rank_is_that_of_the_next_observation() -> None:
    assert planned(known(*range(1, 21))).seconds == 20.0
    assert planned(known(*range(1, 40))).seconds == 38.0
    assert planned(known(*range(1, 101))).seconds == 96.0


def test_an_order_open_for_long_counts_and_a_young_one_does_not_dilute() -> None:
    settled = known(*range(1, 101))
    young = known(*range(1, 101), censored=(3.0,) * 50)
    stuck = known(*range(1, 101), censored=(5000.0,) * 10)
    assert planned(young) == planned(settled)
    assert planned(stuck).seconds == 5000.0


@given(st.lists(st.integers(0, 5000), max_size=60), st.lists(st.integers(0, 5000), max_size=10), st.integers(1, 1000))
def test_orders_that_have_not_ended_never_shorten_what_is_planned(
    seconds: list[int], ages: list[int], prior: int
) -> None:
    without = planned(known(*seconds), prior_seconds=prior)
    with_open = planned(known(*seconds, censored=tuple(ages)), prior_seconds=prior)
    if without.source == with_open.source:
        assert with_open.seconds >= without.seconds
    assert with_open.seconds >= max((age for age in ages if with_open.source == "prior"), default=0.0)


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 100)), max_size=60), st.lists(st.integers(1, 5000)))
def test_longer_lead_times_never_shorten_what_is_planned(pairs: list[tuple[int, int]], extra: list[int]) -> None:
    seconds = [value for value, _ in pairs]
    before = planned(known(*seconds))
    assert planned(known(*(value + added for value, added in pairs))).seconds >= before.seconds
    longer = [before.seconds + more for more in extra]
    more = planned(known(*seconds, *longer))
    assert more.seconds >= before.seconds or (before.source, more.source) == ("prior", "measured")


def test_what_is_planned_covers_95_of_100_next_lead_times() -> None:
    distribution = LeadTimeDistribution(median_seconds=90.0, p95_seconds=240.0)
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        times = known(*(distribution.draw_seconds(rng) for _ in range(39)))
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
