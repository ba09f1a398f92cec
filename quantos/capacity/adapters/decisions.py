"""Composes the decision service of an environment from its AWS adapters."""

from quantos.capacity.adapters.code_version import code_version
from quantos.capacity.adapters.s3_fits import S3Fits
from quantos.capacity.adapters.s3_plans import S3PlanArchive, S3Records, S3StrategyRegistry
from quantos.capacity.adapters.s3_windows import S3Windows
from quantos.capacity.adapters.stores import compose_bucket, compose_plan_ledger, compose_signer
from quantos.capacity.decision.replay import Replayer
from quantos.capacity.decision.service import DecisionService
from quantos.capacity.planning.plan import PlanCheck
from quantos.capacity.pools.node_prices import node_prices
from quantos.catalog.catalog import Catalog
from quantos.contracts.plan import PlanDocument
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.ports import Publisher
from quantos.policy.cost.rules import foreseen_violations
from quantos.telemetry.adapters.composition import compose_history, compose_signals


def compose_decisions(settings: EnvironmentSettings, *, catalog: Catalog, publisher: Publisher) -> DecisionService:
    """The decision service of an environment's capacity stack. Raises CatalogError for a pool without a price."""

    bucket = compose_bucket(settings)
    return DecisionService(
        settings=settings,
        nodes=node_prices(settings, catalog),
        check=_cost_rules(settings, catalog=catalog),
        registry=S3StrategyRegistry(bucket),
        history=compose_history(settings),
        signals=compose_signals(settings),
        ledger=compose_plan_ledger(settings),
        archive=S3PlanArchive(bucket),
        signer=compose_signer(settings),
        publisher=publisher,
        fits=S3Fits(bucket),
        windows=S3Windows(bucket),
        records=S3Records(bucket),
        code=code_version,
    )


def compose_replayer(settings: EnvironmentSettings, *, catalog: Catalog) -> Replayer:
    """What replays the decisions of an environment, by today's code, prices and limits."""
    return Replayer(
        signer=compose_signer(settings),
        history=compose_history(settings),
        signals=compose_signals(settings),
        fits=S3Fits(compose_bucket(settings)),
        check=_cost_rules(settings, catalog=catalog),
        code=code_version(),
    )


def _cost_rules(settings: EnvironmentSettings, *, catalog: Catalog) -> PlanCheck:
    def check(document: PlanDocument) -> tuple[str, ...]:
        return tuple(violation.message for violation in foreseen_violations(document, settings, catalog=catalog))

    return check
