"""Anchors in the audit bucket: `anchors/<chain>/<hour>`, each put once, by the function of that name alone.

The bucket's policy refuses them from everyone else (foundation layer).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from quantos.audit.adapters.s3_folder import PART, S3Folder
from quantos.audit.anchoring import HOUR
from quantos.audit.chain import ChainObject, chain_of
from quantos.contracts.audit import Anchor
from quantos.errors import AuditError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER: Final = "anchors"


@dataclass(frozen=True)
class S3AnchorStore:
    """An AnchorStore in a versioned bucket."""

    client: "S3Client"
    bucket: str

    def put(self, anchor: Anchor) -> bool:
        """Keep the anchor unless its hour has one, and say whether it was kept. Raises AuditError."""
        return self._folder.put_once(_key(chain_of(anchor.chain), anchor.hour), anchor.to_json())

    def newest(self, chain: str, *, since: datetime) -> Anchor | None:
        """The last anchor of an hour from `since` on, or None. Raises AuditError for what is no anchor."""
        first = _key(chain, since)
        keys = [key for key in self._keys(chain, after=first[:-1]) if key >= first]
        if not keys:
            return None
        try:
            return Anchor.model_validate_json(self._folder.read(keys[-1]))
        except ValidationError as exc:
            raise AuditError(
                f"s3://{self.bucket}/{keys[-1]} is not an anchor: {exc.errors()[0]['msg']}",
                remedy="Run `quantos audit verify`.",
            ) from exc

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the folder of the chain's anchors with its history, in order of hour; no sequences."""
        prefix = f"{FOLDER}/{chain}/"
        ends = self._keys(chain, after=prefix)[PART - 1 :: PART]
        for kept in self._folder.objects(prefix, ends=ends):
            yield ChainObject(kept.key.removeprefix(prefix), None, kept.content, kept.versions, kept.hidden)

    @property
    def _folder(self) -> S3Folder:
        return S3Folder(self.client, self.bucket)

    def _keys(self, chain: str, *, after: str) -> list[str]:
        prefix = f"{FOLDER}/{chain}/"
        keys: list[str] = []
        more = True
        while more:
            page, more = self._folder.keys(prefix, after=keys[-1] if keys else after)
            keys += page
        return keys


def _key(chain: str, hour: datetime) -> str:
    return f"{FOLDER}/{chain}/{hour.astimezone(UTC):{HOUR}}"
