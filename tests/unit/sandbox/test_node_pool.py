from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.pools.lead_times import lead_times, order_series
from sandbox.demo.world import Pods, reactive_ready
from sandbox.node_lead_time import LeadTimeDistribution
from sandbox.node_pool import NodePool

START = datetime(2003, 10, 23, tzinfo=UTC)
BIN = timedelta(minutes=5)
CPU = order_series("cpu")


def pool(*, seconds: float = 600.0, p95_seconds: float | None = None, standing: int = 0) -> NodePool:
    drawn = LeadTimeDistribution(median_seconds=seconds, p95_seconds=p95_seconds or seconds)
    return NodePool(name="cpu", lead_time=drawn, rng=np.random.default_rng(3), standing_nodes=standing)


def told(nodes: NodePool, until: datetime) -> list[tuple[str, str, float]]:
    return [(item.series, item.source[-1], item.value) for item in nodes.telemetry(until)]


def test_a_node_is_ready_its_lead_time_after_its_order_and_is_told_of_then():
    nodes = pool(standing=1)
    nodes.resize(2, at=START)
    assert [nodes.ready(START + count * BIN) for count in range(3)] == [1, 1, 2]
    assert told(nodes, START + BIN) == [(CPU.ordered, "1", 1.0)]
    assert told(nodes, START + 2 * BIN) == [(CPU.ready, "1", 600.0)]
    assert told(nodes, START + 9 * BIN) == []


def test_a_node_given_back_before_it_is_ready_was_withdrawn():
    nodes = pool()
    nodes.resize(1, at=START)
    nodes.resize(3, at=START + BIN)
    nodes.resize(1, at=START + 2 * BIN)
    assert nodes.ready(START + 2 * BIN) == 1
    assert sorted(told(nodes, START + 9 * BIN)) == sorted(
        [(CPU.ordered, "1", 1.0), (CPU.ready, "1", 600.0)]
        + [found for node in "23" for found in ((CPU.ordered, node, 1.0), (CPU.withdrawn, node, 300.0))]
    )


def test_nodes_that_stood_from_the_beginning_go_last():
    nodes = pool(standing=2)
    nodes.resize(3, at=START)
    nodes.resize(1, at=START + 9 * BIN)
    assert nodes.ready(START + 9 * BIN) == 1


@given(wanted=st.lists(st.integers(0, 12), min_size=1, max_size=40), standing=st.integers(0, 3))
def test_the_agent_tells_every_order_once_and_how_it_ended(wanted: list[int], standing: int):
    nodes = pool(seconds=240, p95_seconds=900, standing=standing)
    samples = []
    for count, size in enumerate(wanted):
        assert nodes.ready(START + count * BIN) <= max(*wanted, standing)
        nodes.resize(size, at=START + count * BIN)
        samples += nodes.telemetry(START + count * BIN)
    end = START + timedelta(hours=20)
    samples += nodes.telemetry(end)
    names = (CPU.ordered, CPU.ready, CPU.withdrawn)
    by_series = {name: [item for item in samples if item.series == name] for name in names}
    seen = lead_times(by_series, CPU, known_at=end)
    assert len(by_series[CPU.ordered]) == nodes.orders == len(seen.ended) + len(seen.censored)
    assert len({(item.series, item.time, item.source) for item in samples}) == len(samples)
    assert nodes.ready(end) == wanted[-1]


def reactive(demand: Sequence[float | None], *, lead_bins: int = 1, hold: int = 2, floor: int = 1) -> list[int]:
    bins = [(START + count * BIN, START + (count + 1) * BIN, value) for count, value in enumerate(demand)]
    nodes = pool(seconds=lead_bins * 300.0, standing=floor)
    return list(reactive_ready(bins, nodes, Pods(vcpu_per_node=8, hold_bins=hold), floor_nodes=floor))


def test_the_reactive_peer_orders_what_it_has_seen_and_gets_it_after_the_lead():
    assert reactive([40, 40, 40, 40, 40]) == [1, 1, 5, 5, 5]


def test_the_reactive_peer_holds_what_it_has_before_it_lets_go():
    assert reactive([40, 8, 8, 8, 8, 8, 8]) == [1, 1, 5, 5, 1, 1, 1]


def test_the_reactive_peer_takes_unknown_demand_for_the_last_known():
    assert reactive([40, None, None, None, None]) == [1, 1, 5, 5, 5]
    assert reactive([None, None, None]) == [1, 1, 1]


@given(demand=st.lists(st.none() | st.floats(0, 400), max_size=30), cut=st.integers(0, 30))
def test_the_reactive_peer_knows_nothing_of_what_is_to_come(demand: list[float | None], cut: int):
    assert reactive(demand)[:cut] == reactive(demand[:cut])


@pytest.mark.parametrize("standing", [0, 1])
def test_a_pool_to_which_nothing_happens_has_nothing_to_tell(standing: int):
    nodes = pool(standing=standing)
    nodes.resize(standing, at=START)
    assert nodes.telemetry(START + BIN) == []
