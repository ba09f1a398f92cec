"""What a plan does not know of demand, and what it holds for it, told with its price."""

from collections.abc import Iterator, Mapping, Sequence

from quantos.capacity.demand.pool_demand import PoolDemand, SilentFeed, StrategyDemand
from quantos.capacity.planning.inputs import PlanningInputs
from quantos.capacity.planning.sizing import SizedPool
from quantos.capacity.planning.standing import HeldFloors, held_floors
from quantos.capacity.planning.vocabulary import Unit, listed
from quantos.capacity.pools.shared_pools import least_usd_per_vcpu_hour
from quantos.contracts.plan import Silence, Undecided


def silences(inputs: PlanningInputs, pools: Sequence[SizedPool]) -> tuple[Silence, ...]:
    """Every silence of a plan, by demand and strategy."""
    held = held_floors(inputs)
    paid = {item.pool: _part_kept(item, held) * item.node.usd_per_hour for item in pools}
    return tuple(
        _silence(part, feed, demand=demand, inputs=inputs, held=held, paid=paid)
        for demand in inputs.demands
        for part in demand.strategies
        for feed in part.silences
    )


def undecided(inputs: PlanningInputs, pools: Sequence[SizedPool]) -> tuple[Undecided, ...]:
    """Every strategy that could not be decided."""
    held = held_floors(inputs)
    paid = {item.pool: _part_kept(item, held) * item.node.usd_per_hour for item in pools}
    return tuple(
        Undecided(
            strategy=strategy.name,
            reason=strategy.reason,
            held=_held_words(held.of(strategy.name)),
            usd_per_hour=_usd(held.of(strategy.name), paid),
        )
        for strategy in inputs.undecided
    )


def undecided_words(entries: Sequence[Undecided]) -> Iterator[str]:
    """One clause for each, in words that follow a semicolon."""
    for item in entries:
        yield (
            f"{item.strategy} could not be decided: {item.reason.rstrip('.')}; {item.held} held for it, "
            f"{item.usd_per_hour:.2f} USD/hour"
        )


def silence_words(entries: Sequence[Silence]) -> Iterator[str]:
    """One clause for each, in words that follow a semicolon."""
    for item in entries:
        feed = item.series if item.source is None else f"{item.source} of {item.series}"
        since = "was never heard of" if item.since is None else f"is silent since {item.since:%Y-%m-%d %H:%M} UTC"
        yield f"{feed} {since}: {item.held} held for {item.strategy}, {item.usd_per_hour:.2f} USD/hour"


def _silence(
    part: StrategyDemand,
    feed: SilentFeed,
    *,
    demand: PoolDemand,
    inputs: PlanningInputs,
    held: HeldFloors,
    paid: dict[str, float],
) -> Silence:
    name, series = part.strategy.name, part.strategy.series
    if feed.source is not None:
        usd = feed.held_vcpu * least_usd_per_vcpu_hour(demand.pools, [part.strategy], inputs.nodes)
        kept = Unit.of(part.strategy.gpus_per_vcpu).amount(feed.held_vcpu, decimals=1)
        return Silence(
            strategy=name,
            series=series,
            source=feed.source,
            since=feed.since,
            held="it is taken to have gone, and nothing is" if feed.retired else f"{kept} are",
            usd_per_hour=round(usd, 6),
            retired=feed.retired,
        )
    nodes = held.of(name)
    words, usd = _held_words(nodes), _usd(nodes, paid)
    return Silence(strategy=name, series=series, source=None, since=feed.since, held=words, usd_per_hour=round(usd, 6))


def _held_words(nodes: Mapping[str, float]) -> str:
    return listed([f"{count:.1f} nodes of {pool}" for pool, count in nodes.items()]) + " are" if nodes else "nothing is"


def _usd(nodes: Mapping[str, float], paid: Mapping[str, float]) -> float:
    return round(sum(count * paid[pool] for pool, count in nodes.items()), 6)


def _part_kept(item: SizedPool, held: HeldFloors) -> float:
    """The part of what is held of a pool that its floor has room for: people's limits go before, 0 to 1."""
    wanted = held.floor(item.pool)
    return min(item.size.floor / wanted, 1.0) if wanted else 1.0
