"""Data exports of the bill, in the stand-in's store: moto has none."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import HandlerContext, Row
from sandbox.providers.aws.rows.s3_settings import POLICY as BUCKET_POLICY
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, at_path, items, mapping, text

_EXPORTER = "bcm-data-exports.amazonaws.com"
_PAIRS = {"PARQUET": "PARQUET", "TEXT_OR_CSV": "GZIP"}
"""Compression by format. Source: Data Exports API reference, S3OutputConfigurations."""


def _destinations(inputs: Mapping[str, Json]) -> Iterator[Document]:
    for configuration in map(mapping, items(at_path(inputs.get("export"), "destinationConfigurations"))):
        yield from map(mapping, items(configuration.get("s3Destinations")))


def _refusals(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for destination in _destinations(inputs):
        for output in map(mapping, items(destination.get("s3OutputConfigurations"))):
            wanted = _PAIRS.get(text(output.get("format")))
            if output.get("compression") != wanted:
                path = "export.destinationConfigurations"
                yield Failure(path, f"format {output.get('format')} needs compression {wanted}")


def _may_deliver(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    """Refuse a bucket whose policy does not let Data Exports write, as AWS does at creation."""
    for destination in _destinations(inputs):
        bucket = text(destination.get("s3Bucket"))
        policy = json.dumps(context.account.store.get(BUCKET_POLICY.resource, bucket))
        if _EXPORTER not in policy:
            raise ApiError(
                service="bcm-data-exports",
                operation="CreateExport",
                reason="ValidationException",
                message=f"S3 bucket permission validation failed: {bucket} does not let {_EXPORTER} write",
            )


def _export(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    del context
    return {"arn": identity, "export": {**mapping(inputs.get("export")), "exportArn": identity}}


_RENAMES = {
    "export.dataQueries": "DataQuery",
    "export.destinationConfigurations.s3Destinations": "S3Destination",
    "export.refreshCadences": "RefreshCadence",
}

EXPORT = Row(
    resource="aws:bcmdata/export:Export",
    stored=True,
    replaces=frozenset({"export.name"}),
    local=frozenset({"timeouts"}),
    refusals=_refusals,
    differs="delivers nothing; the query is not parsed; of the bucket's policy only the service's name is looked for",
    requests=(ApiRequest(service="bcm-data-exports", operation="create_export", renames=_RENAMES),),
    handler=KeptObject(
        service="bcm-data-exports",
        id_format="",
        id_of=lambda context, inputs: (
            f"arn:{context.account.partition}:bcm-data-exports:us-east-1:{context.account.account_id}"
            f":export/{at_path(inputs.get('export'), 'name')}-{uuid.uuid4()}"
        ),
        compute=_export,
        requires=_may_deliver,
        mutable=frozenset({"export"}),
    ),
)

ROWS = (EXPORT,)
