"""S3: buckets, and the settings which are resources of their own since version 4 of the provider."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row
from sandbox.providers.aws.rows.s3_settings import ROWS as SETTINGS
from sandbox.providers.aws.tags import all_tags, tag_map
from sandbox.providers.values import Document, Json, items, mapping, text

_GONE = frozenset({"404", "NoSuchBucket"})


class _Bucket(ApiObject):
    """A bucket: tags are written as a whole set, and content goes first where `forceDestroy` says so."""

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Write the tags; see `Handler`."""
        self._write_tags(context, existing.id, all_tags(context.account, inputs))

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the tags; nothing else changes in place."""
        self._write_tags(context, change.existing.id, all_tags(context.account, change.new))

    def changeable(self, name: str) -> bool:
        """Only tags."""
        return name in {"tags", "region"}

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> list[str]:
        """All but name, tags, lock and the provider's own switch: the other properties are deprecated."""
        del context
        known = {"bucket", "tags", "region", "objectLockEnabled"}
        return [name for name in inputs if name not in known]

    def _write_tags(self, context: HandlerContext, bucket: str, tags: Mapping[str, str]) -> None:
        if not tags:
            context.account.call("s3", "delete_bucket_tagging", {"Bucket": bucket})
            return
        tag_set: Json = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.account.call("s3", "put_bucket_tagging", {"Bucket": bucket, "Tagging": {"TagSet": tag_set}})


def _bucket_request(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    place = text(inputs.get("region")) or context.account.region
    if inputs.get("objectLockEnabled"):
        request["ObjectLockEnabledForBucket"] = True
    if place != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": place}
    return request


def _bucket(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    del description
    name = existing.id
    try:
        answer = context.account.call("s3", "get_bucket_tagging", {"Bucket": name})
    except ApiError as error:
        if error.reason != "NoSuchTagSet":
            raise
        answer = Document()
    try:
        lock = context.account.call("s3", "get_object_lock_configuration", {"Bucket": name})
    except ApiError as error:
        if error.reason != "ObjectLockConfigurationNotFoundError":
            raise
        lock = Document()
    region = text(existing.state.get("region")) or context.account.region
    return {
        "bucket": name,
        "arn": f"arn:{context.account.partition}:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
        "objectLockEnabled": mapping(lock.get("ObjectLockConfiguration")).get("ObjectLockEnabled") == "Enabled",
        "tagsAll": {**tag_map(answer.get("TagSet"))},
    }


def _empty(context: HandlerContext, existing: ResourceState) -> None:
    if not existing.state.get("forceDestroy"):
        return
    answer = context.account.call("s3", "list_object_versions", {"Bucket": existing.id})
    for entry in map(mapping, items(answer.get("Versions")) + items(answer.get("DeleteMarkers"))):
        request: Document = {"Bucket": existing.id, "Key": entry["Key"], "VersionId": entry["VersionId"]}
        context.account.call("s3", "delete_object", request | {"BypassGovernanceRetention": True})


BUCKET = Row(
    resource="aws:s3/bucket:Bucket",
    name="bucket",
    name_limit=63,
    replaces=frozenset({"bucket", "objectLockEnabled"}),
    local=frozenset({"forceDestroy"}),
    differs="the deprecated settings in the bucket's own properties are refused: each has a resource of its own",
    handler=_Bucket(
        service="s3",
        create_operation="create_bucket",
        read_operation="head_bucket",
        delete_operation="delete_bucket",
        identity={"Bucket": "{id}"},
        id_format="{bucket}",
        gone=_GONE,
        prepare=_bucket_request,
        handled=frozenset({"objectLockEnabled"}),
        present=_bucket,
        before_delete=_empty,
    ),
)

ROWS = (BUCKET, *SETTINGS)
