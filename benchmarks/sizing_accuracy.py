"""Whether sizing keeps what it promises: response percentiles and server counts beside a simulated queue.

Each figure of a region is the worst of its queues; the median and the highest stand beside it.
"""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.measurement import Figure, Report, now
from benchmarks.queue_simulation import ARRIVAL_LAWS, SERVICE_LAWS, ArrivalLaw, ServiceLaw, simulated_responses
from quantos.allocation.queueing.response_time import response_ms
from quantos.allocation.queueing.servers import MOST_UTILISATION, LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.queueing.service_time import service_distribution
from quantos.allocation.queueing.waiting_time import Arrivals, wait
from quantos.errors import CapacityError

BENCHMARK = "sizing"
SERVERS: Final = {"1 server": (1,), "2 to 4": (2, 4), "16 to 200": (16, 200)}
UTILISATIONS: Final = {"busy to 0.8": (0.5, 0.7, 0.8), "busy 0.9": (0.9,), "busy 0.95": (0.95,)}
PERCENTILES: Final = (95.0, 99.0, 99.9)
LOADS: Final = (0.3, 0.6, 1.0, 2.0, 4.0, 8.0, 30.0)
STRETCHES: Final = (1.15, 1.5, 2.5)
HIGHEST: Final = 99.9
REQUESTS: Final = 50_000
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    """A queue that is simulated."""

    arrivals: ArrivalLaw
    service: ServiceLaw
    servers: int
    load: float

    def runs(self, rounds: int) -> Iterator[np.ndarray]:
        """Simulated responses, mean service times; longer runs where queues change slowly."""
        busy = self.load / self.servers
        slowness = min(4.0, max(1.0, (0.3 / (1 - busy)) ** 2))
        requests = int(REQUESTS * slowness) * (4 if self.servers == 1 else 1)
        for seed in range(rounds):
            yield simulated_responses(
                self.arrivals,
                self.service,
                servers=self.servers,
                load=self.load,
                requests=requests,
                rng=np.random.default_rng([seed, self.servers, round(1000 * self.load)]),
            )


@dataclass(frozen=True)
class Sizing:
    """One answer of `servers_needed` beside the simulated queue."""

    servers: int
    fewest: int
    late_over_allowed: float


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Simulate each queue `rounds` times. Raises CapacityError where sizing finds a case infeasible."""
    figures = [*_percentiles(rounds, tell), *_sizings(rounds, tell)]
    subject = (
        f"expected response / simulated - 1; {', '.join(SERVICE_LAWS)} service; {', '.join(ARRIVAL_LAWS)} arrivals; "
        f"median of {rounds} runs a queue"
    )
    return Report(BENCHMARK, command, subject, tuple(figures), now())


def _percentiles(rounds: int, tell: Tell) -> Iterator[Figure]:
    errors: dict[tuple[float, str], list[float]] = defaultdict(list)
    for (few, counts), (busy, shares) in itertools.product(SERVERS.items(), UTILISATIONS.items()):
        tell(f"percentiles, {few}, {busy}")
        for servers, share, arrivals, service in itertools.product(
            counts, shares, ARRIVAL_LAWS.values(), SERVICE_LAWS.values()
        ):
            setting = Setting(arrivals, service, servers, share * servers)
            for percentile, (method, error) in zip(PERCENTILES, percentile_errors(setting, rounds=rounds), strict=True):
                errors[percentile, f"{few}, {busy}, {method}"].append(error)
    for percentile in PERCENTILES:
        by_region = {region: values for (level, region), values in errors.items() if level == percentile}
        checked = [error for region, values in by_region.items() if "0.95" not in region for error in values]
        yield _bounds(f"p{percentile:g}_under", checked)
        for region, values in by_region.items():
            yield _bounds(f"p{percentile:g} {region}", values)


def percentile_errors(setting: Setting, *, rounds: int) -> list[tuple[str, float]]:
    """Method, and expected over simulated percentile less 1, one of each of `PERCENTILES`."""
    simulated = np.median([np.percentile(run, PERCENTILES) for run in setting.runs(rounds)], axis=0)
    errors: list[tuple[str, float]] = []
    for percentile, value in zip(PERCENTILES, simulated, strict=True):
        measured = setting.service.measured(*sorted({percentile, HIGHEST}))
        waited = wait(setting.servers, Arrivals(per_second=setting.load, ca2=setting.arrivals.ca2), service=measured)
        served = service_distribution(measured, percentile=percentile)
        expected_seconds = response_ms(percentile / 100, waited, served=served) / 1000
        errors.append((waited.method, expected_seconds / float(value) - 1))
    return errors


def _bounds(name: str, errors: list[float]) -> Figure:
    unit = f"low; median {statistics.median(errors):+.2f}, high {max(0.0, *errors):.2f}; {len(errors)} queues"
    return Figure(name, max(0.0, -min(errors)), unit, tuple(round(error, 3) for error in errors))


def _sizings(rounds: int, tell: Tell) -> Iterator[Figure]:
    for percentile in PERCENTILES[:2]:
        sizings: list[Sizing] = []
        for load in LOADS:
            tell(f"sizing, {percentile:g}th percentile, load {load:g}")
            sizings += [
                sized(arrivals, service, load=load, stretch=stretch, percentile=percentile, rounds=rounds)
                for stretch, arrivals, service in itertools.product(
                    STRETCHES, ARRIVAL_LAWS.values(), SERVICE_LAWS.values()
                )
            ]
        late = [sizing.late_over_allowed for sizing in sizings]
        extra = sum(sizing.servers - sizing.fewest for sizing in sizings) / sum(sizing.fewest for sizing in sizings)
        above = sum(ratio > 1 for ratio in late)
        name = f"p{percentile:g}"
        unit = f"late / allowed; median {statistics.median(late):.2f}; above 1 in {above} of {len(late)}"
        yield Figure(f"{name}_late_over_allowed", max(late), unit, tuple(round(ratio, 3) for ratio in late))
        yield Figure(f"{name}_extra_servers", extra, "of the fewest by simulation")


def sized(
    arrivals: ArrivalLaw, service: ServiceLaw, *, load: float, stretch: float, percentile: float, rounds: int
) -> Sizing:
    """Size for a limit of `stretch` times the service's own percentile, and simulate it, and with fewer servers."""
    measured = service.measured(percentile, HIGHEST)
    limit_ms = 1000 * service.quantile(percentile / 100) * stretch
    target = LatencyTarget(max_latency_ms=limit_ms, percentile=percentile)
    offered = OfferedLoad(demand_units=load * 60, bin_seconds=60, ca2=arrivals.ca2)
    answer = servers_needed(offered, measured, target=target)
    if not isinstance(answer, Servers):
        raise CapacityError(f"a feasible case was called infeasible: {answer.detail}", remedy="repair the sizing")

    def late_share(servers: int) -> float:
        runs = Setting(arrivals, service, servers, load).runs(rounds)
        return statistics.fmean(float((run > limit_ms / 1000).mean()) for run in runs)

    fewest = answer.count
    while fewest - 1 >= load / MOST_UTILISATION and late_share(fewest - 1) <= target.late_share:
        fewest -= 1
    return Sizing(answer.count, fewest, late_share(answer.count) / target.late_share)
