import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.queue_simulation import ARRIVAL_LAWS, SERVICE_LAWS, simulated_waits
from benchmarks.sizing_accuracy import Setting, percentile_errors, sized
from quantos.allocation.queueing.response_time import late_share
from quantos.allocation.queueing.servers import (
    MOST_UTILISATION,
    Infeasible,
    LatencyTarget,
    OfferedLoad,
    Servers,
    servers_needed,
)
from quantos.allocation.queueing.service_time import MeasuredPercentile, ServiceTime, service_distribution
from quantos.allocation.queueing.waiting_time import wait
from quantos.errors import CapacityError

SERVICE = ServiceTime(mean_ms=10.0, cs2=1.0)
TARGET = LatencyTarget(max_latency_ms=60.0, percentile=99.0)

services = st.builds(
    lambda mean, cs2, ratio: ServiceTime(
        mean_ms=mean, cs2=cs2, percentiles=() if ratio is None else (MeasuredPercentile(99.0, ratio * mean),)
    ),
    st.floats(0.1, 1000),
    st.floats(0, 9),
    st.none() | st.floats(1.0, 12.0),
)
loads = st.builds(
    lambda per_second, peak, ca2: OfferedLoad(demand_units=60 * per_second, bin_seconds=60, peak_factor=peak, ca2=ca2),
    st.floats(0, 2000),
    st.floats(1, 3),
    st.floats(0, 6),
)


def late(count: int, offered: OfferedLoad, service: ServiceTime, *, target: LatencyTarget) -> float:
    served = service_distribution(service, percentile=target.percentile)
    return late_share(target.max_latency_ms, wait(count, offered.arrivals, service=service), served=served)


def needed(offered: OfferedLoad, service: ServiceTime = SERVICE, *, target: LatencyTarget = TARGET) -> Servers:
    found = servers_needed(offered, service, target=target)
    assert isinstance(found, Servers)
    return found


@given(loads, services, st.floats(1.0, 10), st.sampled_from([90.0, 99.0, 99.9]))
def test_the_count_keeps_the_target_and_one_less_does_not(
    offered: OfferedLoad, service: ServiceTime, stretch: float, percentile: float
) -> None:
    served = service_distribution(service, percentile=percentile)
    target = LatencyTarget(max_latency_ms=stretch * served.quantile_ms(percentile / 100), percentile=percentile)
    found = servers_needed(offered, service, target=target)
    if isinstance(found, Infeasible) or found.count == 0:
        return
    assert found.utilisation <= MOST_UTILISATION + 1e-12
    assert late(found.count, offered, service, target=target) <= target.late_share
    assert found.response_ms_at_percentile <= target.max_latency_ms * (1 + 1e-4)
    load = offered.arrivals.load(service)
    if found.binding == "latency":
        assert late(found.count - 1, offered, service, target=target) > target.late_share
    elif found.binding == "stability" and found.count > 1:
        assert load / (found.count - 1) > MOST_UTILISATION


@given(loads, services, st.integers(0, 60))
def test_no_further_server_makes_more_requests_late(offered: OfferedLoad, service: ServiceTime, spare: int) -> None:
    target = LatencyTarget(max_latency_ms=3 * service.mean_ms, percentile=99.0)
    first = math.ceil(offered.arrivals.load(service) / MOST_UTILISATION) + 1 + spare
    shares = [late(first + more, offered, service, target=target) for more in range(4)]
    assert all(after <= before + 1e-12 for before, after in pairwise(shares))


def test_more_demand_never_needs_fewer() -> None:
    counts = [needed(OfferedLoad(demand_units=units, bin_seconds=300)).count for units in range(0, 60_000, 3000)]
    assert counts == sorted(counts)
    assert counts[0] == 0


def test_the_peak_raises_the_rate() -> None:
    calm = needed(OfferedLoad(demand_units=60_000, bin_seconds=60))
    peaky = needed(OfferedLoad(demand_units=30_000, bin_seconds=60, peak_factor=2.0))
    assert peaky == calm


