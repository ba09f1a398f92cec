"""What each strategy must be given, and on which pools: a pure function of demand, nodes and service levels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from quantos.allocation.choice import Resources
from quantos.allocation.queueing.servers import Infeasible, LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.queueing.service_time import MeasuredPercentile, ServiceTime
from quantos.allocation.shapes.node_needs import NodeNeed, ServerTooLarge, nodes_for_servers
from quantos.capacity.demand.pool_demand import PoolDemand
from quantos.capacity.pools.node_prices import NodePrice, server_need
from quantos.contracts.strategy import ServerNeeds, ServiceProfile, Strategy

FORECAST: Final = "the forecast"
MEASURED: Final = "demand already measured"
SCHEDULED: Final = "what runs that were submitted are known to need"
STATED: Final = "the throughput that strategies must always be given"
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class StrategyNeed:
    """What one strategy must be given.

    Attributes:
        pools: those it may run on whose nodes hold it.
        need: all resources together.
        packing: by pool, the nodes it takes there over those that its resources alone would fill.
        now_share: the part of the need that cannot wait: demand already measured, or known or as likely as not to
            come before a node ordered later could be Ready, or throughput that was stated.
        binding: what sets the need, in words that follow "the floor is set by".
        unmet: what is stated and no size keeps, one sentence each.
    """

    strategy: Strategy
    pools: tuple[str, ...]
    need: Resources
    packing: Mapping[str, float]
    now_share: float
    binding: str
    unmet: tuple[str, ...] = ()


def strategy_needs(
    demand: PoolDemand,
    *,
    nodes: Mapping[str, NodePrice],
    bin_seconds: int,
    availability: Mapping[str, float] = MappingProxyType({}),
) -> tuple[StrategyNeed, ...]:
    """The needs of the strategies that share some pools, in their order.

    Their demand together, the greater of forecast and measured, is shared out by weight; a strategy is given no less
    than what it is known to need, the throughput it states, and the servers that its response time takes. Pods of one
    strategy are never split between nodes; strategies share nodes. One that states no pods, or whose service level no
    size keeps, needs what its demand fills. `nodes` holds every pool that the strategies name; `availability` the part
    of a node that is expected to be there where that is less than all.
    """
    whole_vcpu = max(demand.forecast.upper, demand.recent_vcpu)
    ahead = FORECAST if demand.forecast.upper >= demand.recent_vcpu else MEASURED
    now_vcpu = max(demand.recent_vcpu, demand.soon_vcpu)
    shares = shares_of([part.weight_vcpu for part in demand.strategies])
    return tuple(
        _need(
            part.strategy,
            demand_vcpu=max(share * whole_vcpu, part.scheduled_vcpu),
            now_vcpu=max(share * now_vcpu, part.strategy.stated_vcpu, part.scheduled_soon_vcpu),
            ahead=SCHEDULED if part.scheduled_vcpu > share * whole_vcpu else ahead,
            nodes={pool: nodes[pool] for pool in part.strategy.pools},
            availability=availability,
            bin_seconds=bin_seconds,
        )
        for part, share in zip(demand.strategies, shares, strict=True)
    )


def resources_for(strategy: Strategy, vcpu: float) -> Resources:
    """All resources that some vCPU of a strategy's demand stand for."""
    pod = strategy.counted_pod
    if pod is None:
        return Resources(vcpu=vcpu)
    return Resources(
        vcpu=vcpu,
        memory_gib=vcpu / pod.vcpu * pod.memory_gib,
        network_mbps=vcpu / pod.vcpu * pod.network_mbps,
        gpus=vcpu / pod.vcpu * pod.gpus,
    )


def shares_of(weights: Sequence[float]) -> list[float]:
    """Weights as parts of one; even parts where there are none."""
    total = sum(weights)
    return [weight / total if total > 0 else 1 / len(weights) for weight in weights]


def _need(
    strategy: Strategy,
    *,
    demand_vcpu: float,
    now_vcpu: float,
    ahead: str,
    nodes: Mapping[str, NodePrice],
    availability: Mapping[str, float],
    bin_seconds: int,
) -> StrategyNeed:
    vcpu = max(demand_vcpu, strategy.stated_vcpu)
    filled = StrategyNeed(
        strategy=strategy,
        pools=strategy.pools,
        need=Resources(vcpu=vcpu),
        packing={},
        now_share=now_vcpu / vcpu if vcpu > 0 else 0.0,
        binding=STATED if strategy.stated_vcpu > demand_vcpu else ahead,
    )
    if strategy.placement.min_spot_share > 0 and not any(node.spot for node in nodes.values()):
        filled = _unmet(filled, f"{strategy.placement.min_spot_share:.0%} of it are to be spot, and no pool of its is")
    counted = _counted(filled, nodes=nodes, availability=availability)
    if strategy.service is None or vcpu <= 0:
        return counted
    try:
        servers = _servers(strategy, strategy.service, demand_vcpu=demand_vcpu, bin_seconds=bin_seconds)
    except (ArithmeticError, ValueError) as exc:
        return _unmet(counted, f"its servers cannot be reckoned: {exc}")
    if isinstance(servers, Infeasible):
        return _unmet(counted, servers.detail)
    if strategy.counted_pod is not None:
        return _counted(filled, nodes=nodes, availability=availability, servers=servers)
    return _served(filled, servers, strategy.service.server, nodes=nodes)


