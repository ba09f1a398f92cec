"""Where the firm's own records are kept and asked for: registry, lineage, analytics, and the lake as streams."""

import pulumi

from components.aws.data.glue_catalog import GlueCatalog, GlueCatalogArgs
from components.kubernetes.data import clickhouse, flight_gateway
from components.kubernetes.data.clickhouse import ClickHouse, ClickHouseArgs
from components.kubernetes.data.database_users import DatabaseUser, DatabaseUsers, DatabaseUsersArgs
from components.kubernetes.data.flight_gateway import FlightGateway, FlightGatewayArgs
from components.kubernetes.data.marquez import Marquez, MarquezArgs
from components.kubernetes.registries import registry_api
from components.kubernetes.registries.registry_api import RegistryApi, RegistryApiArgs
from quantos.environment.conventions import POSTGRES_PORT
from stacks.platform_services.context import PlatformContext

STORAGE_CLASS = "gp3"
ANALYTICS_MEMORY_GIB = 4
DATABASE_CLIENT = "postgres-client"
PASSWORD_USERS = ("argo", "harbor", "marquez")
"""Services that know no login by IAM."""


def declare_users(place: PlatformContext) -> DatabaseUsers:
    """Declare the databases, which come before every service that keeps something in one."""
    settings, names = place.settings, place.settings.names()
    return DatabaseUsers(
        "database-users",
        DatabaseUsersArgs(
            namespace="registry",
            image=names.image(DATABASE_CLIENT, settings.platform.images[DATABASE_CLIENT]),
            database_host=place.output("database_endpoint"),
            master_secret_arn=place.output("database_master_secret_arn"),
            users=[
                DatabaseUser(name=registry_api.DATABASE_USER, secret=None),
                *(DatabaseUser(name=user, secret=names.secret(f"services/{user}")) for user in PASSWORD_USERS),
            ],
            labels=place.labels(),
        ),
        place.inside("registry"),
    )


def declare(place: PlatformContext, users: DatabaseUsers) -> list[pulumi.Resource]:
    """Declare the services, after `users` those with a database."""
    return [_lineage(place, users), _analytics(place), _registry_api(place, users), _lake(place)]


def _lineage(place: PlatformContext, users: DatabaseUsers) -> Marquez:
    settings, names = place.settings, place.settings.names()
    return Marquez(
        "lineage",
        MarquezArgs(
            namespace="lineage",
            database_host=place.output("database_endpoint"),
            database_port=POSTGRES_PORT,
            secret=names.secret("services/marquez"),
            replicas=settings.platform.replicas,
            retention_days=settings.platform.retention_days,
        ),
        place.inside("lineage", after=(users,)),
    )


def _analytics(place: PlatformContext) -> ClickHouse:
    settings, names = place.settings, place.settings.names()
    return ClickHouse(
        "analytics",
        ClickHouseArgs(
            namespace="clickhouse",
            server_image=names.image(clickhouse.SERVER, settings.platform.images[clickhouse.SERVER]),
            keeper_image=names.image(clickhouse.KEEPER_SERVER, settings.platform.images[clickhouse.KEEPER_SERVER]),
            replicas=settings.platform.replicas,
            storage_gib=settings.platform.analytics_gib,
            storage_class=STORAGE_CLASS,
            memory_gib=ANALYTICS_MEMORY_GIB,
            operator_secret=names.secret("services/clickhouse-operator"),
            reader_secret=names.secret("services/clickhouse-reader"),
        ),
        place.inside("clickhouse"),
    )


def _registry_api(place: PlatformContext, users: DatabaseUsers) -> RegistryApi:
    settings, names = place.settings, place.settings.names()
    return RegistryApi(
        "registry-api",
        RegistryApiArgs(
            namespace="registry",
            cluster_name=names.cluster,
            account_id=settings.account_id,
            region=settings.region,
            image=names.image(registry_api.NAME, settings.platform.images[registry_api.NAME]),
            replicas=settings.platform.replicas,
            database_host=place.output("database_endpoint"),
            database_resource_id=place.output("database_resource_id"),
            bucket_name=names.bucket("artifacts"),
            kms_key_arn=place.output("data_key_arn"),
            role_name=names.role("registry-api"),
            labels=place.labels(),
            tags=settings.tags(),
        ),
        place.inside("registry", after=(users,)),
    )


def _lake(place: PlatformContext) -> FlightGateway:
    """The catalogue of the lake's tables, and the gateway that streams them."""
    settings, names = place.settings, place.settings.names()
    GlueCatalog(
        "lake",
        GlueCatalogArgs(
            database_name=names.lake_database,
            bucket_name=names.bucket("lake"),
            prefix=names.tables_prefix,
            tags=settings.tags(),
        ),
    )
    return FlightGateway(
        "flight-gateway",
        FlightGatewayArgs(
            namespace="flight",
            cluster_name=names.cluster,
            account_id=settings.account_id,
            region=settings.region,
            image=names.image(flight_gateway.NAME, settings.platform.images[flight_gateway.NAME]),
            replicas=settings.platform.replicas,
            bucket_name=names.bucket("lake"),
            catalog_database=names.lake_database,
            kms_key_arn=place.output("data_key_arn"),
            role_name=names.role("flight-gateway"),
            labels=place.labels(),
            tags=settings.tags(),
        ),
        place.inside("flight"),
    )
