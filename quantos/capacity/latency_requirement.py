"""The nodes that strategies with measured service times need to answer in time: a pure function of a pool's demand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantos.allocation.node_needs import Allocatable, ServerNeed, ServerTooLarge, nodes_for_servers
from quantos.allocation.servers import Infeasible, LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.service_time import MeasuredPercentile, ServiceTime
from quantos.capacity.pool_demand import PoolDemand
from quantos.contracts.strategy import ServiceProfile, Strategy

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class LatencyRequirement:
    """What a pool needs so that its strategies answer in time.

    Attributes:
        binding: what sets it, in words that follow "the floor is set by".
        unmet: service levels that no size keeps, one sentence each.
    """

    nodes: int
    binding: str
    unmet: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One strategy's part of the nodes, which it may share with others; `binding` is empty without service times."""

    nodes: float
    binding: str = ""
    unmet: str = ""


def latency_requirement(
    demand: PoolDemand, *, vcpu: float, node: Allocatable, bin_seconds: int
) -> LatencyRequirement | None:
    """Nodes of a pool at the greater of forecast and measured demand; None where no strategy has service times.

    The pool's demand is shared out by the strategies' weights. Servers of one strategy are never split between nodes;
    strategies share nodes. One without service times, or whose service level no size keeps, needs what its demand
    fills of `vcpu`, the vCPU of a node.
    """
    strategies = [part.strategy for part in demand.strategies]
    if not any(strategy.service for strategy in strategies):
        return None
    whole_vcpu = max(demand.forecast.upper, demand.recent_vcpu)
    weights = _shares([part.weight_vcpu for part in demand.strategies])
    parts = [
        _part(strategy, demand_vcpu=whole_vcpu * share, vcpu=vcpu, node=node, bin_seconds=bin_seconds)
        for strategy, share in zip(strategies, weights, strict=True)
    ]
    timed = [part for part in parts if part.binding]
    return LatencyRequirement(
        nodes=math.ceil(sum(part.nodes for part in parts) - _ROUNDING),
        binding=max(timed, key=lambda part: part.nodes).binding if timed else "the forecast",
        unmet=tuple(part.unmet for part in parts if part.unmet),
    )


def _part(strategy: Strategy, *, demand_vcpu: float, vcpu: float, node: Allocatable, bin_seconds: int) -> _Part:
    filled = _Part(nodes=demand_vcpu / vcpu)
    if strategy.service is None:
        return filled
    level = strategy.service_level
    servers = servers_needed(
        OfferedLoad(
            demand_units=demand_vcpu * strategy.units_per_vcpu,
            bin_seconds=bin_seconds,
            throughput_units=level.min_throughput_units,
            peak_factor=strategy.service.peak_factor,
            ca2=strategy.service.arrival_ca2,
        ),
        _service_time(strategy.service),
        target=LatencyTarget(max_latency_ms=level.max_latency_ms, percentile=level.percentile),
    )
    if isinstance(servers, Infeasible):
        return _Part(nodes=filled.nodes, unmet=f"{strategy.name}: {servers.detail}")
    need = strategy.service.server
    packed = nodes_for_servers(
        servers.count,
        ServerNeed(vcpu=need.vcpu, memory_gib=need.memory_gib, network_mbps=need.network_mbps),
        node=node,
    )
    if isinstance(packed, ServerTooLarge):
        return _Part(nodes=filled.nodes, unmet=f"{strategy.name}: {packed.detail}")
    return _Part(
        nodes=servers.count / packed.servers_per_node,
        binding=_binding(strategy, servers, servers_per_node=packed.servers_per_node, resource=packed.binding),
    )


def _binding(strategy: Strategy, servers: Servers, *, servers_per_node: int, resource: str) -> str:
    level = strategy.service_level
    return (
        f"the response time of {strategy.name}: {servers.count} servers, {servers_per_node} a node by {resource}, "
        f"answer {level.percentile:g} % within {servers.response_ms_at_percentile:.3g} of {level.max_latency_ms:g} ms"
    )


def _service_time(profile: ServiceProfile) -> ServiceTime:
    measured = sorted(profile.percentiles_ms.items())
    return ServiceTime(
        mean_ms=profile.mean_ms,
        cs2=profile.cs2,
        percentiles=tuple(MeasuredPercentile(percentile, milliseconds) for percentile, milliseconds in measured),
    )


def _shares(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(weights) for weight in weights]
