import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.queue_simulation import SERVICE_LAWS, sampled
from quantos.allocation.queueing.response_time import late_share, response_ms
from quantos.allocation.queueing.service_time import Lognormal, MeasuredPercentile, ServiceTime, service_distribution
from quantos.allocation.queueing.waiting_time import Wait
from quantos.errors import CapacityError

NO_WAIT = Wait(probability=0.0, conditional_mean_ms=1.0, conditional_cv2=1.0, tail_index=None)


def exponential_wait(probability: float, *, mean_ms: float) -> Wait:
    return Wait(probability=probability, conditional_mean_ms=mean_ms, conditional_cv2=1.0, tail_index=None)


@pytest.mark.parametrize(
    ("law", "family"),
    [
        ("lognormal 1/4", "lognormal"),
        ("exponential", "gamma"),
        ("lognormal 4", "lognormal"),
        ("Pareto 1", "pareto"),
        ("Pareto 4", "pareto"),
    ],
)
@pytest.mark.parametrize("percentile", [95.0, 99.0, 99.9])
def test_the_percentile_tells_the_family(law: str, family: str, percentile: float) -> None:
    assert SERVICE_LAWS[law].measured(percentile).family == family


@pytest.mark.parametrize("law", ["Pareto 1", "Pareto 4", "lognormal 4", "exponential"])
def test_two_percentiles_of_a_sample_tell_a_long_tail(law: str) -> None:
    draws = [SERVICE_LAWS[law].draw(np.random.default_rng(seed), 50_000) for seed in range(12)]
    families = [sampled(draw, 99.0, 99.9).family for draw in draws]
    assert abs(families.count("pareto") - (12 if law.startswith("Pareto") else 0)) <= 1


def test_moments_alone_are_taken_as_lognormal() -> None:
    found = service_distribution(ServiceTime(mean_ms=10.0, cs2=2.0), percentile=99)
    sample = np.exp(found.mu + found.sigma * np.random.default_rng(1).standard_normal(400_000))
    assert sample.mean() == pytest.approx(10.0, rel=0.02)
    assert sample.var() / sample.mean() ** 2 == pytest.approx(2.0, rel=0.1)


@given(st.floats(0.1, 1e4), st.floats(0, 9), st.floats(1.0, 14.0))
def test_the_measured_percentile_is_kept(mean_ms: float, cs2: float, ratio: float) -> None:
    service = ServiceTime(mean_ms=mean_ms, cs2=cs2, percentiles=(MeasuredPercentile(99.0, ratio * mean_ms),))
    found = service_distribution(service, percentile=99.0)
    assert found.quantile_ms(0.99) == pytest.approx(ratio * mean_ms)
    assert math.exp(found.mu + found.sigma**2 / 2) == pytest.approx(mean_ms)


def test_a_percentile_that_no_lognormal_of_that_mean_has_is_kept_and_the_mean_raised() -> None:
    service = ServiceTime(mean_ms=2.0, cs2=9.0, percentiles=(MeasuredPercentile(95.0, 20.0),))
    found = service_distribution(service, percentile=95.0)
    assert found.quantile_ms(0.95) == pytest.approx(20.0)
    assert math.exp(found.mu + found.sigma**2 / 2) > 2.0


def test_beyond_the_measured_percentile_the_wider_distribution_serves() -> None:
    service = ServiceTime(mean_ms=10.0, cs2=4.0, percentiles=(MeasuredPercentile(90.0, 15.0),))
    assert service_distribution(service, percentile=99.9) == Lognormal.of_moments(service)
    assert service_distribution(service, percentile=90.0).quantile_ms(0.9) == pytest.approx(15.0)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"mean_ms": 0.0}, id="no-mean"),
        pytest.param({"cs2": math.nan}, id="nan"),
        pytest.param({"percentiles": (MeasuredPercentile(40.0, 3.0),)}, id="percentile-below-median"),
        pytest.param(
            {"percentiles": (MeasuredPercentile(99.0, 9.0), MeasuredPercentile(95.0, 8.0))}, id="percentiles-descend"
        ),
    ],
)
def test_service_times_that_cannot_be_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(CapacityError, match="cannot be measured"):
        ServiceTime(**({"mean_ms": 5.0, "cs2": 1.0} | fields))


@given(st.floats(1.1, 50), st.floats(0.01, 9), st.floats(0.0, 1.0), st.floats(0.01, 20))
def test_late_share_is_the_convolution_of_wait_and_service(
    limit: float, cs2: float, probability: float, mean_wait: float
) -> None:
    served = Lognormal.of_moments(ServiceTime(mean_ms=1.0, cs2=cs2))
    deviates = np.linspace(-9, 9, 200_001)
    weights = np.exp(-(deviates**2) / 2)
    left = limit - np.exp(served.mu + served.sigma * deviates)
    waits = np.where(left <= 0, 1.0, probability * np.exp(-np.maximum(left, 0) / mean_wait))
    expected = float((weights * waits).sum() / weights.sum())
    found = late_share(limit, exponential_wait(probability, mean_ms=mean_wait), served=served)
    assert found == pytest.approx(expected, rel=2e-3, abs=1e-7)


def test_the_response_of_constant_service_is_wait_beside_it() -> None:
    served = Lognormal.of_moments(ServiceTime(mean_ms=10.0, cs2=0.0))
    assert late_share(9.0, NO_WAIT, served=served) == 1.0
    assert late_share(10.0, exponential_wait(0.5, mean_ms=4.0), served=served) == pytest.approx(0.5)
    assert response_ms(0.9, exponential_wait(0.5, mean_ms=4.0), served=served) == pytest.approx(10 + 4 * math.log(5))


def test_without_waiting_the_response_is_the_service() -> None:
    served = Lognormal.of_moments(ServiceTime(mean_ms=10.0, cs2=1.0))
    assert response_ms(0.99, NO_WAIT, served=served) == pytest.approx(served.quantile_ms(0.99), rel=1e-5)


@given(st.floats(0.5, 0.999), st.floats(0.01, 1.0), st.floats(0.1, 100), st.floats(0.01, 5))
def test_a_share_of_the_response_is_late_as_its_percentile_says(
    level: float, probability: float, mean_wait: float, cs2: float
) -> None:
    assume(probability > 1e-3)
    served = Lognormal.of_moments(ServiceTime(mean_ms=5.0, cs2=cs2))
    waited = exponential_wait(probability, mean_ms=mean_wait)
    assert late_share(response_ms(level, waited, served=served), waited, served=served) == pytest.approx(
        1 - level, rel=1e-3
    )
