"""What the strategies of each pool need by a plan, so that other shapes of pools can be held against it."""

from collections.abc import Mapping

from quantos.allocation.shapes.proposal import PoolNeed
from quantos.capacity.pools.node_prices import NodePrice
from quantos.contracts.plan import PoolReasoning, ScalingPlan
from quantos.contracts.strategy import Strategy, StrategyBook
from quantos.environment.names import environment_of
from quantos.errors import CapacityError


def pool_needs(
    plan: ScalingPlan, book: StrategyBook, nodes: Mapping[str, NodePrice], *, peak: bool
) -> dict[str, PoolNeed]:
    """What the strategies of each pool need, in nodes as they are; pools without strategies have no need.

    Args:
        plan: what was decided last.
        book: the strategies that it was decided for.
        nodes: what a node of each pool holds.
        peak: whether to ask for the highest demand of the history in place of what lies ahead.

    Raises:
        CapacityError: no strategy runs on any pool.
    """
    if not plan.explanation.pools:
        raise CapacityError(
            f"no strategy runs on any pool of {environment_of(plan.stack)}, so no shape can be told from another",
            remedy=f"state what runs there: `quantos strategies apply {environment_of(plan.stack)} FILE`",
        )
    book_by_name = {strategy.name: strategy for strategy in book.strategies}
    needs: dict[str, PoolNeed] = {}
    for reasoning in plan.explanation.pools:
        strategies = [book_by_name[name] for name in reasoning.strategies if name in book_by_name]
        if strategies:
            vcpu_per_node = reasoning.vcpu_per_node or nodes[reasoning.pool].vcpu
            needs[reasoning.pool] = _with(
                needs.get(reasoning.pool),
                strategies,
                nodes=max(_peak_nodes(reasoning) if peak else 0.0, _ahead_vcpu(reasoning) / vcpu_per_node),
                vcpu_per_node=vcpu_per_node,
            )
    return needs


def _with(before: PoolNeed | None, strategies: list[Strategy], *, nodes: float, vcpu_per_node: float) -> PoolNeed:
    """The need of a pool with that of some more strategies."""
    stated = sum(strategy.stated_vcpu for strategy in strategies)
    return PoolNeed(
        nodes=max(nodes, stated / vcpu_per_node) + (before.nodes if before else 0.0),
        priority=max([strategy.priority for strategy in strategies] + ([before.priority] if before else [])),
        miss_usd_per_vcpu_hour=max(
            [item.miss_usd_per_vcpu_hour for item in strategies] + ([before.miss_usd_per_vcpu_hour] if before else [])
        ),
    )


def _ahead_vcpu(reasoning: PoolReasoning) -> float:
    """What lies ahead, less what other pools hold of it."""
    ahead_vcpu = max(reasoning.demand_upper_vcpu, reasoning.demand_now_vcpu)
    return max(ahead_vcpu - max(reasoning.elsewhere_vcpu or 0.0, 0.0), 0.0)


def _peak_nodes(reasoning: PoolReasoning) -> float:
    """Whole nodes for the highest demand of the history, as the plan's static alternative has it."""
    return max((float(item.nodes) for item in reasoning.alternatives if item.name == "static"), default=0.0)
