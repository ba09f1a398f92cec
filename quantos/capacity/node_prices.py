"""What a node of each pool holds and costs, from the catalog."""

from dataclasses import dataclass

from quantos.allocation.choice import Resources
from quantos.allocation.node_needs import Allocatable, allocatable
from quantos.catalog.catalog import Catalog
from quantos.environment.settings import EnvironmentSettings, PoolSettings


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """A node of a pool: the least that any of its types has of each resource, and the price of the dearest.

    `node` is the whole instance, `holds` what it has left for servers; `spot` nodes may be taken back.
    """

    node: Resources
    holds: Allocatable
    usd_per_hour: float
    spot: bool = False

    @property
    def vcpu(self) -> float:
        """Of the whole instance."""
        return self.node.vcpu

    @property
    def usd_per_vcpu_hour(self) -> float:
        """Price of one of its vCPU."""
        return self.usd_per_hour / self.node.vcpu


def node_prices(settings: EnvironmentSettings, catalog: Catalog) -> dict[str, NodePrice]:
    """By pool of the environment.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    return {pool: _node_price(shape, catalog, region=settings.region) for pool, shape in settings.pools.items()}


def _node_price(pool: PoolSettings, catalog: Catalog, *, region: str) -> NodePrice:
    shapes = [catalog.shape(name) for name in pool.instance_types]
    left = [allocatable(shape) for shape in shapes]
    return NodePrice(
        node=Resources(
            vcpu=min(shape.vcpu for shape in shapes),
            memory_gib=min(shape.memory_gib for shape in shapes),
            network_mbps=min(shape.network_mbps for shape in shapes),
            gpus=min(shape.gpus for shape in shapes),
        ),
        holds=Allocatable(
            vcpu=min(item.vcpu for item in left),
            memory_gib=min(item.memory_gib for item in left),
            network_mbps=min(item.network_mbps for item in left),
            pods=min(item.pods for item in left),
        ),
        usd_per_hour=max(
            catalog.usd_per_hour(name, capacity_type=pool.capacity_type, region=region) for name in pool.instance_types
        ),
        spot=pool.capacity_type == "SPOT",
    )
