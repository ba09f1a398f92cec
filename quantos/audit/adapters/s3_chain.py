"""Chains in the audit bucket: one object a link, `<chain>/<sequence, twelve digits>`, each put once.

The bucket's default retention (Object Lock, foundation layer) keeps objects from being deleted, and `If-None-Match: *`
keeps a place from being taken twice; a second version of an object is a trace of somebody who wrote without it.
"""

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError
from pydantic import ValidationError

from quantos.adapters.aws import AWS, error_code
from quantos.audit.chain import ChainObject
from quantos.contracts.audit import ChainLink
from quantos.errors import AuditError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef

DIGITS: Final = 12
PAGE: Final = 1000
READERS: Final = 8
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_PLACE: Final = re.compile(rf"\d{{{DIGITS}}}")
_REMEDY: Final = "Check that the foundation layer is up and that this role may use the audit bucket."


@dataclass(frozen=True)
class S3ChainStore:
    """A ChainStore in a versioned bucket."""

    client: "S3Client"
    bucket: str

    def put(self, link: ChainLink) -> bool:
        """Write the link unless its place is taken, and say whether it was written. Raises AuditError."""
        key = object_key(link.chain, link.sequence)
        with self._trying_to("write", key):
            try:
                self.client.put_object(
                    Bucket=self.bucket, Key=key, Body=link.to_json(), ContentType="application/json", IfNoneMatch="*"
                )
            except ClientError as exc:
                if error_code(exc) in _TAKEN:
                    return False
                raise
        return True

    def head(self, chain: str, *, after: int = 0) -> int:
        """The greatest sequence in the chain, `after` when there is none greater. Raises AuditError.

        It asks at growing distances whether there is anything beyond, then halves: for a chain of n links it lists
        about 2 log2(n / 1000) times.
        """
        page = self._page(chain, after=after)
        if len(page) < PAGE:
            return page[-1] if page else after
        low, step = page[-1], PAGE
        while beyond := self._page(chain, after=low + step, limit=1):
            low, step = beyond[0], step * 2
        high = low + step
        while high - low > PAGE:
            middle = (low + high) // 2
            if beyond := self._page(chain, after=middle, limit=1):
                low = beyond[0]
            else:
                high = middle
        last = self._page(chain, after=low)
        return last[-1] if last else low

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        """Links of a greater sequence than `after`, in order. Raises AuditError for what is not a link."""
        while page := self._page(chain, after=after):
            for sequence in page:
                key = object_key(chain, sequence)
                try:
                    yield ChainLink.model_validate_json(self._read(key, version=None))
                except ValidationError as exc:
                    raise AuditError(
                        f"s3://{self.bucket}/{key} is not a link: {exc.errors()[0]['msg']}",
                        remedy="Run `quantos audit verify`; nothing is appended until the chain is whole.",
                    ) from exc
            if len(page) < PAGE:
                return
            after = page[-1]

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the chain's folder with its history, in order of name, for verification. Raises AuditError."""
        with ThreadPoolExecutor(max_workers=READERS) as readers:
            for page in _histories(self._versions(chain)):
                yield from readers.map(partial(self._object, chain), page)

    def _object(self, chain: str, history: "_History") -> ChainObject:
        name = history.key.removeprefix(f"{chain}/")
        return ChainObject(
            name=name,
            sequence=int(name) if _PLACE.fullmatch(name) else None,
            content=self._read(history.key, version=history.first_version) if history.first_version else b"",
            versions=history.versions,
            hidden=history.hidden,
        )

    def _page(self, chain: str, *, after: int, limit: int = PAGE) -> list[int]:
        """Sequences greater than `after`, at most `limit`; what is no place in the chain is left out."""
        prefix = f"{chain}/"
        with self._trying_to("list", prefix):
            response = self.client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, StartAfter=object_key(chain, after), MaxKeys=limit
            )
        names = (item.get("Key", "").removeprefix(prefix) for item in response.get("Contents", []))
        return [int(name) for name in names if _PLACE.fullmatch(name)]

    def _versions(self, chain: str) -> Iterator["_Version"]:
        """Versions and delete markers of the chain's folder, in order of key, newest first."""
        with self._trying_to("list the versions of", f"{chain}/"):
            for page in self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=f"{chain}/"
            ):
                versions = [_version(item) for item in page.get("Versions", [])]
                markers = [
                    _Version(item.get("Key", ""), version=None, latest=item.get("IsLatest", False))
                    for item in page.get("DeleteMarkers", [])
                ]
                yield from sorted((*versions, *markers), key=lambda version: version.key)

    def _read(self, key: str, *, version: str | None) -> bytes:
        with self._trying_to("read", key):
            if version is None:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return self.client.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"].read()

    def _trying_to(self, verb: str, key: str) -> AbstractContextManager[None]:
        return translated(AWS, into=AuditError, what=f"could not {verb} s3://{self.bucket}/{key}", remedy=_REMEDY)


@dataclass(frozen=True)
class _Version:
    """A version of an object, or a delete marker, which has no `version`."""

    key: str
    version: str | None
    latest: bool


@dataclass(frozen=True)
class _History:
    """What was ever done under a key. `first_version` is None when only delete markers are left."""

    key: str
    first_version: str | None
    versions: int
    hidden: bool


def object_key(chain: str, sequence: int) -> str:
    """Where a link is kept."""
    return f"{chain}/{sequence:0{DIGITS}d}"


def _version(item: "ObjectVersionTypeDef") -> _Version:
    return _Version(item.get("Key", ""), version=item.get("VersionId", "null"), latest=item.get("IsLatest", False))


def _histories(versions: Iterator[_Version]) -> Iterator[list[_History]]:
    """Histories by key, some at a time. A key's versions come newest first."""
    page: list[_History] = []
    for key, group in itertools.groupby(versions, key=lambda version: version.key):
        listed = list(group)
        written = [version.version for version in listed if version.version is not None]
        page.append(
            _History(
                key=key,
                first_version=written[-1] if written else None,
                versions=len(written),
                hidden=any(version.latest and version.version is None for version in listed),
            )
        )
        if len(page) == READERS * 8:
            yield page
            page = []
    yield page
