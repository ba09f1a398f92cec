from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.derived_resources import derived
from benchmarks.resources import workload
from quantos.allocation.shapes.node_needs import Allocatable
from quantos.backtest.resources import nodes_by_resource
from quantos.backtest.trace import Trace

NODE = Allocatable(vcpu=4.0, memory_gib=16.0, network_mbps=1000.0, pods=110)
STEP = np.r_[np.full(300, 10.0), np.full(300, 40.0), np.full(300, 10.0)]


def trace(values: np.ndarray) -> Trace:
    return Trace(name="t", first=datetime(2026, 1, 5, tzinfo=UTC), bin_seconds=300, values=values, repaired=0)


def test_derived_memory_lags_and_network_leads_and_every_run_makes_the_same():
    asked = nodes_by_resource(derived(trace(STEP), NODE), NODE)
    again = nodes_by_resource(derived(trace(STEP), NODE), NODE)

    assert asked["vcpu"].max() == pytest.approx(50)
    assert asked["network"][299] > 2 * asked["vcpu"][299]
    assert asked["memory"][610] > 2 * asked["vcpu"][610]
    assert all(np.array_equal(asked[name], again[name]) for name in asked)


def test_measured_columns_are_taken_as_they_are_and_a_bare_demand_is_told_to_be_derived(tmp_path: Path):
    measured, bare = tmp_path / "m.csv", tmp_path / "b.csv"
    times = [f"2026-01-05T00:0{minute}:00Z" for minute in (0, 5)]
    measured.write_text("time,vcpu,memory_gib\n" + "\n".join(f"{time},2.5,7" for time in times), encoding="utf-8")
    bare.write_text("time,demand\n" + "\n".join(f"{time},3" for time in times), encoding="utf-8")

    found, origin = workload(measured, NODE)

    assert origin == "measured"
    assert {name: values.tolist() for name, values in found.demand.items()} == {"vcpu": [2.5, 2.5], "memory": [7, 7]}
    assert workload(bare, NODE)[1] == "derived"
