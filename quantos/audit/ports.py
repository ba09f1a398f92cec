"""What the audit ledger needs from outside: a store that never overwrites, an index to look records up in, anchors."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from quantos.audit.chain import ChainObject, Head, StoredLink
from quantos.contracts.audit import Anchor, AuditKind, ChainLink


class ChainStore(Protocol):
    """The links of chains and of their successors. A place is written once; the store is the truth."""

    def put(self, link: ChainLink) -> bool:
        """Write the link unless its place is taken, and say whether it was written. Raises AuditError."""
        ...

    def head(self, chain: str, *, after: int = 0) -> int:
        """The greatest place that is taken, `after` when there is none greater. Raises AuditError."""
        ...

    def contents(self, chain: str, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """What stands at the places behind `after`, in order, whatever it is. Raises AuditError."""
        ...

    def links(self, chain: str, *, after: int = 0) -> Iterator[ChainLink]:
        """Links at the places behind `after`, in order. Raises AuditError for what is not a link."""
        ...

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the chain's folder with its history, in order of name, for verification."""
        ...

    def generations(self, chain: str) -> tuple[str, ...]:
        """Names of the chain's successors for which anything is there, the oldest first. Raises AuditError."""
        ...


@dataclass(frozen=True)
class IndexEntry:
    """Where a record is, and what it is about. `chain` is the generation that holds it."""

    record_id: str
    sequence: int
    kind: AuditKind
    subject: str
    occurred_at: datetime
    digest: str
    chain: str


class IndexPlace(NamedTuple):
    """One of the two entries that the index has of a link, as it stands there.

    `found_by` says whether it is looked up by record or by subject. `about` is what the entry says of the record, as
    `looked_up_by` gives it; None where the entry stands elsewhere than what it says.
    """

    chain: str
    sequence: int
    digest: str
    found_by: Literal["record", "subject"]
    about: tuple[str, str, str, str] | None


class ChainIndex(Protocol):
    """A projection of a chain and its successors: it can lag behind the store, and never runs ahead of it."""

    def head(self, chain: str) -> Head:
        """The last link of a generation that the index holds; the empty chain's head before the first."""
        ...

    def extend(self, links: Sequence[StoredLink], *, after: Head) -> bool:
        """Add the links that follow `after`, and say whether they were: not when the index stands elsewhere.

        Every link can be added: of one whose record cannot be looked up by anything only the place is kept.
        """
        ...

    def find(self, chain: str, record_ids: Collection[str]) -> dict[str, IndexEntry]:
        """Entries of all generations by record id, the newest of each; ids that are not held are left out."""
        ...

    def about(self, chain: str, subject: str, *, kind: AuditKind | None = None) -> tuple[IndexEntry, ...]:
        """Every entry on a subject, of one kind or of all, the oldest generation first, in order of sequence."""
        ...

    def places(self, chain: str) -> Iterator[IndexPlace]:
        """Every entry, in any order, for verification."""
        ...


class AnchorStore(Protocol):
    """Ends of a chain as they stood at each hour, written once, where the chain's writer cannot write."""

    def put(self, anchor: Anchor) -> bool:
        """Keep the anchor unless its hour has one, and say whether it was kept. Raises AuditError."""
        ...

    def newest(self, chain: str, *, since: datetime) -> Anchor | None:
        """The last anchor of an hour from `since` on, or None. Raises AuditError for what is no anchor."""
        ...

    def objects(self, chain: str) -> Iterator[ChainObject]:
        """Everything in the folder of the chain's anchors with its history, in order of hour; no sequences."""
        ...
