"""Opens the lake: of an environment, by Glue; or embedded, by a catalog in a database."""

from dataclasses import dataclass, field

import boto3
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.catalog.sql import SqlCatalog

from quantos.adapters.aws import making_clients
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import LakeError
from quantos.lake.adapters.iceberg import ICEBERG, IcebergLake
from quantos.translation import translated

CATALOG_NAME = "lake"
"""Under which Trino and pyiceberg find each other's tables in one database."""


@dataclass(frozen=True)
class EmbeddedLake:
    """Where a lake without Glue lies.

    Attributes:
        catalog: URL of its database, `sqlite:///...` or `postgresql+psycopg2://...`; its tables are made where need be.
        warehouse: where tables lie, `s3://bucket/prefix` or `file:///...`.
        s3_endpoint: of an S3 that is not AWS's; empty for AWS's own.
    """

    catalog: str
    warehouse: str
    s3_endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)

    def properties(self) -> dict[str, str]:
        """As pyiceberg takes them."""
        stated = {
            "uri": self.catalog,
            "warehouse": self.warehouse,
            "s3.endpoint": self.s3_endpoint,
            "s3.region": self.region,
            "s3.access-key-id": self.access_key,
            "s3.secret-access-key": self.secret_key,
        }
        return {name: value for name, value in stated.items() if value}


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
