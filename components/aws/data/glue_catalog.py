"""The lake's catalog: the Glue database in which its tables are found."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class GlueCatalogArgs:
    """Tables lie in the bucket `bucket_name` under `prefix`, one folder each, where they say nothing else."""

    database_name: str
    bucket_name: str
    prefix: str
    tags: Mapping[str, str]


class GlueCatalog(pulumi.ComponentResource):
    """An empty database; its tables are made by those who write them.

    Outputs: `database_name`.

    Guarded by the security pack, since its object is plain.
    """

    database_name: pulumi.Output[str]

    def __init__(self, name: str, args: GlueCatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/data:GlueCatalog", name, {}, opts)
        database = aws.glue.CatalogDatabase(
            name,
            name=args.database_name,
            description="Tables of the lake",
            location_uri=f"s3://{args.bucket_name}/{args.prefix}/",
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.database_name = database.name
        self.register_outputs({"databaseName": self.database_name})