def _servers(
    strategy: Strategy, service: ServiceProfile, *, demand_vcpu: float, bin_seconds: int
) -> Servers | Infeasible:
    level = strategy.service_level
    return servers_needed(
        OfferedLoad(
            demand_units=demand_vcpu * strategy.units_per_vcpu,
            bin_seconds=bin_seconds,
            throughput_units=level.min_throughput_units,
            peak_factor=service.peak_factor,
            ca2=service.arrival_ca2,
        ),
        ServiceTime(
            mean_ms=service.mean_ms,
            cs2=service.cs2,
            percentiles=tuple(MeasuredPercentile(*measured) for measured in sorted(service.percentiles_ms.items())),
        ),
        target=LatencyTarget(max_latency_ms=level.max_latency_ms, percentile=level.percentile),
    )


def _served(
    filled: StrategyNeed, servers: Servers, server: ServerNeeds, *, nodes: Mapping[str, NodePrice]
) -> StrategyNeed:
    """The need with its servers, on the pools whose nodes hold any of them."""
    held, details = _packed(servers.count, server, nodes)
    if not held:
        return _unmet(filled, _no_room(details))
    need = Resources(
        vcpu=max(filled.need.vcpu, servers.count * server.vcpu),
        memory_gib=servers.count * server.memory_gib,
        network_mbps=servers.count * server.network_mbps,
    )
    by_servers = {pool: servers.count / packing.servers_per_node for pool, packing in held.items()}
    by_demand = {pool: filled.need.vcpu / nodes[pool].vcpu for pool in held}
    taken = {pool: max(by_servers[pool], by_demand[pool]) for pool in held}
    cheapest = min(held, key=lambda pool: (taken[pool] * nodes[pool].usd_per_hour, pool))
    return replace(
        filled,
        pools=tuple(held),
        need=need,
        packing={pool: max(taken[pool] / _filled_nodes(need, nodes[pool].node), 1.0) for pool in held},
        binding=_response(filled.strategy, servers, held[cheapest])
        if by_servers[cheapest] >= by_demand[cheapest]
        else filled.binding,
    )


def _counted(
    filled: StrategyNeed,
    *,
    nodes: Mapping[str, NodePrice],
    availability: Mapping[str, float],
    servers: Servers | None = None,
) -> StrategyNeed:
    """The need in the pods in which demand is counted, on the pools whose nodes hold any of them, and on no other.

    All resources follow demand; what it fills of a pool is whole pods. What an interruption may take is spared for
    demand, and not for what rounding adds to it.
    """
    strategy, pod = filled.strategy, filled.strategy.counted_pod
    if pod is None:
        return filled
    responds = servers is not None and servers.count * pod.vcpu >= filled.need.vcpu
    vcpu = servers.count * pod.vcpu if servers is not None and responds else filled.need.vcpu
    pods, whole = vcpu / pod.vcpu, math.ceil(vcpu / pod.vcpu - _ROUNDING)
    held, details = _packed(whole, pod, nodes)
    need = resources_for(strategy, vcpu)
    if not held:
        return _unmet(replace(filled, pools=(), need=need), _no_room(details))
    if whole == 0:
        return replace(filled, pools=tuple(held))
    taken = {
        pool: max(whole * availability.get(pool, 1.0), pods) / packing.servers_per_node
        for pool, packing in held.items()
    }
    cheapest = min(held, key=lambda pool: (taken[pool] * nodes[pool].usd_per_hour, pool))
    return replace(
        filled,
        pools=tuple(held),
        need=need,
        packing={pool: max(taken[pool] / _filled_nodes(need, nodes[pool].node), 1.0) for pool in held},
        binding=_response(strategy, servers, held[cheapest]) if servers is not None and responds else filled.binding,
    )


def _packed(
    pods: int, pod: ServerNeeds, nodes: Mapping[str, NodePrice]
) -> tuple[dict[str, NodeNeed], list[ServerTooLarge]]:
    """How pods are packed by pool, and why not where they are not."""
    held: dict[str, NodeNeed] = {}
    refused: list[ServerTooLarge] = []
    for pool, node in nodes.items():
        packing = nodes_for_servers(pods, server_need(pod), node=node.holds)
        if isinstance(packing, NodeNeed):
            held[pool] = packing
        else:
            refused.append(packing)
    return held, refused


def _no_room(refused: Sequence[ServerTooLarge]) -> str:
    if len(refused) == 1:
        return refused[0].detail
    return f"no node of its {len(refused)} pools holds one of its servers"


def _filled_nodes(need: Resources, node: Resources) -> float:
    return max(asked / has for asked, has in zip(need.amounts(), node.amounts(), strict=True) if asked > 0)


def _unmet(need: StrategyNeed, detail: str) -> StrategyNeed:
    return replace(need, unmet=(*need.unmet, f"{need.strategy.name}: {detail}"))


def _response(strategy: Strategy, servers: Servers, packed: NodeNeed) -> str:
    level = strategy.service_level
    return (
        f"the response time of {strategy.name}: {servers.count} servers, {packed.servers_per_node} a node by "
        f"{packed.binding}, answer {level.percentile:g} % within {servers.response_ms_at_percentile:.3g} of "
        f"{level.max_latency_ms:g} ms"
    )
