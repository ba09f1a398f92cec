"""Composes what learns for an environment from its AWS adapters."""

from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import S3StrategyRegistry
from quantos.capacity.adapters.stores import compose_bucket
from quantos.capacity.demand.learning import LearningService
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import Catalog
from quantos.clock import Clock
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Publisher
from quantos.telemetry.adapters.composition import compose_history, compose_signals


def compose_learning(
    settings: EnvironmentSettings, *, catalog: Catalog, publisher: Publisher, clock: Clock
) -> LearningService:
    """What learns for the decisions of an environment. Raises CatalogError for a pool without a price."""
    bucket = compose_bucket(settings)
    return LearningService(
        settings=settings,
        nodes=node_prices(settings, catalog),
        registry=S3StrategyRegistry(bucket),
        history=compose_history(settings),
        signals=compose_signals(settings),
        fits=S3Fits(bucket),
        publisher=publisher,
        clock=clock,
    )
