"""What each strategy must be given, and on which pools: a pure function of demand, nodes and service levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from quantos.allocation.choice import Resources
from quantos.allocation.node_needs import NodeNeed, ServerNeed, nodes_for_servers
from quantos.allocation.servers import Infeasible, LatencyTarget, OfferedLoad, Servers, servers_needed
from quantos.allocation.service_time import MeasuredPercentile, ServiceTime
from quantos.capacity.node_prices import NodePrice
from quantos.capacity.pool_demand import PoolDemand
from quantos.contracts.strategy import ServerNeeds, ServiceProfile, Strategy

FORECAST: Final = "the forecast"
MEASURED: Final = "demand already measured"
STATED: Final = "the throughput that strategies must always be given"


@dataclass(frozen=True, kw_only=True)
class StrategyNeed:
    """What one strategy must be given.

    Attributes:
        pools: those it may run on whose nodes hold it.
        need: all resources together.
        packing: by pool, the nodes it takes there over those that its resources alone would fill.
        now_share: the part of the need that cannot wait: demand already measured, or as likely as not to come before
            a node ordered later could be Ready, or throughput that was stated.
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


def strategy_needs(demand: PoolDemand, *, nodes: Mapping[str, NodePrice], bin_seconds: int) -> tuple[StrategyNeed, ...]:
    """The needs of the strategies that share some pools, in their order.

    Their demand together, the greater of forecast and measured, is shared out by weight; a strategy is given no less
    than the throughput it states, nor than the servers that its response time takes. Servers of one strategy are never
    split between nodes; strategies share nodes. One without service times, or whose service level no size keeps, needs
    what its demand fills. `nodes` holds every pool that the strategies name.
    """
    whole_vcpu = max(demand.forecast.upper, demand.recent_vcpu)
    ahead = FORECAST if demand.forecast.upper >= demand.recent_vcpu else MEASURED
    now_vcpu = max(demand.recent_vcpu, demand.soon_vcpu)
    shares = shares_of([part.weight_vcpu for part in demand.strategies])
    return tuple(
        _need(
            part.strategy,
            demand_vcpu=share * whole_vcpu,
            now_vcpu=max(share * now_vcpu, part.strategy.stated_vcpu),
            ahead=ahead,
            nodes={pool: nodes[pool] for pool in part.strategy.pools},
            bin_seconds=bin_seconds,
        )
        for part, share in zip(demand.strategies, shares, strict=True)
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
    if strategy.service is None or vcpu <= 0:
        return filled
    servers = _servers(strategy, strategy.service, demand_vcpu=demand_vcpu, bin_seconds=bin_seconds)
    if isinstance(servers, Infeasible):
        return _unmet(filled, servers.detail)
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
    asked = ServerNeed(vcpu=server.vcpu, memory_gib=server.memory_gib, network_mbps=server.network_mbps)
    held: dict[str, NodeNeed] = {}
    for pool, node in nodes.items():
        found = nodes_for_servers(servers.count, asked, node=node.holds)
        if isinstance(found, NodeNeed):
            held[pool] = found
        elif len(nodes) == 1:
            return _unmet(filled, found.detail)
    if not held:
        return _unmet(filled, f"no node of its {len(nodes)} pools holds one of its servers")
    need = Resources(
        vcpu=max(filled.need.vcpu, servers.count * server.vcpu),
        memory_gib=servers.count * server.memory_gib,
        network_mbps=servers.count * server.network_mbps,
    )
    by_servers = {pool: servers.count / found.servers_per_node for pool, found in held.items()}
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
