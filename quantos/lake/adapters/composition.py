"""Opens the lake: of an environment, by Glue; or embedded, by a catalog in a database."""

import boto3
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.catalog.sql import SqlCatalog

from quantos.adapters.aws import making_clients
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import LakeError
from quantos.lake.adapters.iceberg import ICEBERG, IcebergLake
from quantos.lake.place import EmbeddedLake
from quantos.translation import translated

CATALOG_NAME = "lake"
"""Under which Trino and pyiceberg find each other's tables in one database."""


def compose_lake(settings: EnvironmentSettings) -> IcebergLake:
    """The environment's lake: Glue's databases, and the lake bucket for those that name no place of their own."""
    with making_clients():
        client = boto3.client("glue", region_name=settings.region)
    warehouse = f"s3://{settings.names().bucket('lake')}/tables"
    return IcebergLake(GlueCatalog("glue", client, **{"warehouse": warehouse, "s3.region": settings.region}))


def open_embedded_lake(place: EmbeddedLake) -> IcebergLake:
    """A lake of its own. Raises LakeError where its database cannot be opened."""
    with translated(ICEBERG, into=LakeError, what="the lake's catalog cannot be opened", remedy="see that it is there"):
        return IcebergLake(SqlCatalog(CATALOG_NAME, **place.properties()))
