"""From a service level and measured service times to the fewest servers that keep it.

In simulation (`python -m benchmarks sizing`) the counts keep their targets with 6 to 8 % more servers than the fewest
that would, loads of 0.3 to 30 servers taken together. They fail for batches under limits of 1.15 to 1.5 times the
service's own percentile: up to 1.4 times as many requests as may be late then are, most with near-constant service.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from quantos.allocation.queueing.response_time import late_share, response_ms
from quantos.allocation.queueing.service_time import Lognormal, ServiceTime, service_distribution
from quantos.allocation.queueing.waiting_time import Arrivals, Method, wait
from quantos.errors import CapacityError

MOST_SERVERS: Final = 10_000
"""Servers that are tried."""

MOST_UTILISATION: Final = 0.95
"""Servers are planned no busier than the approximations are checked for. Beyond, a few per cent of error in a measured
service time would decide whether they keep up at all."""


@dataclass(frozen=True, kw_only=True)
class LatencyTarget:
    """No more than 100 - `percentile` per cent of requests may take longer than `max_latency_ms`."""

    max_latency_ms: float
    percentile: float

    def __post_init__(self) -> None:
        if not (0 < self.max_latency_ms < math.inf and 0 < self.percentile < 100):
            raise CapacityError(
                f"this cannot be a latency target: {self}", remedy="give milliseconds, and a percentile below 100"
            )

    @property
    def late_share(self) -> float:
        """The share of requests that may be late."""
        return 1 - self.percentile / 100


@dataclass(frozen=True, kw_only=True)
class OfferedLoad:
    """What is to be served.

    Attributes:
        demand_units: forecast requests per bin.
        throughput_units: requests per bin that must always be servable, within bursts of `ca2` but without the peak.
        peak_factor: measured rate of the busiest moments over the bin's mean, at least 1.
        ca2: as of `Arrivals`, within the moments that the peak factor was measured over.
    """

    demand_units: float
    bin_seconds: int
    throughput_units: float = 0.0
    peak_factor: float = 1.0
    ca2: float = 1.0

    def __post_init__(self) -> None:
        finite = all(0 <= value < math.inf for value in (self.demand_units, self.throughput_units, self.ca2))
        if not (finite and self.bin_seconds > 0 and 1 <= self.peak_factor < math.inf):
            raise CapacityError(
                f"this cannot be a load: {self}",
                remedy="give finite numbers, none negative, and a peak factor of 1 or more",
            )

    @property
    def throughput_binds(self) -> bool:
        """Whether the stated throughput asks for more than the forecast at its peak."""
        return self.throughput_units > self.demand_units * self.peak_factor

    @property
    def arrivals(self) -> Arrivals:
        """The rate that servers are found for."""
        units = max(self.demand_units * self.peak_factor, self.throughput_units)
        return Arrivals(per_second=units / self.bin_seconds, ca2=self.ca2)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The fewest servers that keep a target, and what is expected of them.

    Attributes:
        utilisation: share of time that a server is busy while the rate is the one they were found for.
        binding: `throughput` where the stated throughput set that rate; else `latency` where the target asks for more
            than the fewest that are no busier than `MOST_UTILISATION`, `stability` where it does not.
        method: of the tail of the wait, see `queueing.Wait`.
    """

    count: int
    utilisation: float
    p_wait: float
    mean_wait_ms: float
    response_ms_at_percentile: float
    binding: Literal["latency", "stability", "throughput"]
    method: Method


@dataclass(frozen=True, kw_only=True)
class Infeasible:
    """No number of servers that is tried keeps the target.

    Attributes:
        reason: `service-time` where service alone is too slow for any size; `server-limit` otherwise.
        detail: what was found, with its figures, one sentence.
        service_ms_at_percentile: service alone at the target's percentile.
    """

    reason: Literal["service-time", "server-limit"]
    detail: str
    service_ms_at_percentile: float


def servers_needed(
    offered: OfferedLoad, service: ServiceTime, *, target: LatencyTarget, most_servers: int = MOST_SERVERS
) -> Servers | Infeasible:
    """The fewest servers, first come first served, whose response keeps the target; none for no load.

    The share of late requests falls with every server, so bisection finds the fewest.
    """
    served = service_distribution(service, percentile=target.percentile)
    service_ms = served.quantile_ms(target.percentile / 100)
    if served.share_beyond(target.max_latency_ms) >= target.late_share:
        return Infeasible(
            reason="service-time",
            detail=f"service alone takes {service_ms:.4g} ms at the {target.percentile:g}th percentile, which leaves "
            f"nothing of {target.max_latency_ms:.4g} ms at any size",
            service_ms_at_percentile=service_ms,
        )
    arrivals = offered.arrivals
    if arrivals.load(service) == 0:
        return _none_needed(service_ms, service)

    def keeps_target(count: int) -> bool:
        waited = wait(count, arrivals, service=service)
        return late_share(target.max_latency_ms, waited, served=served) <= target.late_share

    fewest = _fewest_stable(arrivals.load(service))
    if fewest > most_servers or not keeps_target(most_servers):
        return Infeasible(
            reason="server-limit",
            detail=f"{most_servers} servers are too few for {arrivals.per_second:.4g} requests a second within "
            f"{target.max_latency_ms:.4g} ms at the {target.percentile:g}th percentile",
            service_ms_at_percentile=service_ms,
        )
    low, high = fewest, most_servers
    while low < high:
        middle = (low + high) // 2
        if keeps_target(middle):
            high = middle
        else:
            low = middle + 1
    return _described(low, offered, service=service, served=served, target=target)


def _fewest_stable(load: float) -> int:
    return math.ceil(load / MOST_UTILISATION)


def _described(
    count: int, offered: OfferedLoad, *, service: ServiceTime, served: Lognormal, target: LatencyTarget
) -> Servers:
    arrivals = offered.arrivals
    load = arrivals.load(service)
    waited = wait(count, arrivals, service=service)
    binding = "latency" if count > _fewest_stable(load) else "stability"
    return Servers(
        count=count,
        utilisation=load / count,
        p_wait=waited.probability,
        mean_wait_ms=waited.mean_ms,
        response_ms_at_percentile=response_ms(target.percentile / 100, waited, served=served),
        binding="throughput" if offered.throughput_binds else binding,
        method=waited.method,
    )


def _none_needed(service_ms: float, service: ServiceTime) -> Servers:
    return Servers(
        count=0,
        utilisation=0.0,
        p_wait=0.0,
        mean_wait_ms=0.0,
        response_ms_at_percentile=service_ms,
        binding="stability",
        method="pareto" if service.family == "pareto" else "hyperexponential",
    )