@pytest.mark.parametrize(
    ("offered", "limit_ms", "binding"),
    [
        pytest.param(OfferedLoad(demand_units=60_000, bin_seconds=60), 52.0, "latency", id="latency"),
        pytest.param(OfferedLoad(demand_units=60_000, bin_seconds=60), 900.0, "stability", id="stability"),
        pytest.param(
            OfferedLoad(demand_units=1000, bin_seconds=60, throughput_units=60_000), 52.0, "throughput", id="throughput"
        ),
    ],
)
def test_what_binds_is_named(offered: OfferedLoad, limit_ms: float, binding: str) -> None:
    found = needed(offered, target=LatencyTarget(max_latency_ms=limit_ms, percentile=99.0))
    assert found.binding == binding
    assert found.count >= 11


def test_service_slower_than_the_target_is_infeasible_at_any_size() -> None:
    service = ServiceTime(mean_ms=10.0, cs2=1.0, percentiles=(MeasuredPercentile(99.0, 61.0),))
    found = servers_needed(OfferedLoad(demand_units=1, bin_seconds=60), service, target=TARGET)
    assert isinstance(found, Infeasible)
    assert (found.reason, found.service_ms_at_percentile) == ("service-time", pytest.approx(61.0))
    assert "61 ms" in found.detail
    assert "60 ms" in found.detail


def test_more_servers_than_are_tried_is_named() -> None:
    found = servers_needed(OfferedLoad(demand_units=60_000, bin_seconds=1), SERVICE, target=TARGET, most_servers=500)
    assert isinstance(found, Infeasible)
    assert found.reason == "server-limit"
    assert "500 servers" in found.detail


@pytest.mark.parametrize(
    "fields", [{"demand_units": math.nan}, {"peak_factor": 0.5}, {"bin_seconds": 0}, {"throughput_units": -1.0}]
)
def test_loads_that_cannot_be_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(CapacityError, match="cannot be a load"):
        OfferedLoad(**({"demand_units": 1.0, "bin_seconds": 60} | fields))


def test_a_target_without_a_percentile_below_100_is_refused() -> None:
    with pytest.raises(CapacityError, match="cannot be a latency target"):
        LatencyTarget(max_latency_ms=10.0, percentile=100.0)


def test_the_simulation_takes_requests_in_order_by_the_server_free_first() -> None:
    arrived, served = np.array([0.0, 1.0, 2.0, 3.0]), np.array([5.0, 1.0, 4.0, 1.0])
    assert simulated_waits(arrived, served, servers=2).tolist() == [0.0, 0.0, 0.0, 2.0]
    assert simulated_waits(arrived, served, servers=1).tolist() == [0.0, 4.0, 4.0, 7.0]


@pytest.mark.parametrize("servers", [1, 4, 16])
@pytest.mark.parametrize(
    ("arrivals", "service"),
    [("Poisson", "exponential"), ("Poisson", "lognormal 4"), ("batches 4", "exponential"), ("bursts 4", "lognormal 4")],
)
def test_the_99th_percentile_lies_where_simulation_finds_it(servers: int, arrivals: str, service: str) -> None:
    setting = Setting(ARRIVAL_LAWS[arrivals], SERVICE_LAWS[service], servers, 0.7 * servers)
    _, (_, error), _ = percentile_errors(setting, rounds=1)
    assert -0.15 <= error <= 0.8


@pytest.mark.parametrize("service", ["lognormal 4", "Pareto 1"])
@pytest.mark.parametrize("arrivals", list(ARRIVAL_LAWS))
def test_what_is_sized_keeps_its_target_in_simulation(arrivals: str, service: str) -> None:
    found = sized(ARRIVAL_LAWS[arrivals], SERVICE_LAWS[service], load=8.0, stretch=1.5, percentile=99.0, rounds=1)
    assert found.late_over_allowed <= 1.2
    assert found.servers <= found.fewest + 2


def test_batches_of_near_constant_service_miss_a_close_limit_by_no_more_than_stated() -> None:
    found = sized(
        ARRIVAL_LAWS["batches 4"], SERVICE_LAWS["lognormal 1/4"], load=1.0, stretch=1.15, percentile=95.0, rounds=1
    )
    assert found.late_over_allowed <= 1.5
