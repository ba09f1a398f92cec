"""What the audit ledger needs from outside: a store that never overwrites, and an index to look records up in."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quantos.audit.chain import ChainObject, Head
from quantos.contracts.audit import AuditKind, ChainLink


class ChainStore(Protocol):
    """The links of chains. A place is written once; the store is the truth."""

    def put(self, link: ChainLink) -> bool:
        """Write the link unless its place is taken, and say whether it was written. Raises AuditError."""
        ...

    def head(self, chain: str, *, after: int = 0) -> int:
        """The greatest sequence in the chain, `after` when there is none greater. Raises AuditError."""
        ...

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        """Links of a greater sequence than `after`, in order. Raises AuditError for what is not a link."""
        ...

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the chain's folder with its history, in order of name, for verification."""
        ...


@dataclass(frozen=True)
class IndexEntry:
    """Where a record is in its chain, and what it is about."""

    record_id: str
    sequence: int
    kind: AuditKind
    subject: str
    occurred_at: datetime
    digest: str


class ChainIndex(Protocol):
    """A projection of a chain: it can lag behind the store, and never runs ahead of it."""

    def head(self, chain: str) -> Head:
        """The last link that the index holds; the empty chain's head before the first."""
        ...

    def extend(self, links: Sequence[ChainLink], *, after: Head) -> bool:
        """Add the links that follow `after`, and say whether they were: not when the index stands elsewhere."""
        ...

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        """Entries by record id; ids that the index does not hold are left out."""
        ...

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        """Every entry on a subject, of one kind or of all, in order of sequence."""
        ...
