"""What the pools of an environment offer, at the prices of the catalog."""

from quantos.allocation.shapes.node_needs import offered
from quantos.catalog.catalog import Catalog
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import PoolSettings
from quantos.orchestration.routing.offers import Offer


def market(settings: EnvironmentSettings, catalog: Catalog) -> tuple[Offer, ...]:
    """By pool, in the environment's order: the least that any of its types has of each resource, at the dearest price.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    return tuple(_offer(name, pool, catalog, region=settings.region) for name, pool in settings.pools.items())


def _offer(name: str, pool: PoolSettings, catalog: Catalog, *, region: str) -> Offer:
    node = offered([catalog.shape(each) for each in pool.instance_types])
    return Offer(
        pool=name,
        cpu=node.vcpu,
        memory_bytes=node.memory_gib * 2**30,
        gpus=node.gpus,
        usd_per_hour=max(
            catalog.usd_per_hour(each, capacity_type=pool.capacity_type, region=region) for each in pool.instance_types
        ),
        interruptions_per_hour=pool.interruptions_per_hour,
    )
