"""Strategies by the pools they share, and the risk that sharing them makes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.allocation.lead_time import LeadTime
from quantos.capacity.pools.lead_times import Horizon, horizon_of
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.environment.settings.decisions import DecisionSettings
from quantos.errors import SettingsError

UPPER_LEVEL_BOUNDS: Final = (0.9, 0.995)


@dataclass(frozen=True)
class UpperLevel:
    """A quantile to hold, and why, in words that follow "since"."""

    level: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class SharedPools:
    """A set of pools and all strategies that may run on just these, at least one.

    Attributes:
        pools: sorted.
        strategies: by name.
        node_vcpu: demand that a node holds of the pool and the strategy of which it holds least.
        horizon: by the slowest of the pools.
    """

    pools: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    upper: UpperLevel
    node_vcpu: float
    horizon: Horizon


def upper_level(strategies: Collection[Strategy], *, usd_per_vcpu_hour: float) -> UpperLevel:
    """The quantile at which one more vCPU costs what it saves: miss / (miss + price), bounded.

    The strictest of the strategies counts: all of them run on the same nodes, and none knows whose request will wait.

    Args:
        strategies: all that share the pools, at least one.
        usd_per_vcpu_hour: of the cheapest of the pools.

    Source: the newsvendor's critical ratio. Three decimals.
    """
    strictest = min(strategies, key=lambda item: (-item.miss_usd_per_vcpu_hour, item.name))
    miss_usd = strictest.miss_usd_per_vcpu_hour
    ratio = miss_usd / (miss_usd + usd_per_vcpu_hour)
    unit, vcpu = ("GPU", 1 / strictest.gpus_per_vcpu) if strictest.gpus_per_vcpu else ("vCPU", 1.0)
    lowest, highest = UPPER_LEVEL_BOUNDS
    bounded = "" if lowest <= ratio <= highest else f", and {lowest:.0%} to {highest:.1%} is planned for"
    return UpperLevel(
        level=round(float(np.clip(ratio, lowest, highest)), 3),
        reason=f"a {unit} that {strictest.name} misses for an hour costs {miss_usd * vcpu:.2f} USD, "
        f"{miss_usd / usd_per_vcpu_hour:.3g} times one that is there{bounded}",
    )


def strategies_by_pools(book: StrategyBook, known: Collection[str]) -> dict[tuple[str, ...], tuple[Strategy, ...]]:
    """Strategies by the pools they may run on, both sorted; `known` are the pools of the environment.

    Raises:
        SettingsError: a strategy names a pool that does not exist.
    """
    grouped: dict[tuple[str, ...], tuple[Strategy, ...]] = {}
    for strategy in sorted(book.strategies, key=lambda item: item.name):
        if unknown := sorted(set(strategy.pools) - set(known)):
            raise SettingsError(
                f"strategy {strategy.name} asks for pool {', '.join(unknown)}, which the environment does not have",
                remedy=f"name some of: {', '.join(sorted(known))}",
            )
        grouped[strategy.pools] = (*grouped.get(strategy.pools, ()), strategy)
    return dict(sorted(grouped.items()))


def shared_pools(
    book: StrategyBook,
    nodes: Mapping[str, NodePrice],
    *,
    lead_times: Mapping[str, LeadTime],
    decisions: DecisionSettings,
) -> tuple[SharedPools, ...]:
    """Every set of pools that strategies name; `nodes` and `lead_times` hold every pool of the environment.

    Raises:
        SettingsError: a strategy names a pool that does not exist.
    """
    return tuple(
        SharedPools(
            pools=pools,
            strategies=strategies,
            upper=upper_level(strategies, usd_per_vcpu_hour=least_usd_per_vcpu_hour(pools, strategies, nodes)),
            node_vcpu=least_held(pools, strategies, nodes),
            horizon=horizon_of([lead_times[pool] for pool in pools], decisions),
        )
        for pools, strategies in strategies_by_pools(book, nodes).items()
    )


def least_held(pools: Sequence[str], strategies: Sequence[Strategy], nodes: Mapping[str, NodePrice]) -> float:
    """The least demand that a node of any of the pools holds of any of the strategies, of those it holds; vCPU."""
    held = [nodes[pool].vcpu_for(strategy) for pool in pools for strategy in strategies]
    return min((vcpu for vcpu in held if vcpu > 0), default=min(nodes[pool].vcpu for pool in pools))


def least_usd_per_vcpu_hour(
    pools: Sequence[str], strategies: Sequence[Strategy], nodes: Mapping[str, NodePrice]
) -> float:
    """What demand of one vCPU costs where it costs least."""
    held = [(nodes[pool].usd_per_hour, nodes[pool].vcpu_for(strategy)) for pool in pools for strategy in strategies]
    return min(
        (usd / vcpu for usd, vcpu in held if vcpu > 0), default=min(nodes[pool].usd_per_vcpu_hour for pool in pools)
    )
