"""A folder of the audit bucket whose objects are put once, with the history of each.

The bucket's default retention (Object Lock, foundation layer) keeps objects from being deleted, and `If-None-Match: *`
keeps a name from being taken twice; a second version of an object is a trace of somebody who wrote without it.
"""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from quantos.adapters.aws import AWS
from quantos.adapters.s3 import put_once
from quantos.errors import AuditError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsRequestTypeDef, ObjectVersionTypeDef

PAGE: Final = 1000
READERS: Final = 32
PART: Final = 500
"""Objects that one reader lists and reads before it takes others."""
VERSIONS_AT_ONCE: Final = PART + 100
LAST: Final = "\U0010ffff"
"""Sorts behind every key."""
_REMEDY: Final = "Check that the foundation layer is up and that this role may use the audit bucket."


@dataclass(frozen=True)
class KeptObject:
    """What was ever done under a key. `content` is the first version; it is empty when only markers are left."""

    key: str
    content: bytes
    versions: int
    hidden: bool


@dataclass(frozen=True)
class S3Folder:
    """Objects of a versioned bucket under prefixes that end in a slash."""

    client: "S3Client"
    bucket: str

    def put_once(self, key: str, content: bytes) -> bool:
        """Write an object unless its key is taken, and say whether it was written. Raises AuditError."""
        with self._trying_to("write", key):
            return put_once(self.client, self.bucket, key=key, content=content)

    def read(self, key: str, *, version: str | None = None) -> bytes:
        """The object as it stands, or one version of it. Raises AuditError."""
        with self._trying_to("read", key):
            if version is None:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return self.client.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"].read()

    def keys(self, prefix: str, *, after: str = "", limit: int = PAGE) -> tuple[list[str], bool]:
        """The first keys behind `after`, and whether there are more. Raises AuditError."""
        with self._trying_to("list", prefix):
            response = self.client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, StartAfter=after or prefix, MaxKeys=limit
            )
        return [item.get("Key", "") for item in response.get("Contents", [])], response.get("IsTruncated", False)

    def folders(self, prefix: str) -> list[str]:
        """Names, without their slash, of the folders that begin with `prefix`. Raises AuditError."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        with self._trying_to("list", prefix):
            return [
                item.get("Prefix", "").removesuffix("/") for page in pages for item in page.get("CommonPrefixes", [])
            ]

    def objects(self, prefix: str, *, ends: Sequence[str] = ()) -> Iterator[KeptObject]:
        """Every object of a folder with its history, in order of key. Raises AuditError.

        Args:
            prefix: the folder, with its slash.
            ends: keys at which the folder is cut into parts, in order; parts are read `READERS` at a time.
        """
        with ThreadPoolExecutor(max_workers=READERS) as readers:
            reading: deque[Future[list[KeptObject]]] = deque()
            for after, end in itertools.pairwise(("", *ends, LAST)):
                reading.append(readers.submit(self._part, prefix, after, end))
                if len(reading) >= READERS:
                    yield from reading.popleft().result()
            while reading:
                yield from reading.popleft().result()

    def _part(self, prefix: str, after: str, end: str) -> list[KeptObject]:
        """Objects behind the key `after`, up to the key `end`."""
        listed = (version for version in self._versions(prefix, after) if version.key > after)
        versions = itertools.takewhile(lambda version: version.key <= end, listed)
        return [
            self._kept(key, list(history)) for key, history in itertools.groupby(versions, lambda version: version.key)
        ]

    def _kept(self, key: str, history: "list[_Version]") -> KeptObject:
        """A key's history, which comes newest first."""
        written = [version.version for version in history if version.version is not None]
        return KeptObject(
            key=key,
            content=self.read(key, version=written[-1]) if written else b"",
            versions=len(written),
            hidden=any(version.latest and version.version is None for version in history),
        )

    def _versions(self, prefix: str, after: str) -> Iterator["_Version"]:
        """Versions and delete markers behind a key, in order of key, newest first."""
        request: ListObjectVersionsRequestTypeDef = {
            "Bucket": self.bucket,
            "Prefix": prefix,
            "MaxKeys": VERSIONS_AT_ONCE,
        }
        if after:
            request["KeyMarker"] = after
        while True:
            with self._trying_to("list the versions of", prefix):
                page = self.client.list_object_versions(**request)
            versions = [_version(item) for item in page.get("Versions", [])]
            deletions = [
                _Version(item.get("Key", ""), version=None, latest=item.get("IsLatest", False))
                for item in page.get("DeleteMarkers", [])
            ]
            yield from sorted((*versions, *deletions), key=lambda version: version.key)
            if not page.get("IsTruncated", False):
                return
            request["KeyMarker"] = page["NextKeyMarker"]
            if version := page.get("NextVersionIdMarker"):
                request["VersionIdMarker"] = version

    def _trying_to(self, verb: str, key: str) -> AbstractContextManager[None]:
        return translated(AWS, into=AuditError, what=f"could not {verb} s3://{self.bucket}/{key}", remedy=_REMEDY)


@dataclass(frozen=True)
class _Version:
    """A version of an object, or a delete marker, which has no `version`."""

    key: str
    version: str | None
    latest: bool


def _version(item: "ObjectVersionTypeDef") -> _Version:
    return _Version(item.get("Key", ""), version=item.get("VersionId", "null"), latest=item.get("IsLatest", False))
