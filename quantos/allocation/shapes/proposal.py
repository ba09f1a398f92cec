"""Which shapes the pools of an environment should have: the choice over the whole catalog, offered to people."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from quantos.allocation.choice import ChoiceDemand, ChoiceLimits, ChoicePool, ChoiceProblem, ChoiceSolution, Resources
from quantos.allocation.priorities import choose
from quantos.allocation.shapes.node_shapes import PoolShape, other_shapes, present_shape
from quantos.catalog.catalog import Catalog
from quantos.environment.settings.environment import EnvironmentSettings

LEAST_SAVING_USD_PER_HOUR: Final = 0.005
LEAST_SAVING_SHARE: Final = 0.01
"""A change of shape costs people work and the cluster a rollout; below this part of a pool's cost it is not offered."""
LEAST_MORE_VCPU: Final = 0.01
ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class PoolNeed:
    """What the strategies of a pool need together.

    Attributes:
        nodes: of the present shape, parts of nodes included, at the decided quantile.
        priority: the greatest of its strategies. `miss_usd_per_vcpu_hour`: the dearest.
    """

    nodes: float
    priority: int
    miss_usd_per_vcpu_hour: float


@dataclass(frozen=True, kw_only=True)
class PoolChange:
    """Another shape for one pool. Floor and ceiling are in nodes of the new shape and hold no less vCPU than before.

    Attributes:
        usd_per_hour_before, usd_per_hour_after: of the nodes that the need asks for, or that limits leave it.
        more_vcpu: of the need, that the present shape cannot be given within the limits, and this one can.
    """

    pool: str
    types_before: tuple[str, ...]
    types_after: tuple[str, ...]
    floor_nodes: int
    ceiling_nodes: int
    nodes_before: int
    nodes_after: int
    usd_per_hour_before: float
    usd_per_hour_after: float
    more_vcpu: float
    why: str

    @property
    def saving_usd_per_hour(self) -> float:
        """Before less after."""
        return self.usd_per_hour_before - self.usd_per_hour_after


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Changes of shape that are worth offering, the greatest saving first; none where the present ones are right.

    Attributes:
        present: the choice over the declared shapes. `best`: over all of the catalog.
        considered: shapes that were compared, by pool, the present one included.
    """

    changes: tuple[PoolChange, ...]
    present: ChoiceSolution
    best: ChoiceSolution
    considered: Mapping[str, int]

    @property
    def saving_usd_per_hour(self) -> float:
        """Of all changes together."""
        return sum(change.saving_usd_per_hour for change in self.changes)


def propose(settings: EnvironmentSettings, needs: Mapping[str, PoolNeed], catalog: Catalog, *, region: str) -> Proposal:
    """Choose among the present shapes, and among all the catalog allows, for the same needs; offer what is cheaper.

    All that a need asks for follows the present shape: each of its nodes asks for what one offers. Steps are not
    limited, since people change shapes by pull request. Only the catalog's prices speak: vCPU of different types are
    taken as equal, so `units_per_vcpu` wants to be measured again on the new types.

    Raises:
        CatalogError: a declared type has no shape, or no price in the region.
        ChoiceError: the environment's limits contradict each other.
    """
    families = settings.limits.instance_families
    declared = {name: pool for name, pool in settings.pools.items() if name in needs}
    present = {name: present_shape(pool, catalog, region=region) for name, pool in declared.items()}
    options = {
        name: _options(present[name], other_shapes(pool, catalog, region=region, families=families))
        for name, pool in declared.items()
    }
    now = choose(_problem(settings, needs, present=present, options={name: (present[name],) for name in present}))
    best = choose(_problem(settings, needs, present=present, options=options))
    changes = [
        change for name in sorted(declared) for change in _change(settings, name, options[name], now=now, best=best)
    ]
    return Proposal(
        changes=tuple(sorted(changes, key=lambda change: (-change.saving_usd_per_hour, change.pool))),
        present=now,
        best=best,
        considered={name: len(shapes) for name, shapes in options.items()},
    )


def _options(present: PoolShape, others: tuple[PoolShape, ...]) -> tuple[PoolShape, ...]:
    """The present shape and those of other types."""
    return (present, *(shape for shape in others if set(shape.instance_types) != set(present.instance_types)))


def _problem(
    settings: EnvironmentSettings,
    needs: Mapping[str, PoolNeed],
    *,
    present: Mapping[str, PoolShape],
    options: Mapping[str, tuple[PoolShape, ...]],
) -> ChoiceProblem:
    pools: list[ChoicePool] = []
    demands: list[ChoiceDemand] = []
    for name, pool in settings.pools.items():
        if name not in needs:
            continue
        offered = [_pool(settings, name, shape=shape, present=present[name]) for shape in options[name]]
        pools += offered
        demands.append(_demand(name, needs[name], pools=offered, node=present[name].node, floor=pool.floor_nodes))
    limits = settings.limits
    return ChoiceProblem(
        pools=tuple(pools),
        demands=tuple(demands),
        limits=ChoiceLimits(budget_usd_per_hour=limits.ceiling_usd_per_hour, max_nodes=limits.max_nodes),
    )


def _pool(settings: EnvironmentSettings, name: str, *, shape: PoolShape, present: PoolShape) -> ChoicePool:
    pool = settings.pools[name]
    affordable = math.floor(pool.ceiling_usd_per_hour / shape.usd_per_node_hour + ROUNDING)
    return ChoicePool(
        name=_option_name(name, shape),
        node=shape.node,
        usd_per_node_hour=shape.usd_per_node_hour,
        capacity_type=pool.capacity_type,
        zones=pool.zones or tuple(zone.name for zone in settings.network.zones),
        max_nodes=min(_as_many(pool.ceiling_nodes, present, shape), affordable),
        group=name,
    )


def _demand(name: str, need: PoolNeed, *, pools: list[ChoicePool], node: Resources, floor: int) -> ChoiceDemand:
    """The need, and no less than the environment's floor, in the proportions of the present node."""
    nodes = max(need.nodes, floor)
    return ChoiceDemand(
        name=name,
        need=Resources(
            vcpu=nodes * node.vcpu,
            memory_gib=nodes * node.memory_gib,
            network_mbps=nodes * node.network_mbps,
            gpus=nodes * node.gpus,
        ),
        pools=tuple(pool.name for pool in pools),
        priority=need.priority,
        miss_usd_per_vcpu_hour=need.miss_usd_per_vcpu_hour,
    )


