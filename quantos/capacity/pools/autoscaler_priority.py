"""Which pool the Cluster Autoscaler grows first where several would do: the order that the choice of nodes has too."""

from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import Catalog
from quantos.environment.settings.environment import EnvironmentSettings


def pools_by_preference(settings: EnvironmentSettings, catalog: Catalog) -> tuple[str, ...]:
    """Pools of the environment, the first to grow first.

    A GPU is not spent on what runs without one; spot goes before on-demand, which pods that must not be interrupted
    do not tolerate anyway; then the cheaper vCPU goes first, each pool priced at its dearest type.

    Raises:
        CatalogError: a type has no shape, or no price in the environment's region.
    """
    prices = node_prices(settings, catalog)
    return tuple(
        sorted(
            prices,
            key=lambda pool: (
                prices[pool].node.gpus > 0,
                not prices[pool].spot,
                prices[pool].usd_per_vcpu_hour,
                pool,
            ),
        )
    )
