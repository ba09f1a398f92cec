"""Strategies with service times are held to the servers that queueing says they need."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quantos.allocation.servers import LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.service_time import ServiceTime
from quantos.capacity.latency_requirement import LatencyRequirement, latency_requirement
from quantos.capacity.planning import make_plan
from quantos.capacity.telling import explain_text
from quantos.contracts.strategy import ServerNeeds, ServiceProfile
from tests.support.demand_cases import PRICE, make_demand, make_inputs, make_strategy

BIN_SECONDS = 300


def profile(*, mean_ms: float = 20.0, vcpu: float = 1.0, memory_gib: float = 0.0, peak: float = 1.0) -> ServiceProfile:
    return ServiceProfile(mean_ms=mean_ms, peak_factor=peak, server=ServerNeeds(vcpu=vcpu, memory_gib=memory_gib))


def required(*parts: tuple[str, ServiceProfile | None], upper: float = 8.0, latency_ms: float = 200.0):
    """`upper` vCPU of demand, 300 requests a vCPU and bin: one a second a vCPU."""
    strategies = [
        make_strategy(name, units_per_vcpu=300.0, max_latency_ms=latency_ms, service=service) for name, service in parts
    ]
    demand = make_demand(*strategies, upper=upper, recent=1.0)
    return latency_requirement(demand, vcpu=PRICE.vcpu, node=PRICE.holds, bin_seconds=BIN_SECONDS)


def test_without_service_times_there_is_nothing_to_hold():
    assert required(("orders", None)) is None


def test_the_servers_are_those_of_the_queue_and_fill_whole_nodes():
    found = required(("quotes", profile(mean_ms=400.0)), upper=40.0, latency_ms=2500.0)
    expected = servers_needed(
        OfferedLoad(demand_units=40.0 * 300.0, bin_seconds=BIN_SECONDS),
        ServiceTime(mean_ms=400.0, cs2=1.0),
        target=LatencyTarget(max_latency_ms=2500.0, percentile=99.0),
    )
    assert isinstance(expected, Servers)
    assert found is not None
    assert found.nodes == math.ceil(expected.count / 7)
    assert found.binding.startswith(f"the response time of quotes: {expected.count} servers, 7 a node by vcpu")


def test_memory_binds_where_it_runs_out_first():
    lean, hungry = (required(("quotes", profile(mean_ms=900.0, memory_gib=gib)), latency_ms=9000.0) for gib in (1, 7))
    assert lean is not None
    assert hungry is not None
    assert "2 a node by memory" in hungry.binding
    assert hungry.nodes > lean.nodes


def test_what_no_size_keeps_is_named_and_its_demand_still_counts():
    found = required(("quotes", profile(mean_ms=500.0)), upper=24.0)
    assert found is not None
    assert found.nodes == 3
    assert found.unmet[0].startswith("quotes: service alone takes")


def test_a_server_that_fits_on_no_node_is_named():
    found = required(("quotes", profile(vcpu=16.0)))
    assert found is not None
    assert found.unmet == ("quotes: a node has room for 0.494 of one server, for want of vcpu",)


def test_strategies_share_nodes():
    both = required(("quotes", profile()), ("orders", None), upper=8.0)
    assert both is not None
    assert both.nodes == 1


@given(upper=st.floats(0, 2000), peak=st.floats(1, 5), mean_ms=st.floats(1, 150), latency_ms=st.floats(800, 5000))
def test_more_peak_never_needs_less(upper: float, peak: float, mean_ms: float, latency_ms: float):
    calm = required(("quotes", profile(mean_ms=mean_ms)), upper=upper, latency_ms=latency_ms)
    peaked = required(("quotes", profile(mean_ms=mean_ms, peak=peak)), upper=upper, latency_ms=latency_ms)
    assert isinstance(calm, LatencyRequirement)
    assert isinstance(peaked, LatencyRequirement)
    assert peaked.nodes >= calm.nodes


def test_a_plan_rises_to_the_response_time_and_says_so():
    slow = make_strategy(
        "quotes", units_per_vcpu=300.0, max_latency_ms=9000.0, service=profile(mean_ms=1500.0, vcpu=1.0)
    )
    plan = make_plan(make_inputs(make_demand(slow, upper=16.0, recent=8.0)))
    assert plan.sizes["cpu"].floor > 2
    assert "the response time of quotes" in plan.explanation.pools[0].binding


def test_a_plan_tells_what_no_size_keeps():
    hopeless = make_strategy("quotes", units_per_vcpu=300.0, max_latency_ms=200.0, service=profile(mean_ms=500.0))
    plan = make_plan(make_inputs(make_demand(hopeless, upper=16.0, recent=8.0)))
    (pool,) = plan.explanation.pools
    assert pool.unmet[0].startswith("quotes: service alone takes")
    assert "  Out of reach quotes: service alone takes" in explain_text(plan, None)


@pytest.mark.parametrize("wrong", [{99.0: 5.0, 99.9: 4.0}, {40.0: 5.0}, {100.0: 5.0}])
def test_percentiles_that_cannot_be_are_refused(wrong: dict[float, float]):
    with pytest.raises(ValidationError):
        ServiceProfile(mean_ms=1.0, percentiles_ms=wrong, server=ServerNeeds(vcpu=1))
