"""Strategies by the pools they share, and the risk that sharing them makes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from quantos.capacity.node_prices import NodePrice
from quantos.contracts.strategy import Strategy, StrategyBook
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
        node_vcpu: size of the pools' smallest node.
    """

    pools: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    upper: UpperLevel
    node_vcpu: float


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
    lowest, highest = UPPER_LEVEL_BOUNDS
    bounded = "" if lowest <= ratio <= highest else f", and {lowest:.0%} to {highest:.1%} is planned for"
    return UpperLevel(
        level=round(float(np.clip(ratio, lowest, highest)), 3),
        reason=f"a vCPU that {strictest.name} misses for an hour costs {miss_usd:.2f} USD, "
        f"{miss_usd / usd_per_vcpu_hour:.3g} times one that is there{bounded}",
    )


def shared_pools(book: StrategyBook, nodes: Mapping[str, NodePrice]) -> tuple[SharedPools, ...]:
    """Every set of pools that strategies name; `nodes` holds every pool of the environment.

    Raises:
        SettingsError: a strategy names a pool that does not exist.
    """
    grouped: dict[tuple[str, ...], list[Strategy]] = {}
    for strategy in sorted(book.strategies, key=lambda item: item.name):
        if unknown := sorted(set(strategy.pools) - set(nodes)):
            raise SettingsError(
                f"strategy {strategy.name} asks for pool {', '.join(unknown)}, which the environment does not have",
                remedy=f"name some of: {', '.join(sorted(nodes))}",
            )
        grouped.setdefault(strategy.pools, []).append(strategy)
    return tuple(_shared(pools, strategies, nodes) for pools, strategies in sorted(grouped.items()))


def _shared(pools: tuple[str, ...], strategies: Collection[Strategy], nodes: Mapping[str, NodePrice]) -> SharedPools:
    prices = [nodes[pool] for pool in pools]
    return SharedPools(
        pools=pools,
        strategies=tuple(strategies),
        upper=upper_level(strategies, usd_per_vcpu_hour=min(price.usd_per_vcpu_hour for price in prices)),
        node_vcpu=min(price.vcpu for price in prices),
    )
