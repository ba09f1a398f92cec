"""What a node of each pool holds and costs, from the catalog."""

from quantos.capacity.requirement import NodePrice
from quantos.catalog.catalog import Catalog
from quantos.environment.settings import EnvironmentSettings, PoolSettings


def node_prices(settings: EnvironmentSettings, catalog: Catalog) -> dict[str, NodePrice]:
    """By pool, the smallest vCPU and the dearest price among its instance types.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    return {pool: _node_price(shape, catalog, region=settings.region) for pool, shape in settings.pools.items()}


def _node_price(pool: PoolSettings, catalog: Catalog, *, region: str) -> NodePrice:
    return NodePrice(
        vcpu=min(catalog.shape(name).vcpu for name in pool.instance_types),
        usd_per_hour=max(
            catalog.usd_per_hour(name, capacity_type=pool.capacity_type, region=region) for name in pool.instance_types
        ),
    )
