"""How long requests wait for one of several servers, first come first served: approximations with stated names.

For what range they hold, `latency` says; `python -m benchmarks sizing` measures it.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from quantos.allocation.queueing.service_time import FloatArray, Lognormal, ServiceTime
from quantos.errors import CapacityError

Method = Literal["hyperexponential", "pareto"]


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Requests that come in.

    `ca2` is the limiting variance over mean of their counts (the squared coefficient of variation of the time between
    them where those times are independent): 1 for Poisson. Smoother arrivals are taken as Poisson.
    """

    per_second: float
    ca2: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.per_second < math.inf and 0 <= self.ca2 < math.inf):
            raise CapacityError(
                f"these cannot be arrivals: {self}", remedy="give a finite rate and ca2, neither negative"
            )

    def load(self, service: ServiceTime) -> float:
        """Servers kept busy on average."""
        return self.per_second * service.mean_ms / 1000


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Distribution of the wait: none with 1 - `probability`, otherwise of the mean and variation given.

    Attributes:
        conditional_cv2: squared coefficient of variation of a wait that is not zero, at least 1.
        tail_index: of the Pareto tail, above 1; None where the tail is hyperexponential.
    """

    probability: float
    conditional_mean_ms: float
    conditional_cv2: float
    tail_index: float | None

    @property
    def method(self) -> Method:
        """The name of the tail."""
        return "hyperexponential" if self.tail_index is None else "pareto"

    @property
    def mean_ms(self) -> float:
        """Mean over all requests, those that do not wait included."""
        return self.probability * self.conditional_mean_ms

    def share_beyond(self, time_ms: FloatArray) -> FloatArray:
        """The share of requests that wait longer than each of some times, none negative; any shape.

        `hyperexponential`: two exponentials with balanced means, of the conditional mean and variation.
        `pareto`: a Pareto tail that starts at zero (Lomax), of the conditional mean.
        Both have less than an exponential tail of that mean in their middle; where they do, the exponential counts.
        """
        scaled = time_ms / self.conditional_mean_ms
        if self.tail_index is not None:
            tail = (1 + scaled / (self.tail_index - 1)) ** -self.tail_index
        else:
            share = (1 + math.sqrt((self.conditional_cv2 - 1) / (self.conditional_cv2 + 1))) / 2
            tail = share * np.exp(-2 * share * scaled) + (1 - share) * np.exp(-2 * (1 - share) * scaled)
        return self.probability * np.maximum(np.exp(-scaled), tail)


def blocking_probability(servers: float, load: float) -> float:
    """Erlang's loss formula, for any real number of servers, stable from 1 to 10,000 and beyond.

    The Poisson probability of `servers` over its distribution function, both by the gamma function, which continues
    the recursion over whole servers to all real numbers. Source: Jagerman 1974.

    Args:
        servers: more than `load`.
        load: servers kept busy on average, positive.
    """
    log_probability = servers * math.log(load) - load - math.lgamma(servers + 1)
    return math.exp(log_probability) / float(special.gammaincc(servers + 1, load))


def waiting_probability(servers: float, load: float) -> float:
    """Erlang C: the probability that a Poisson arrival finds all servers busy, with exponential service.

    For any real number of servers above `load`, which is not negative.
    """
    if load == 0:
        return 0.0
    blocked = blocking_probability(servers, load)
    utilisation = load / servers
    return blocked / (1 - utilisation * (1 - blocked))


def peakedness(arrivals: Arrivals, service: ServiceTime) -> float:
    """Variance over mean of the busy servers were there no end of them; at least 1.

    Source: Eckberg 1983, Whitt 1992; 1 + (ca2 - 1) times the mean of the lesser of two service times over their mean,
    which for lognormal service is in closed form.
    """
    overlap = math.erfc(Lognormal.of_moments(service).sigma / 2)
    return 1 + max(arrivals.ca2 - 1, 0.0) * overlap


def wait(servers: int, arrivals: Arrivals, *, service: ServiceTime) -> Wait:
    """The wait for one of `servers`, first come first served.

    - Probability: Erlang C with servers and load divided by the peakedness (Hayward's approximation, Fredericks 1980),
      or of coming behind as many of one's own batch as there are servers, were ca2 due to batches of geometric size.
    - Conditional mean: Allen-Cunneen (Allen 1990), (ca2 + cs2) / 2 times that of Poisson arrivals and exponential
      service.
    - Conditional variation: that of one server with Poisson arrivals (Whitt 1983, the QNA; exact there), with the third
      moment of the lognormal that has the measured two. With more servers it is too high, which is the safe side.
    - Tail: hyperexponential (Whitt 1983). Where measured percentiles say that service is Pareto, no sum of
      exponentials is safe: Pareto, with the index of residual service, one below that of service; that is the index
      far out for one server (Cohen 1973), and too low, so safe, for more.

    Raises:
        CapacityError: the servers cannot keep up.
    """
    load = arrivals.load(service)
    if servers <= load:
        raise CapacityError(
            f"{servers} servers cannot keep up with a load of {load:g}", remedy="ask for more servers than the load"
        )
    peaked = peakedness(arrivals, service)
    free_share = 1 - load / servers
    ca2 = max(arrivals.ca2, 1.0)
    all_busy = waiting_probability(servers / peaked, load / peaked)
    behind_batch = ((ca2 - 1) / (ca2 + 1)) ** servers
    return Wait(
        probability=1 - (1 - all_busy) * (1 - behind_batch),
        conditional_mean_ms=service.mean_ms * (ca2 + service.cs2) / 2 / (servers * free_share),
        conditional_cv2=max(1.0, 1 - 2 * free_share + 4 * free_share * (1 + service.cs2) / 3),
        tail_index=service.pareto_index - 1 if service.family == "pareto" else None,
    )
