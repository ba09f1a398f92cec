import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.allocation.queueing.service_time import MeasuredPercentile, ServiceTime
from quantos.allocation.queueing.waiting_time import (
    Arrivals,
    blocking_probability,
    peakedness,
    wait,
    waiting_probability,
)
from quantos.errors import CapacityError

SECOND = ServiceTime(mean_ms=1000.0, cs2=1.0)


def recursive_loss(servers: int, load: float) -> float:
    """Erlang B by its recursion over whole servers."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


@pytest.mark.parametrize("servers", [1, 2, 10, 100, 1000, 10_000])
@pytest.mark.parametrize("utilisation", [0.01, 0.5, 0.95, 0.999])
def test_loss_formula_agrees_with_its_recursion(servers: int, utilisation: float) -> None:
    expected = recursive_loss(servers, servers * utilisation)
    assert blocking_probability(servers, servers * utilisation) == pytest.approx(expected, rel=1e-7, abs=1e-300)


def test_one_server_is_found_busy_as_often_as_it_is() -> None:
    assert waiting_probability(1, 0.7) == pytest.approx(0.7)


def test_two_servers_are_found_busy_as_the_textbook_says() -> None:
    assert waiting_probability(2, 1.0) == pytest.approx(1 / 3)


def test_without_load_nobody_waits() -> None:
    assert wait(1, Arrivals(per_second=0.0), service=SECOND).probability == 0.0


@given(st.floats(0.05, 500), st.integers(1, 200))
def test_each_server_more_lessens_waiting(load: float, spare: int) -> None:
    servers = math.floor(load) + spare
    assert waiting_probability(servers + 1, load) <= waiting_probability(servers, load) <= 1


def test_mean_wait_at_one_server_is_that_of_pollaczek_and_khinchine() -> None:
    waited = wait(1, Arrivals(per_second=0.8), service=ServiceTime(mean_ms=1000.0, cs2=3.0))
    assert waited.mean_ms == pytest.approx(1000 * 0.8 / 0.2 * (1 + 3) / 2)


def test_exponential_service_waits_exponentially_or_slightly_longer() -> None:
    waited = wait(4, Arrivals(per_second=3.2), service=SECOND)
    times = np.array([0.0, 500.0, 2000.0, 8000.0])
    exact = waiting_probability(4, 3.2) * np.exp(-times * (4 - 3.2) / 1000)
    assert (waited.share_beyond(times) >= exact - 1e-12).all()
    assert (waited.share_beyond(times) <= 1.3 * exact + 1e-3).all()


def test_batches_make_even_idle_servers_wait_for() -> None:
    bursty = wait(3, Arrivals(per_second=1e-6, ca2=4.0), service=SECOND)
    assert bursty.probability == pytest.approx(0.6**3, rel=1e-3)


def test_smooth_arrivals_are_taken_as_poisson() -> None:
    smooth, poisson = (wait(3, Arrivals(per_second=2.0, ca2=ca2), service=SECOND) for ca2 in (0.2, 1.0))
    assert smooth == poisson


def test_peakedness_of_constant_service_is_the_dispersion_of_counts() -> None:
    assert peakedness(Arrivals(per_second=1.0, ca2=4.0), ServiceTime(mean_ms=5.0, cs2=0.0)) == 4.0


def test_pareto_service_has_a_wait_whose_tail_is_no_exponential() -> None:
    index = 1 + math.sqrt(2)
    percentile_ms = 1000 * (1 - 1 / index) * 100 ** (1 / index)
    service = ServiceTime(mean_ms=1000.0, cs2=1.0, percentiles=(MeasuredPercentile(99.0, percentile_ms),))
    waited = wait(2, Arrivals(per_second=1.0), service=service)
    assert (waited.method, waited.tail_index) == ("pareto", pytest.approx(index - 1))
    one, ten = waited.share_beyond(np.array([1e6, 1e7]))
    assert one / ten == pytest.approx(10 ** (index - 1), rel=0.01)


@given(st.floats(0, 20), st.floats(0, 10), st.floats(0.1, 0.95), st.integers(1, 50))
def test_a_tail_starts_at_the_probability_of_waiting_and_falls(
    cs2: float, ca2: float, utilisation: float, servers: int
) -> None:
    service = ServiceTime(mean_ms=20.0, cs2=cs2)
    waited = wait(servers, Arrivals(per_second=50 * servers * utilisation, ca2=ca2), service=service)
    shares = waited.share_beyond(np.linspace(0, 10_000, 200))
    assert shares[0] == pytest.approx(waited.probability)
    assert 0 <= waited.probability <= 1
    assert (np.diff(shares) <= 1e-15).all()


def test_servers_that_cannot_keep_up_are_refused() -> None:
    with pytest.raises(CapacityError, match="cannot keep up"):
        wait(2, Arrivals(per_second=2.0), service=SECOND)


@pytest.mark.parametrize(("rate", "ca2"), [(math.nan, 1.0), (-1.0, 1.0), (1.0, math.inf)])
def test_arrivals_that_cannot_be_are_refused(rate: float, ca2: float) -> None:
    with pytest.raises(CapacityError, match="cannot be arrivals"):
        Arrivals(per_second=rate, ca2=ca2)
