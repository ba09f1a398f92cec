"""SQL over the lake and the registry."""

from components.kubernetes.data.trino import Trino, TrinoArgs
from components.kubernetes.observability import prometheus
from components.kubernetes.registries import registry_api
from components.kubernetes.scaling.keda import Keda
from quantos.environment.conventions import POSTGRES_PORT
from quantos.environment.namespaces import MONITORING
from stacks.platform_services.context import PlatformContext


def declare(place: PlatformContext, scaler: Keda) -> Trino:
    """Declare the engine, whose workers `scaler` adds."""
    settings, names = place.settings, place.settings.names()
    return Trino(
        "trino",
        TrinoArgs(
            namespace="trino",
            cluster_name=names.cluster,
            account_id=settings.account_id,
            region=settings.region,
            role_name=names.role("trino"),
            lake_bucket=names.bucket("lake"),
            lake_database=names.lake_database,
            kms_key_arn=place.output("data_key_arn"),
            registry_host=place.output("database_endpoint"),
            registry_port=POSTGRES_PORT,
            registry_database=registry_api.DATABASE_USER,
            registry_secret=names.secret("services/trino-registry"),
            prometheus_url=f"http://{prometheus.NAME}-prometheus.{MONITORING}:{prometheus.PORT}",
            workers=settings.platform.trino.minimum,
            maximum_workers=settings.platform.trino.maximum,
            worker_cpu=settings.platform.trino.cpu,
            worker_memory_gib=settings.platform.trino.memory_gib,
            tags=settings.tags(),
        ),
        place.inside("trino", after=(scaler,)),
    )
