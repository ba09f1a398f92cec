"""What cost rules judge: node groups as plain values, a plan, and the stack they stand in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantos.catalog.catalog import CapacityType, Catalog
from quantos.contracts.plan import PlanDocument
from quantos.environment.names import layer_of
from quantos.errors import CatalogError

if TYPE_CHECKING:
    from quantos.environment.settings.environment import EnvironmentSettings

SYSTEM_POOL = "system"
POOL_TAG = "pool"


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """One node group, declared or running. `name` is its `pool` tag, or the resource's own name without one.

    `elastic` groups are sized by the robot: all but the fixed system group, so that an untagged one is judged as well.
    """

    name: str
    instance_types: tuple[str, ...]
    capacity_type: CapacityType
    minimum: int
    maximum: int
    tags: Mapping[str, str]
    elastic: bool

    def usd_per_node_hour(self, catalog: Catalog, *, region: str) -> float:
        """The dearest of its types, since AWS may start any of them. Raises CatalogError when one has no price."""
        if not self.instance_types:
            raise CatalogError(
                f"node group {self.name} names no instance type", remedy="name the types, so that it can be priced"
            )
        return max(
            catalog.usd_per_hour(instance_type, capacity_type=self.capacity_type, region=region)
            for instance_type in self.instance_types
        )


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Every node group of a stack and the plan it stands on, if it has one."""

    stack: str
    groups: tuple[NodeGroup, ...]
    plan: PlanDocument | None

    @property
    def elastic(self) -> tuple[NodeGroup, ...]:
        """The groups the robot sizes, by name: an engine reports them in any order."""
        return tuple(sorted((group for group in self.groups if group.elastic), key=lambda group: group.name))

    @property
    def needs_plan(self) -> bool:
        """Whether this is a capacity stack, by its name or by what it holds."""
        return layer_of(self.stack) == "capacity" or bool(self.elastic)


def is_elastic(tags: Mapping[str, str], *, stack: str) -> bool:
    """Whether a node group is an elastic pool: on a capacity stack every one is, whatever its tags say."""
    return layer_of(stack) == "capacity" or tags.get(POOL_TAG) != SYSTEM_POOL


def planned_capacity(settings: "EnvironmentSettings", document: PlanDocument) -> Capacity:
    """What the capacity program would declare for a plan document."""
    return Capacity(
        stack=document.stack,
        groups=tuple(_planned_group(settings, document, name) for name in settings.pools),
        plan=document,
    )


def _planned_group(settings: "EnvironmentSettings", document: PlanDocument, name: str) -> NodeGroup:
    pool = settings.pools[name]
    size = document.sizes.get(name, pool.declared_size)
    return NodeGroup(
        name=name,
        instance_types=pool.instance_types,
        capacity_type=pool.capacity_type,
        minimum=size.floor,
        maximum=size.ceiling,
        tags={**settings.tags(), POOL_TAG: name, "owner": pool.owner, "cost-centre": pool.cost_centre},
        elastic=True,
    )
