"""The sandbox's own lake: a catalog in a file of its state folder, tables in its S3, forgotten with both."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import botocore.exceptions

from quantos.lake.place import EmbeddedLake
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET: Final = "lake"
QUERIES: Final = "queries"
CATALOG_FILE: Final = "lake.sqlite"


def embedded_lake(state: Path, *, environ: Mapping[str, str]) -> EmbeddedLake:
    """Where the lake of a sandbox lies.

    Args:
        state: the sandbox's state folder.
        environ: the sandbox's variables: endpoint, region and keys of its S3.
    """
    return EmbeddedLake(
        f"sqlite:///{state / CATALOG_FILE}",
        warehouse=f"s3://{BUCKET}/warehouse",
        s3_endpoint=environ["AWS_ENDPOINT_URL"],
        region=environ["AWS_REGION"],
        access_key=environ["AWS_ACCESS_KEY_ID"],
        secret_key=environ["AWS_SECRET_ACCESS_KEY"],
    )


def make_buckets(place: EmbeddedLake) -> "S3Client":
    """The lake's bucket and that of statements, where they are not there yet; returns their client."""
    client: S3Client = boto3.client(
        "s3",
        region_name=place.region,
        endpoint_url=place.s3_endpoint,
        aws_access_key_id=place.access_key,
        aws_secret_access_key=place.secret_key,
    )
    try:
        for bucket in (BUCKET, QUERIES):
            client.create_bucket(Bucket=bucket)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as exc:
        raise SandboxError(f"the lake's buckets cannot be made: {exc}", remedy="see that the sandbox runs") from exc
    return client
