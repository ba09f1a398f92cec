"""Chains in the audit bucket: one object a link, `<chain>/<sequence, twelve digits>`, each put once.

A successor is a folder of its own, `<chain>.<generation>/`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from quantos.audit.adapters.s3_folder import PAGE, PART, S3Folder
from quantos.audit.chain import ChainObject, chain_of, generation_number, place_name
from quantos.contracts.audit import ChainLink
from quantos.errors import AuditError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PLACE: Final = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class S3ChainStore:
    """A ChainStore in a versioned bucket."""

    client: "S3Client"
    bucket: str

    def put(self, link: ChainLink) -> bool:
        """Write the link unless its place is taken, and say whether it was written. Raises AuditError."""
        return self._folder.put_once(object_key(link.chain, link.sequence), link.to_json())

    def head(self, chain: str, *, after: int = 0) -> int:
        """The greatest place that is taken, `after` when there is none greater. Raises AuditError.

        It asks at growing distances whether there is anything beyond, then halves: for a chain of n links it lists
        about 2 log2(n / 1000) times.
        """
        low, step = after, PAGE
        while (beyond := self._first(chain, after=low + step)) is not None:
            low, step = beyond, step * 2
        high = low + step
        while high - low > PAGE:
            middle = (low + high) // 2
            beyond = self._first(chain, after=middle)
            low, high = (low, middle) if beyond is None else (beyond, high)
        return max((place for place in self._places(chain, after=low)), default=low)

    def contents(self, chain: str, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """What stands at the places behind `after`, in order, whatever it is. Raises AuditError."""
        for place in self._places(chain, after=after):
            yield place, self._folder.read(object_key(chain, place))

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        """Links at the places behind `after`, in order. Raises AuditError for what is not a link."""
        for place, content in self.contents(chain, after=after):
            try:
                yield ChainLink.model_validate_json(content)
            except ValidationError as exc:
                raise AuditError(
                    f"s3://{self.bucket}/{object_key(chain, place)} is not a link: {exc.errors()[0]['msg']}",
                    remedy="Run `quantos audit verify`.",
                ) from exc

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the chain's folder with its history, in order of name, for verification. Raises AuditError."""
        ends = [object_key(chain, place) for place in range(PART, self.head(chain), PART)]
        for kept in self._folder.objects(f"{chain}/", ends=ends):
            name = kept.key.removeprefix(f"{chain}/")
            yield ChainObject(
                name=name,
                sequence=_place(name),
                content=kept.content,
                versions=kept.versions,
                hidden=kept.hidden,
            )

    def generations(self, chain: str) -> tuple[str, ...]:
        """Names of the chain's successors for which anything is there, the oldest first. Raises AuditError."""
        names = self._folder.folders(f"{chain}.")
        return tuple(
            sorted((name for name in names if name != chain and chain_of(name) == chain), key=generation_number)
        )

    @property
    def _folder(self) -> S3Folder:
        return S3Folder(self.client, self.bucket)

    def _first(self, chain: str, *, after: int) -> int | None:
        """The first place behind `after` that is taken."""
        return next(self._places(chain, after=after, limit=1), None)

    def _places(self, chain: str, *, after: int, limit: int | None = None) -> Iterator[int]:
        """Places behind `after` that are taken, in order; what is no place in the chain is left out."""
        key, more = object_key(chain, after), True
        while more:
            keys, more = self._folder.keys(f"{chain}/", after=key, limit=limit or PAGE)
            places = (_place(name.removeprefix(f"{chain}/")) for name in keys)
            yield from (place for place in places if place is not None)
            key = keys[-1] if keys else key


def object_key(chain: str, sequence: int) -> str:
    """Where a link is kept."""
    return f"{chain}/{place_name(sequence)}"


def _place(name: str) -> int | None:
    return int(name) if _PLACE.fullmatch(name) and int(name) else None
