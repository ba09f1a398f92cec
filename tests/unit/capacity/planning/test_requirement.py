"""Strategies with service times are held to the servers that queueing says they need."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quantos.allocation.choice import Resources
from quantos.allocation.queueing.servers import LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.queueing.service_time import ServiceTime
from quantos.allocation.shapes.node_needs import Allocatable
from quantos.capacity.planning.requirement import FORECAST, STATED, StrategyNeed, strategy_needs
from quantos.capacity.pools.node_prices import NodePrice
from quantos.capacity.reporting.plan_text import explain_text
from quantos.contracts.strategy import ServerNeeds, ServiceProfile
from tests.support.demand_cases import NODE, make_demand, make_inputs, make_strategy, planned

BIN_SECONDS = 300
CPU = {"cpu": NODE}
GREAT = NodePrice(
    node=Resources(vcpu=32, memory_gib=64.0, network_mbps=10000.0),
    holds=Allocatable(vcpu=31.8, memory_gib=60.0, network_mbps=10000.0, pods=250),
    usd_per_hour=2.0,
)


def profile(*, mean_ms: float = 20.0, vcpu: float = 1.0, memory_gib: float = 0.0, peak: float = 1.0) -> ServiceProfile:
    return ServiceProfile(mean_ms=mean_ms, peak_factor=peak, server=ServerNeeds(vcpu=vcpu, memory_gib=memory_gib))


def needs(
    *parts: tuple[str, ServiceProfile | None],
    upper: float = 8.0,
    latency_ms: float = 200.0,
    nodes: Mapping[str, NodePrice] = CPU,
) -> tuple[StrategyNeed, ...]:
    """`upper` vCPU of demand, 300 requests a vCPU and bin: one a second a vCPU."""
    strategies = [
        make_strategy(name, pools=tuple(nodes), units_per_vcpu=300.0, max_latency_ms=latency_ms, service=service)
        for name, service in parts
    ]
    return strategy_needs(make_demand(*strategies, upper=upper, recent=1.0), nodes=nodes, bin_seconds=BIN_SECONDS)


def filled_nodes(need: StrategyNeed, pool: str = "cpu") -> float:
    alone = max(asked / has for asked, has in zip(need.need.amounts()[:3], CPU["cpu"].node.amounts()[:3], strict=True))
    return alone * need.packing.get(pool, 1.0)


def test_without_service_times_a_strategy_needs_what_its_demand_fills():
    (need,) = needs(("orders", None), upper=40.0)

    assert (need.need, need.packing, need.binding) == (Resources(vcpu=40.0), {}, "the forecast")


def test_demand_is_shared_by_weight_and_no_less_than_stated():
    small, great = make_strategy("small", min_throughput_units=200), make_strategy("great")

    found = strategy_needs(
        make_demand(small, great, upper=40, recent=10, soon=30, weights=(1, 3)), nodes=CPU, bin_seconds=BIN_SECONDS
    )

    assert [need.need.vcpu for need in found] == [20, 30]
    assert [need.binding for need in found] == [STATED, FORECAST]
    assert [need.now_share for need in found] == [1.0, 0.75]


def test_the_servers_are_those_of_the_queue_and_are_not_split_between_nodes():
    (found,) = needs(("quotes", profile(mean_ms=400.0)), upper=40.0, latency_ms=2500.0)
    expected = servers_needed(
        OfferedLoad(demand_units=40.0 * 300.0, bin_seconds=BIN_SECONDS),
        ServiceTime(mean_ms=400.0, cs2=1.0),
        target=LatencyTarget(max_latency_ms=2500.0, percentile=99.0),
    )
    assert isinstance(expected, Servers)
    assert filled_nodes(found) == pytest.approx(max(expected.count / 7, 5.0))
    assert found.need.vcpu == max(expected.count, 40.0)


def test_memory_binds_where_it_runs_out_first():
    (lean,), (hungry,) = (
        needs(("quotes", profile(mean_ms=900.0, memory_gib=gib)), latency_ms=9000.0) for gib in (1, 7)
    )
    assert "2 a node by memory" in hungry.binding
    assert filled_nodes(hungry) > filled_nodes(lean)


def test_what_no_size_keeps_is_named_and_its_demand_still_counts():
    (found,) = needs(("quotes", profile(mean_ms=500.0)), upper=24.0)

    assert filled_nodes(found) == 3
    assert found.unmet[0].startswith("quotes: service alone takes")


def test_a_server_that_fits_on_no_node_is_named():
    (found,) = needs(("quotes", profile(vcpu=16.0)))

    assert found.unmet == ("quotes: a node has room for 0.494 of one server, for want of vcpu",)


def test_a_pool_whose_nodes_hold_none_of_its_servers_is_left_out():
    (found,) = needs(("quotes", profile(vcpu=16.0)), nodes={**CPU, "great": GREAT})

    assert found.pools == ("great",)
    assert found.unmet == ()


@given(upper=st.floats(0, 2000), peak=st.floats(1, 5), mean_ms=st.floats(1, 150), latency_ms=st.floats(800, 5000))
def test_more_peak_never_needs_less(upper: float, peak: float, mean_ms: float, latency_ms: float):
    (calm,) = needs(("quotes", profile(mean_ms=mean_ms)), upper=upper, latency_ms=latency_ms)
    (peaked,) = needs(("quotes", profile(mean_ms=mean_ms, peak=peak)), upper=upper, latency_ms=latency_ms)

    assert filled_nodes(peaked) >= filled_nodes(calm) - 1e-9


def test_a_plan_rises_to_the_response_time_and_says_so():
    slow = make_strategy(
        "quotes", units_per_vcpu=300.0, max_latency_ms=9000.0, service=profile(mean_ms=1500.0, vcpu=1.0)
    )
    plan = planned(make_inputs(make_demand(slow, upper=16.0, recent=8.0)))
    assert plan.sizes["cpu"].floor > 2
    assert "the response time of quotes" in plan.explanation.pools[0].binding


def test_a_plan_tells_what_no_size_keeps():
    hopeless = make_strategy("quotes", units_per_vcpu=300.0, max_latency_ms=200.0, service=profile(mean_ms=500.0))
    plan = planned(make_inputs(make_demand(hopeless, upper=16.0, recent=8.0)))
    (pool,) = plan.explanation.pools
    assert pool.unmet[0].startswith("quotes: service alone takes")
    assert "  Out of reach quotes: service alone takes" in explain_text(plan, None)


@pytest.mark.parametrize("wrong", [{99.0: 5.0, 99.9: 4.0}, {40.0: 5.0}, {100.0: 5.0}])
def test_percentiles_that_cannot_be_are_refused(wrong: dict[float, float]):
    with pytest.raises(ValidationError):
        ServiceProfile(mean_ms=1.0, percentiles_ms=wrong, server=ServerNeeds(vcpu=1))
