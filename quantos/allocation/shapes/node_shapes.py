"""Node shapes that a pool could have instead of its own: every allowed type of the catalog, less the dominated ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from quantos.allocation.choice import Resources
from quantos.allocation.shapes.node_needs import offered
from quantos.catalog.catalog import Catalog, InstanceShape
from quantos.environment.settings.pools import PoolSettings
from quantos.errors import CatalogError

MOST_GROWTH: Final = 4
"""Another node holds at most so many times the vCPU of the present one: what fails together stays small."""


@dataclass(frozen=True, kw_only=True)
class PricedType:
    """An instance type and its price an hour."""

    shape: InstanceShape
    usd_per_hour: float


@dataclass(frozen=True, kw_only=True)
class PoolShape:
    """Types of equal vCPU, memory and GPU that one pool may draw on, the cheapest first; priced at the dearest.

    Attributes:
        instance: the whole of the smallest. `node`: what it offers beside what runs on every node.
    """

    instance_types: tuple[str, ...]
    instance: Resources
    node: Resources
    usd_per_node_hour: float

    @property
    def name(self) -> str:
        """Its types, joined."""
        return "+".join(self.instance_types)


def present_shape(pool: PoolSettings, catalog: Catalog, *, region: str) -> PoolShape:
    """The shape an environment file states. Raises CatalogError for a type without shape or price in the region."""
    types = [_priced(name, pool, catalog, region=region) for name in pool.instance_types]
    return _pool_shape(types, names=pool.instance_types)


def other_shapes(
    pool: PoolSettings, catalog: Catalog, *, region: str, families: Sequence[str]
) -> tuple[PoolShape, ...]:
    """The shapes a pool could have instead, sorted by name.

    Every pod that fits a node today must fit one then: no less vCPU, memory or network a node, the same architecture,
    and GPUs of the same family. A pool keeps as many types as it has, which is what its supply rests on; so a type is
    pruned once that many others dominate it. Types that the catalog does not price in the region are left out.
    """
    kept = len(pool.instance_types)
    present = present_shape(pool, catalog, region=region).instance
    gpu_families = {catalog.shape(name).family for name in pool.instance_types} if present.gpus else set(families)
    architecture = catalog.shape(pool.instance_types[0]).architecture
    allowed = [
        priced
        for priced in _all_priced(pool, catalog, region=region)
        if priced.shape.family in families
        and priced.shape.family in gpu_families
        and priced.shape.architecture == architecture
        and _holds(priced.shape, present)
    ]
    groups: dict[tuple[int, float, int], list[PricedType]] = {}
    for priced in not_dominated(allowed, by=kept):
        shape = priced.shape
        groups.setdefault((shape.vcpu, shape.memory_gib, shape.gpus), []).append(priced)
    shapes = [_cheapest(group, count=kept) for group in groups.values() if len(group) >= kept]
    return tuple(sorted(shapes, key=lambda shape: shape.name))


def not_dominated(types: Sequence[PricedType], *, by: int = 1) -> list[PricedType]:
    """The types that fewer than `by` others dominate.

    A type is dominated by another that has no less of anything for no greater price; of two that are equal in all, by
    the first by name. All are taken to be of one architecture and GPU kind.
    """
    return [priced for priced in types if sum(_dominates(other, priced) for other in types) < by]


def _dominates(other: PricedType, priced: PricedType) -> bool:
    ours, theirs = _merits(priced), _merits(other)
    if theirs == ours:
        return other.shape.instance_type < priced.shape.instance_type
    return all(their >= our for their, our in zip(theirs, ours, strict=True))


def _merits(priced: PricedType) -> tuple[float, ...]:
    shape = priced.shape
    return (shape.vcpu, shape.memory_gib, shape.network_mbps, shape.gpus, -priced.usd_per_hour)


def _holds(shape: InstanceShape, present: Resources) -> bool:
    return (
        present.vcpu <= shape.vcpu <= MOST_GROWTH * present.vcpu
        and shape.memory_gib >= present.memory_gib
        and shape.network_mbps >= present.network_mbps
        and (shape.gpus >= present.gpus if present.gpus else shape.gpus == 0)
        and not shape.instance_type.endswith(".metal")
    )


def _all_priced(pool: PoolSettings, catalog: Catalog, *, region: str) -> list[PricedType]:
    types = []
    for name in sorted(catalog.shapes):
        try:
            types.append(_priced(name, pool, catalog, region=region))
        except CatalogError:
            continue
    return types


def _priced(name: str, pool: PoolSettings, catalog: Catalog, *, region: str) -> PricedType:
    price = catalog.usd_per_hour(name, capacity_type=pool.capacity_type, region=region)
    return PricedType(shape=catalog.shape(name), usd_per_hour=price)


def _cheapest(group: Sequence[PricedType], *, count: int) -> PoolShape:
    chosen = sorted(group, key=lambda priced: (priced.usd_per_hour, priced.shape.instance_type))[:count]
    return _pool_shape(chosen, names=tuple(priced.shape.instance_type for priced in chosen))


def _pool_shape(types: Sequence[PricedType], *, names: tuple[str, ...]) -> PoolShape:
    shapes = [priced.shape for priced in types]
    instance = Resources(
        vcpu=min(shape.vcpu for shape in shapes),
        memory_gib=min(shape.memory_gib for shape in shapes),
        network_mbps=min(shape.network_mbps for shape in shapes),
        gpus=min(shape.gpus for shape in shapes),
    )
    return PoolShape(
        instance_types=names,
        instance=instance,
        node=offered(shapes).resources(),
        usd_per_node_hour=max(priced.usd_per_hour for priced in types),
    )
