"""Whether the pools that strategies name hold any of their pods, told before a book is accepted."""

from collections.abc import Iterator, Mapping

from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.faults import FaultPath


def without_room(book: StrategyBook, nodes: Mapping[str, NodePrice]) -> Iterator[tuple[FaultPath, str]]:
    """Each strategy none of whose pools holds one of its pods; pools that are not there are told elsewhere."""
    for place, strategy in enumerate(book.strategies):
        known = [pool for pool in strategy.pools if pool in nodes]
        if known and not any(nodes[pool].has_room(strategy) for pool in known):
            yield ("strategies", place, "pools"), _message(strategy, nodes, named=known)


def _message(strategy: Strategy, nodes: Mapping[str, NodePrice], *, named: list[str]) -> str:
    able = [pool for pool, node in nodes.items() if node.has_room(strategy)]
    allowed = f"name some of {', '.join(able)}" if able else "no pool of the environment does"
    if strategy.gpus_per_vcpu and not any(nodes[pool].holds.gpus for pool in named):
        return f"{strategy.name} asks for GPUs, and no node of {' or '.join(named)} has any; {allowed}"
    return f"no node of {' or '.join(named)} holds one pod of {strategy.name}; {allowed}"
