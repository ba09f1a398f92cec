"""A first-come-first-served queue of several servers, simulated event by event; arrivals in bursts, service with tails.

Times are in units of the mean service time.
"""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from quantos.allocation.queueing.service_time import FloatArray, MeasuredPercentile, ServiceTime

WARM_UP_SHARE: Final = 0.1
Draw = Callable[[np.random.Generator, int], FloatArray]
Times = Callable[[np.random.Generator, int, float], FloatArray]
"""Arrival times of so many requests at a rate."""


@dataclass(frozen=True)
class ServiceLaw:
    """A law of service times of mean 1, and its quantile function."""

    cs2: float
    draw: Draw
    quantile: Callable[[float], float]

    def measured(self, *percentiles: float) -> ServiceTime:
        """What an endless measurement of it would find, its mean 1 s."""
        measured = tuple(
            MeasuredPercentile(percentile, 1000.0 * self.quantile(percentile / 100)) for percentile in percentiles
        )
        return ServiceTime(mean_ms=1000.0, cs2=self.cs2, percentiles=measured)


def sampled(times_ms: FloatArray, *percentiles: float) -> ServiceTime:
    """What a sample says; shape (requests,)."""
    mean_ms = float(times_ms.mean())
    measured = tuple(
        MeasuredPercentile(percentile, float(np.percentile(times_ms, percentile))) for percentile in percentiles
    )
    return ServiceTime(mean_ms=mean_ms, cs2=float(times_ms.var()) / mean_ms**2, percentiles=measured)


@dataclass(frozen=True)
class ArrivalLaw:
    """A law of arrival times, and its limiting variance over mean of counts."""

    ca2: float
    times: Times


def exponential() -> ServiceLaw:
    """Service times that are exponential."""
    return ServiceLaw(1.0, lambda rng, count: rng.exponential(1.0, count), lambda level: -math.log1p(-level))


def lognormal(cs2: float) -> ServiceLaw:
    """Lognormal service times."""
    sigma = math.sqrt(math.log1p(cs2))
    return ServiceLaw(
        cs2,
        lambda rng, count: rng.lognormal(-(sigma**2) / 2, sigma, count),
        lambda level: math.exp(sigma * float(special.ndtri(level)) - sigma**2 / 2),
    )


def pareto(cs2: float) -> ServiceLaw:
    """Pareto service times; the third moment is infinite where cs2 is 1/3 or more."""
    index = 1 + math.sqrt(1 + 1 / cs2)
    least = (index - 1) / index
    return ServiceLaw(
        cs2,
        lambda rng, count: least * (1 - rng.random(count)) ** (-1 / index),
        lambda level: least * (1 - level) ** (-1 / index),
    )


def poisson() -> ArrivalLaw:
    """One by one, independently."""
    return ArrivalLaw(1.0, lambda rng, count, rate: np.cumsum(rng.exponential(1 / rate, count)))


def batches(ca2: float) -> ArrivalLaw:
    """Batches of geometric size, all of a batch at once, batches independently."""
    mean_size = (ca2 + 1) / 2

    def times(rng: np.random.Generator, count: int, rate: float) -> FloatArray:
        sizes = rng.geometric(1 / mean_size, count)
        last = int(np.searchsorted(np.cumsum(sizes), count)) + 1
        starts = np.cumsum(rng.exponential(mean_size / rate, last))
        return np.repeat(starts, sizes[:last])[:count]

    return ArrivalLaw(ca2, times)


def bursts(ca2: float, *, swing: float = 0.8) -> ArrivalLaw:
    """A Poisson process whose rate switches between (1 + swing) and (1 - swing) times the mean (an MMPP)."""

    def times(rng: np.random.Generator, count: int, rate: float) -> FloatArray:
        stay = (ca2 - 1) / (rate * swing**2)
        stays = rng.exponential(stay, 2 * math.ceil(count / (rate * stay) + 50))
        high = (np.arange(len(stays)) + rng.integers(2)) % 2 == 0
        ends = np.concatenate([[0.0], np.cumsum(stays)])
        expected = np.concatenate([[0.0], np.cumsum(stays * rate * np.where(high, 1 + swing, 1 - swing))])
        return np.interp(np.cumsum(rng.exponential(1.0, count)), expected, ends)

    return ArrivalLaw(ca2, times)


SERVICE_LAWS: Final[Mapping[str, ServiceLaw]] = {
    "lognormal 1/4": lognormal(0.25),
    "exponential": exponential(),
    "lognormal 4": lognormal(4.0),
    "Pareto 1": pareto(1.0),
    "Pareto 4": pareto(4.0),
}
ARRIVAL_LAWS: Final[Mapping[str, ArrivalLaw]] = {
    "Poisson": poisson(),
    "batches 4": batches(4.0),
    "bursts 4": bursts(4.0),
}


def simulated_waits(arrived: FloatArray, served: FloatArray, *, servers: int) -> FloatArray:
    """Waits of requests in the order they came, each taken by the server that is free first; shape as both inputs."""
    if servers == 1:
        walk = np.concatenate([[0.0], np.cumsum(served[:-1] - np.diff(arrived))])
        return walk - np.minimum.accumulate(walk)
    free = [0.0] * servers
    waits: list[float] = []
    for arrival, service in zip(arrived.tolist(), served.tolist(), strict=True):
        start = max(free[0], arrival)
        heapq.heapreplace(free, start + service)
        waits.append(start - arrival)
    return np.asarray(waits)


def simulated_responses(
    arrivals: ArrivalLaw, service: ServiceLaw, *, servers: int, load: float, requests: int, rng: np.random.Generator
) -> FloatArray:
    """Wait plus service of requests once the queue has warmed up; shape (requests less the warm-up,)."""
    arrived = arrivals.times(rng, requests, load)
    served = service.draw(rng, requests)
    responses = simulated_waits(arrived, served, servers=servers) + served
    return responses[int(WARM_UP_SHARE * requests) :]
