"""What a node of each pool holds and costs, from the catalog."""

from quantos.allocation.node_needs import Allocatable, allocatable
from quantos.capacity.requirement import NodePrice
from quantos.catalog.catalog import Catalog
from quantos.environment.settings import EnvironmentSettings, PoolSettings


def node_prices(settings: EnvironmentSettings, catalog: Catalog) -> dict[str, NodePrice]:
    """By pool, the least that any of its instance types has, and the dearest price.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    return {pool: _node_price(shape, catalog, region=settings.region) for pool, shape in settings.pools.items()}


def _node_price(pool: PoolSettings, catalog: Catalog, *, region: str) -> NodePrice:
    shapes = [catalog.shape(name) for name in pool.instance_types]
    left = [allocatable(shape) for shape in shapes]
    return NodePrice(
        vcpu=min(shape.vcpu for shape in shapes),
        holds=Allocatable(
            vcpu=min(item.vcpu for item in left),
            memory_gib=min(item.memory_gib for item in left),
            network_mbps=min(item.network_mbps for item in left),
            pods=min(item.pods for item in left),
        ),
        usd_per_hour=max(
            catalog.usd_per_hour(name, capacity_type=pool.capacity_type, region=region) for name in pool.instance_types
        ),
    )
