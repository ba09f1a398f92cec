"""Composes the decision service of an environment from its AWS adapters."""

from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import S3PlanArchive, S3StrategyRegistry
from quantos.capacity.adapters.stores import compose_bucket, compose_plan_ledger, compose_signer
from quantos.capacity.decision import DecisionService
from quantos.capacity.node_prices import node_prices
from quantos.catalog.catalog import Catalog
from quantos.contracts.plan import PlanDocument
from quantos.environment.settings import EnvironmentSettings
from quantos.messaging.ports import Publisher
from quantos.policy.cost import foreseen_violations
from quantos.telemetry.adapters.composition import compose_history


def compose_decisions(settings: EnvironmentSettings, *, catalog: Catalog, publisher: Publisher) -> DecisionService:
    """The decision service of an environment's capacity stack. Raises CatalogError for a pool without a price."""

    def check(document: PlanDocument) -> tuple[str, ...]:
        return tuple(found.message for found in foreseen_violations(document, settings, catalog=catalog))

    bucket = compose_bucket(settings)
    return DecisionService(
        settings=settings,
        nodes=node_prices(settings, catalog),
        check=check,
        registry=S3StrategyRegistry(bucket),
        history=compose_history(settings),
        ledger=compose_plan_ledger(settings),
        archive=S3PlanArchive(bucket),
        signer=compose_signer(settings),
        publisher=publisher,
        fits=S3Fits(bucket),
    )