def _change(
    settings: EnvironmentSettings,
    name: str,
    options: tuple[PoolShape, ...],
    *,
    now: ChoiceSolution,
    best: ChoiceSolution,
) -> Iterator[PoolChange]:
    present = options[0]
    nodes = best.nodes()
    chosen = next((shape for shape in options if nodes[_option_name(name, shape)]), present)
    nodes_before, nodes_after = now.nodes()[_option_name(name, present)], nodes[_option_name(name, chosen)]
    usd_before, usd_after = nodes_before * present.usd_per_node_hour, nodes_after * chosen.usd_per_node_hour
    more_vcpu = _missing_vcpu(now, name) - _missing_vcpu(best, name)
    saving = usd_before - usd_after
    worth = more_vcpu > -LEAST_MORE_VCPU and saving >= max(LEAST_SAVING_USD_PER_HOUR, LEAST_SAVING_SHARE * usd_before)
    if chosen is present or not (worth or more_vcpu > LEAST_MORE_VCPU):
        return
    pool = settings.pools[name]
    yield PoolChange(
        pool=name,
        types_before=present.instance_types,
        types_after=chosen.instance_types,
        floor_nodes=_as_many(pool.floor_nodes, present, chosen),
        ceiling_nodes=_as_many(pool.ceiling_nodes, present, chosen),
        nodes_before=nodes_before,
        nodes_after=nodes_after,
        usd_per_hour_before=usd_before,
        usd_per_hour_after=usd_after,
        more_vcpu=more_vcpu,
        why=_why(present, chosen, nodes_before=nodes_before, nodes_after=nodes_after, more_vcpu=more_vcpu),
    )


def _why(present: PoolShape, chosen: PoolShape, *, nodes_before: int, nodes_after: int, more_vcpu: float) -> str:
    more = f"; {more_vcpu:.1f} vCPU that had to give way are held" if more_vcpu > LEAST_MORE_VCPU else ""
    after, before = _nodes_of(chosen, nodes_after), _nodes_of(present, nodes_before)
    return f"the need takes {after}, now {before}{more}"


def _nodes_of(shape: PoolShape, count: int) -> str:
    return (
        f"{count} {'node' if count == 1 else 'nodes'} of {shape.instance.vcpu:g} vCPU and "
        f"{shape.instance.memory_gib:g} GiB at {shape.usd_per_node_hour:.4f} USD/hour"
    )


def _missing_vcpu(solution: ChoiceSolution, name: str) -> float:
    return sum(item.shortfall_vcpu for item in solution.gave_way if item.demand == name)


def _as_many(nodes: int, present: PoolShape, shape: PoolShape) -> int:
    """Nodes of a shape that hold no less vCPU than so many of the present one."""
    return math.ceil(nodes * present.node.vcpu / shape.node.vcpu - ROUNDING)


def _option_name(pool: str, shape: PoolShape) -> str:
    return f"{pool}/{shape.name}"
