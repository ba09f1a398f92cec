import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.allocation.shapes.node_needs import Allocatable
from quantos.backtest.resources import ResourceTrace, decided_together, judge_resources, nodes_together
from quantos.errors import CapacityError, ForecastError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics

NODE = Allocatable(vcpu=4.0, memory_gib=16.0, network_mbps=1000.0, pods=110)
TERMS = CapacityEconomics(lead_bins=1, hold_bins=1, node_size=1.0, miss_cost=66)
DAY = 24
INDEX = np.arange(21 * DAY)
WAVE = 40 + 20 * np.sin(INDEX / DAY * 2 * np.pi)
FIGURE = st.floats(0, 1e6)


def workload(*, vcpu: np.ndarray = WAVE, memory: np.ndarray = WAVE, network: np.ndarray = WAVE) -> ResourceTrace:
    return ResourceTrace(
        name="made",
        first=datetime(2026, 1, 5, tzinfo=UTC),
        bin_seconds=3600,
        demand={"network": network * 50, "vcpu": vcpu, "memory": memory},
    )


@given(vcpu=FIGURE, memory=FIGURE, network=FIGURE)
@settings(deadline=None)
def test_the_nodes_of_a_bin_are_those_that_sizing_says(vcpu: float, memory: float, network: float):
    trace = workload(vcpu=np.array([vcpu]), memory=np.array([memory]), network=np.array([network]))

    found = nodes_together(trace, NODE).values[0]

    assert np.ceil(found - 1e-9) == max(
        math.ceil(needed / available - 1e-9)
        for needed, available in (
            (vcpu, NODE.vcpu),
            (memory, NODE.memory_gib),
            (network * 50, NODE.network_mbps),
        )
    )


def test_what_binds_and_what_is_short_is_told_by_resource():
    memory = np.where(INDEX % DAY < 6, 8 * WAVE, WAVE)
    trace = workload(memory=memory)
    vcpu_nodes = WAVE[14 * DAY :] / NODE.vcpu

    found = judge_resources(trace, NODE, vcpu_nodes.max() * np.ones(len(vcpu_nodes)), terms=TERMS)

    assert found.binding == pytest.approx({"vcpu": 0.75, "memory": 0.25, "network": 0.0})
    assert found.short["memory"] > 0.05
    assert max(found.short["vcpu"], found.short["network"]) < 0.005


def test_a_resource_that_binds_by_turns_is_held_by_one_forecast():
    night = np.where(INDEX % DAY >= 18, 6 * WAVE, WAVE)
    trace = workload(memory=night)

    found = judge_resources(trace, NODE, decided_together(trace, NODE, TERMS), terms=TERMS)

    assert min(found.binding["vcpu"], found.binding["memory"]) > 0.2
    assert found.verdict.planner.under < 0.05
    assert found.verdict.planner.loss < found.verdict.reactive.loss


def test_later_demand_for_any_resource_leaves_earlier_targets_as_they_were():
    changed = WAVE.copy()
    changed[16 * DAY :] *= 30

    before, after = (decided_together(workload(network=values), NODE, TERMS) for values in (WAVE, changed))

    assert before[: 2 * DAY].tobytes() == after[: 2 * DAY].tobytes()
    assert not np.array_equal(before, after)


def test_series_of_different_lengths_are_refused():
    with pytest.raises(ForecastError, match="made has series"):
        workload(memory=WAVE[1:])


def test_network_cannot_be_asked_of_a_node_without_any():
    with pytest.raises(CapacityError, match="network"):
        nodes_together(workload(), Allocatable(vcpu=4, memory_gib=16, network_mbps=0, pods=10))
