"""What simpler ways of sizing would have cost and missed, and the account that all ways are held to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantos.arrays import FloatArray

NodeArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CapacityAccount:
    """What a capacity series cost and missed against a demand series.

    Bins of unknown demand are paid for but can miss nothing. `missing_share` is of all known demand.
    """

    hours: float
    node_hours: float
    usd: float
    usd_per_hour: float
    missing_vcpu_hours: float
    missing_share: float
    short_bins: int


def static_nodes(history_vcpu: FloatArray, *, count: int, vcpu_per_node: float, floor_nodes: int) -> NodeArray:
    """The nodes for the greatest known demand of a history, for every one of `count` bins."""
    peak = float(np.nanmax(history_vcpu, initial=0.0))
    return np.full(count, max(_nodes(np.array([peak]), vcpu_per_node=vcpu_per_node)[0], floor_nodes), dtype=np.int64)


def account(
    nodes: NodeArray, demand_vcpu: FloatArray, *, vcpu_per_node: float, usd_per_node_hour: float, bin_seconds: int
) -> CapacityAccount:
    """Cost of `nodes` and what demand they miss; both of one shape, one figure a bin."""
    bin_hours = bin_seconds / 3600
    known = np.isfinite(demand_vcpu)
    missing = np.maximum(demand_vcpu[known] - nodes[known] * vcpu_per_node, 0.0)
    node_hours = float(nodes.sum()) * bin_hours
    hours = len(nodes) * bin_hours
    wanted = float(demand_vcpu[known].sum())
    usd = node_hours * usd_per_node_hour
    return CapacityAccount(
        hours=hours,
        node_hours=node_hours,
        usd=usd,
        usd_per_hour=usd / hours if hours else 0.0,
        missing_vcpu_hours=float(missing.sum()) * bin_hours,
        missing_share=float(missing.sum()) / wanted if wanted > 0 else 0.0,
        short_bins=int(np.count_nonzero(missing > 0)),
    )


def _nodes(demand_vcpu: FloatArray, *, vcpu_per_node: float) -> NodeArray:
    return np.ceil(demand_vcpu / vcpu_per_node - 1e-9).astype(np.int64)
