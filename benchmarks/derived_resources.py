"""Memory and network made up for a recorded CPU trace, where no series of their own was recorded."""

from typing import Final

import numpy as np

from quantos.allocation.shapes.node_needs import Allocatable
from quantos.arrays import FloatArray
from quantos.backtest.resources import ResourceTrace
from quantos.backtest.trace import Trace

NODES: Final = 50
NODE_QUANTILE: Final = 0.995
RISE_SECONDS: Final = 300
FALL_SECONDS: Final = 3600
LEAD_SECONDS: Final = 300
SHARE: Final = 0.9
NOISE: Final = 0.05
SEED: Final = 17

DERIVATION: Final = (
    f"vCPU is recorded, scaled to {NODES} nodes at its {NODE_QUANTILE:.1%} quantile in the training part. Memory and "
    "network are derived from it, not recorded. Memory follows it with a half-life of "
    f"{RISE_SECONDS // 60} min upward and {FALL_SECONDS // 60} min downward; network is the CPU of "
    f"{LEAD_SECONDS // 60} min later, times lognormal noise of {NOISE:.0%} (seed {SEED}). Each needs {SHARE:.0%} of "
    "what a node has of it beside its CPU."
)


def derived(trace: Trace, node: Allocatable) -> ResourceTrace:
    """A workload whose vCPU is a trace's and whose memory and network are made from it, as `DERIVATION` says."""
    trained = trace.values[: trace.tested_from]
    size = float(np.quantile(trained, NODE_QUANTILE)) or float(trained.max()) or 1.0
    cpu = trace.values / size * NODES
    rng = np.random.default_rng(SEED)
    network = _led(cpu, share=min(LEAD_SECONDS / trace.bin_seconds, 1.0)) * np.exp(NOISE * rng.normal(size=len(cpu)))
    return ResourceTrace(
        name=trace.name,
        first=trace.first,
        bin_seconds=trace.bin_seconds,
        demand={
            "vcpu": cpu * node.vcpu,
            "memory": SHARE * _lagging(cpu, bin_seconds=trace.bin_seconds) * node.memory_gib,
            "network": SHARE * network * node.network_mbps,
        },
    )


def _lagging(values: FloatArray, *, bin_seconds: int) -> FloatArray:
    """Values followed faster upward than downward, shape (n,)."""
    up, down = (1 - 0.5 ** (bin_seconds / half_life) for half_life in (RISE_SECONDS, FALL_SECONDS))
    held = np.empty(len(values))
    level = float(values[0])
    for index, value in enumerate(values):
        level += (up if value > level else down) * (value - level)
        held[index] = level
    return held


def _led(values: FloatArray, *, share: float) -> FloatArray:
    """Values as they will be a part of a bin later, shape (n,); the last one stands."""
    return (1 - share) * values + share * np.append(values[1:], values[-1:])
