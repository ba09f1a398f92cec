"""Demand for several resources of one workload, decided together in nodes and judged in nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from quantos.allocation.shapes.node_needs import Allocatable, Resource
from quantos.arrays import FloatArray
from quantos.backtest.judge import Verdict, capacity_of, judge
from quantos.backtest.replay import replay
from quantos.backtest.sidecar import Known
from quantos.backtest.trace import Trace
from quantos.errors import CapacityError, ForecastError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics

MEASURED: Final[tuple[Resource, ...]] = ("vcpu", "memory", "network")
"""Resources with a series of their own; of equals that bind the first is named."""


@dataclass(frozen=True, kw_only=True)
class ResourceTrace:
    """What one workload needed of each resource, on one grid of bins.

    Attributes:
        demand: by resource, shape (n,): vCPU, GiB of memory, Mbit/s of network; finite, none below zero.

    Raises:
        ForecastError: no series, of a resource that has none, or of different lengths.
    """

    name: str
    first: datetime
    bin_seconds: int
    demand: Mapping[Resource, FloatArray]

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.demand.values()}
        if len(lengths) != 1 or not self.demand.keys() <= set(MEASURED):
            raise ForecastError(
                f"{self.name} has series {dict(zip(self.demand, map(len, self.demand.values()), strict=True))}",
                remedy=f"give series of one length for some of {', '.join(MEASURED)}",
            )


@dataclass(frozen=True, kw_only=True)
class ResourceVerdict:
    """What deciding several resources led to on the tested part.

    Attributes:
        verdict: in nodes, beside peers that see the nodes asked for too.
        binding: by resource, share of the bins with demand in which it asked for most nodes.
        short: by resource, missing share of its demand.
    """

    verdict: Verdict
    binding: Mapping[Resource, float]
    short: Mapping[Resource, float]


def nodes_by_resource(trace: ResourceTrace, node: Allocatable) -> dict[Resource, FloatArray]:
    """Fractions of nodes that each resource asks for, shape (n,).

    Raises:
        CapacityError: there is demand for what a node has none of.
    """
    offered = {"vcpu": node.vcpu, "memory": node.memory_gib, "network": node.network_mbps}
    for resource, values in trace.demand.items():
        if offered[resource] <= 0 < values.max():
            raise CapacityError(f"there is demand for {resource}, which a node has none of", remedy="take another type")
    return {
        resource: trace.demand[resource] / (offered[resource] or 1.0)
        for resource in MEASURED
        if resource in trace.demand
    }


def nodes_together(trace: ResourceTrace, node: Allocatable) -> Trace:
    """Fractions of nodes that hold every resource, as one trace: the most that any of them asks for."""
    asked = np.max(list(nodes_by_resource(trace, node).values()), axis=0)
    return Trace(name=trace.name, first=trace.first, bin_seconds=trace.bin_seconds, values=asked, repaired=0)


def decided_together(trace: ResourceTrace, node: Allocatable, terms: CapacityEconomics) -> FloatArray:
    """Targets for the tested part, nodes: one forecast of the nodes needed, beside it each resource's share of them.

    The loss is paid on whole nodes and not on resources, so that is what is forecast; a share says how near a resource
    is to binding.

    Args:
        terms: of whole nodes; their node size is 1.
    """
    together = nodes_together(trace, node)
    by_resource = np.column_stack(list(nodes_by_resource(trace, node).values()))
    most = together.values[:, None]
    shares = np.divide(by_resource, most, out=np.ones_like(by_resource), where=most > 0)
    return replay(together, terms, known=Known(covariates={"shares": shares}, opened=None)).targets


def judge_resources(
    trace: ResourceTrace, node: Allocatable, targets: FloatArray, *, terms: CapacityEconomics
) -> ResourceVerdict:
    """Judge targets in nodes, shape (n - tested_from,).

    Raises:
        ForecastError: a target is missing, negative or not finite.
    """
    together = nodes_together(trace, node)
    start = together.tested_from
    asked = {name: values[start:] for name, values in nodes_by_resource(trace, node).items()}
    available = capacity_of(together, targets, terms).available[start:]
    first = np.argmax(list(asked.values()), axis=0)[together.values[start:] > 0]
    return ResourceVerdict(
        verdict=judge(together, targets, terms),
        binding={name: float((first == place).mean()) if len(first) else 0.0 for place, name in enumerate(asked)},
        short={
            name: float(np.maximum(values - available, 0.0).sum() / max(values.sum(), 1e-9))
            for name, values in asked.items()
        },
    )
