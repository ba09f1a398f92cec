import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.allocation.shapes.node_needs import (
    Allocatable,
    DaemonNeed,
    NodeNeed,
    Resource,
    ServerNeed,
    ServerTooLarge,
    allocatable,
    daemon_need,
    max_pods,
    nodes_for_servers,
    offered,
)
from quantos.catalog.catalog import InstanceShape, load_catalog
from quantos.environment.node_agents import Requests, agents_of
from quantos.errors import CapacityError

NODE = Allocatable(vcpu=8.0, memory_gib=16.0, network_mbps=4000.0, pods=50, gpus=4)


def shape(vcpu: int = 8, memory_gib: float = 16.0) -> InstanceShape:
    return InstanceShape("c7i.2xlarge", vcpu, memory_gib, 0, 3125, "x86_64", 56)


@pytest.mark.parametrize(
    ("need", "servers_per_node", "binding"),
    [
        pytest.param(ServerNeed(vcpu=2.5, memory_gib=1), 3, "vcpu", id="vcpu"),
        pytest.param(ServerNeed(vcpu=1, memory_gib=5), 3, "memory", id="memory"),
        pytest.param(ServerNeed(vcpu=1, memory_gib=1, network_mbps=1500), 2, "network", id="network"),
        pytest.param(ServerNeed(vcpu=0.1, memory_gib=0.1), 50, "pods", id="pods"),
        pytest.param(ServerNeed(vcpu=1, memory_gib=1, gpus=2), 2, "gpu", id="gpu"),
        pytest.param(ServerNeed(vcpu=2, memory_gib=4), 4, "vcpu", id="first-of-equals"),
    ],
)
def test_every_resource_can_bind(need: ServerNeed, servers_per_node: int, binding: Resource) -> None:
    nodes = math.ceil(101 / servers_per_node)
    expected = NodeNeed(nodes=nodes, servers_per_node=servers_per_node, binding=binding)
    assert nodes_for_servers(101, need, node=NODE) == expected


def test_a_server_larger_than_a_node_is_named() -> None:
    found = nodes_for_servers(1, ServerNeed(vcpu=1, memory_gib=24), node=NODE)
    assert isinstance(found, ServerTooLarge)
    assert found.binding == "memory"
    assert "room for 0.667 of one server" in found.detail


def test_a_node_without_network_holds_no_server_that_needs_some() -> None:
    node = Allocatable(vcpu=8.0, memory_gib=16.0, network_mbps=0.0, pods=50)
    found = nodes_for_servers(1, ServerNeed(vcpu=1, memory_gib=1, network_mbps=1), node=node)
    assert isinstance(found, ServerTooLarge)
    assert found.binding == "network"


def test_no_servers_need_no_nodes() -> None:
    found = nodes_for_servers(0, ServerNeed(vcpu=1, memory_gib=1), node=NODE)
    assert isinstance(found, NodeNeed)
    assert found.nodes == 0


@given(
    st.integers(0, 10_000), st.floats(0.01, 8), st.floats(0.01, 16), st.floats(0, 4000), st.sampled_from([1, 20, 110])
)
def test_servers_fit_and_one_more_a_node_does_not(
    servers: int, vcpu: float, memory_gib: float, network_mbps: float, pods: int
) -> None:
    node = Allocatable(vcpu=8.0, memory_gib=16.0, network_mbps=4000.0, pods=pods)
    found = nodes_for_servers(
        servers, ServerNeed(vcpu=vcpu, memory_gib=memory_gib, network_mbps=network_mbps), node=node
    )
    assert isinstance(found, NodeNeed)
    held = found.servers_per_node
    slack = 1 + 1e-8
    assert held * vcpu <= 8 * slack
    assert held * memory_gib <= 16 * slack
    assert held * network_mbps <= 4000 * slack
    assert held <= pods
    more = held + 1
    assert more * vcpu > 8 or more * memory_gib > 16 or more * network_mbps > 4000 or more > pods
    assert (found.nodes - 1) * held < servers <= found.nodes * held or servers == found.nodes == 0


@pytest.mark.parametrize(("vcpu", "reserved_millicores"), [(1, 60), (2, 70), (4, 80), (8, 90), (96, 310)], ids=str)
def test_the_kubelet_reserves_vcpu_in_steps(vcpu: int, reserved_millicores: int) -> None:
    left = allocatable(shape(vcpu=vcpu, memory_gib=64))
    assert left.vcpu == pytest.approx(vcpu - reserved_millicores / 1000)


def test_memory_is_reserved_by_pods_and_daemons_take_theirs() -> None:
    left = allocatable(shape(), daemons=DaemonNeed(pods=4, vcpu=0.3, memory_gib=0.5))
    assert left.memory_gib == pytest.approx(16 * 0.925 - (255 + 11 * 58 + 100) / 1024 - 0.5)
    assert left.vcpu == pytest.approx(8 - 0.09 - 0.3)
    assert (left.pods, left.network_mbps) == (54, 3125.0)


CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("instance_type", "pods"),
    [
        ("t3.medium", 17),
        ("m5.large", 29),
        ("c7i.2xlarge", 58),
        ("g5.xlarge", 58),
        ("c6in.4xlarge", 110),
        ("p4d.24xlarge", 250),
    ],
)
def test_a_node_has_pods_by_its_interfaces_up_to_the_cap_of_managed_groups(instance_type: str, pods: int) -> None:
    assert max_pods(CATALOG.shape(instance_type)) == pods


@given(st.sampled_from(sorted(CATALOG.shapes)), st.sampled_from(sorted(CATALOG.shapes)))
def test_a_node_is_never_promised_beyond_what_any_of_its_types_can_allocate(one: str, other: str) -> None:
    shapes = [CATALOG.shape(one), CATALOG.shape(other)]
    try:
        node = offered(shapes)
    except CapacityError:
        return
    for held in shapes:
        agents = daemon_need(agents_of(held.gpus))
        assert 0 < node.vcpu <= held.vcpu * 0.9975 - agents.vcpu
        assert 0 < node.memory_gib <= held.memory_gib - 355 / 1024 - agents.memory_gib
        assert node.network_mbps <= held.network_mbps
        assert node.gpus <= held.gpus
        assert 0 < node.pods <= held.pod_addresses + 2 - agents.pods


def test_pods_that_run_everywhere_are_counted_with_all_their_containers() -> None:
    agents = {
        "one": {"a": Requests(millicores=100, memory_mib=256), "b": Requests(millicores=50)},
        "two": {"c": Requests()},
    }
    assert daemon_need(agents) == DaemonNeed(pods=2, vcpu=0.15, memory_gib=0.25)


def test_a_node_with_nothing_left_is_refused() -> None:
    with pytest.raises(CapacityError, match="nothing left"):
        allocatable(shape(vcpu=1, memory_gib=1.0))


def test_needs_that_cannot_be_are_refused() -> None:
    with pytest.raises(CapacityError, match="no server can need"):
        ServerNeed(vcpu=0, memory_gib=0)
