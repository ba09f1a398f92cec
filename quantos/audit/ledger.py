"""Appends records to a chain, each exactly once however often it is delivered and however many append at once.

The store decides who gets a place; the index only remembers. Whoever appends first brings the index up to the store, so
every link before the place asked for has been looked at: a record that another writer, or this one before a crash, has
put already is seen there and not put again.

A place that is taken by what does not follow is lost for good: the chain is then succeeded by its next generation, and
the records go there. What else may be wrong with a chain is for a person to judge (`quantos audit succeed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pydantic_core

from quantos.audit.chain import (
    EMPTY,
    Fault,
    Head,
    StoredLink,
    closing_in,
    digest_matches,
    followed_by,
    link,
    read_link,
    stored,
)
from quantos.audit.ports import ChainIndex, ChainStore, IndexEntry
from quantos.audit.succession import End, begin_successor, complete, successions
from quantos.clock import Clock, utc_now
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.errors import AuditError

MAX_LOST_PLACES: Final = 100
MAX_GENERATIONS_AT_ONCE: Final = 10
INDEX_AT_ONCE: Final = 40
ACTOR: Final = "audit"
_VERIFY: Final = "Run `quantos audit verify`; `quantos audit succeed` begins a chain that goes on."


@dataclass(frozen=True)
class Appended:
    """What became of a batch: links put, and record ids that the chain held already."""

    links: tuple[ChainLink, ...]
    known: tuple[str, ...]


class _EndedError(Exception):
    """The generation cannot be appended to: another one goes on."""


@dataclass
class AuditLedger:
    """The writer of one chain and its successors. Key of a record: `record_id`; of two of one id the first is kept.

    A warm writer starts from the head it left: if another has moved it since, the place it asks for is taken.
    """

    store: ChainStore
    index: ChainIndex
    chain: str
    clock: Clock = utc_now
    _left_at: tuple[str, Head] | None = field(default=None, init=False)
    _ends: dict[str, int] = field(default_factory=dict, init=False)
    """The last good link of every generation that has a successor."""
    _listed: tuple[str, ...] | None = field(default=None, init=False)
    _current: str = field(default="", init=False)

    def append(self, records: Sequence[AuditRecord]) -> Appended:
        """Put the records that the chain does not hold yet behind its head, in order.

        Raises:
            AuditError: the chain is not whole, a record is of another chain or too long, or a store failed; appending
                the whole batch again is safe.
        """
        self._refuse(records)
        if not records:
            return Appended(links=(), known=())
        for _ in range(MAX_GENERATIONS_AT_ONCE):
            current = self.current()
            try:
                appended = self._append_to(current, records)
            except _EndedError:
                continue
            if self.current() == current:
                return appended
        raise AuditError(f"chain {self.chain} is succeeded again and again", remedy=_VERIFY)

    def current(self) -> str:
        """The generation that goes on. Raises AuditError."""
        listed = self.store.generations(self.chain)
        if listed != self._listed:
            self._current = self.chain
            self._ends.clear()
            for begun in successions(self.store, self.chain):
                self._ends[begun.succession.closes] = begun.succession.last_sequence
                self._current = begun.succession.opens
            self._listed = listed
        return self._current

    def catch_up(self) -> Head:
        """Bring the index up to the store, and return the head of the generation that goes on.

        Raises:
            AuditError: the links that the index lacks do not follow those that it has.
        """
        for _ in range(MAX_GENERATIONS_AT_ONCE):
            try:
                return self._catch_up(self.current())
            except _EndedError:
                continue
        raise AuditError(f"chain {self.chain} is succeeded again and again", remedy=_VERIFY)

    def _append_to(self, chain: str, records: Sequence[AuditRecord]) -> Appended:
        left_at, self._left_at = self._left_at, None
        waiting = {record.record_id: record for record in reversed(records)}
        order = list(dict.fromkeys(record.record_id for record in records))
        head = left_at[1] if left_at and left_at[0] == chain else self._catch_up(chain)
        known = self._known(order)
        put: list[ChainLink] = []
        lost = 0
        for record_id in order:
            while record_id not in known:
                place = head.sequence + 1
                candidate = link(waiting[record_id], sequence=place, previous_digest=head.digest, chain=chain)
                if self.store.put(candidate):
                    put.append(candidate)
                    head = Head(candidate.sequence, candidate.digest)
                    break
                lost += 1
                if lost > MAX_LOST_PLACES:
                    raise AuditError(
                        f"{lost} places of chain {chain} were lost to other writers",
                        remedy="Let one writer at a time append; the batch is safe to append again.",
                    )
                head = self._catch_up(chain)
                known |= self._known(order)
        self._index([stored(candidate) for candidate in put])
        self._left_at = (chain, head)
        mine = {candidate.record.record_id for candidate in put}
        return Appended(links=tuple(put), known=tuple(record_id for record_id in order if record_id not in mine))

    def _known(self, record_ids: Sequence[str]) -> set[str]:
        """Which records are in good links of any generation."""
        entries = self.index.find(self.chain, record_ids)
        return {record_id for record_id, entry in entries.items() if self._counts(entry)}

    def _counts(self, entry: IndexEntry) -> bool:
        return entry.sequence <= self._ends.get(entry.chain, entry.sequence)

    def _catch_up(self, chain: str) -> Head:
        """Bring the index up to one generation. Raises _EndedError when it is closed, or was spoiled and is so now."""
        head = self.index.head(chain)
        contents = self.store.contents(chain, after=max(head.sequence - 1, 0))
        if head != EMPTY:
            _hold_to(chain, head, next(contents, None))
        new: list[StoredLink] = []
        for standing in contents:
            try:
                candidate = self._next(chain, head, standing)
            except _EndedError:
                self._index(new)
                raise
            head = candidate.head
            new.append(candidate)
            if len(new) == INDEX_AT_ONCE:
                self._index(new)
                new.clear()
        self._index(new)
        return head

    def _next(self, chain: str, head: Head, standing: tuple[int, bytes]) -> StoredLink:
        """The link behind `head`; where something else stands there, the chain is ended."""
        place, content = standing
        if place > head.sequence + 1:
            raise _not_whole(Fault("middle removed", chain, head.sequence + 1, f"the next place is {place}"))
        candidate = read_link(content)
        if isinstance(candidate, str):
            _refuse_newer(chain, place, content)
            fault = Fault("stray put in", chain, place, candidate)
        elif (wrong := followed_by(head, candidate, chain=chain)) is None:
            if closing := closing_in(candidate):
                complete(self.store, closing)
                raise _EndedError
            return candidate
        else:
            fault = wrong
        end = End(chain=chain, last=head, fault=fault.sentence)
        begin_successor(self.store, end, reason="the place behind it is taken for good", actor=ACTOR, at=self.clock())
        raise _EndedError

    def _index(self, links: Sequence[StoredLink]) -> None:
        """Add links to the index; where another writer was first with some of them, add the rest."""
        waiting = list(links)
        while waiting:
            chain = waiting[0].chain
            after = Head(waiting[0].sequence - 1, waiting[0].previous_digest)
            if self.index.extend(waiting, after=after):
                return
            indexed = self.index.head(chain)
            if indexed.sequence < after.sequence:
                self._catch_up(chain)
                return
            if indexed.sequence == after.sequence and indexed.digest != after.digest:
                reason = "the index knows the link before it with another digest"
                raise _not_whole(Fault("tail rewritten", chain, waiting[0].sequence, reason))
            waiting = [candidate for candidate in waiting if candidate.sequence > indexed.sequence]

    def _refuse(self, records: Sequence[AuditRecord]) -> None:
        for record in records:
            if record.chain != self.chain:
                raise AuditError(
                    f"audit record {record.record_id} is of chain {record.chain}, not {self.chain}",
                    remedy="Publish it to the bus of its own environment.",
                )
            if reason := record.too_long:
                raise AuditError(f"an audit record cannot be kept: {reason}", remedy="Name it by less.")


def record_of(store: ChainStore, entry: IndexEntry) -> AuditRecord:
    """The record that an entry of the index is about. Raises AuditError where the chain holds another in its place."""
    standing = next(store.links(entry.chain, after=entry.sequence - 1), None)
    if (
        standing is None
        or stored(standing).head != Head(entry.sequence, entry.digest)
        or not digest_matches(stored(standing))
    ):
        raise AuditError(
            f"link {entry.sequence} of {entry.chain} is not what the index knows of {entry.record_id}",
            remedy="Run `quantos audit verify`.",
        )
    return standing.record


def _hold_to(chain: str, head: Head, standing: tuple[int, bytes] | None) -> None:
    """Refuse a chain that no longer ends, or goes on, as the index knows it."""
    if standing is None or standing[0] != head.sequence:
        raise _not_whole(Fault("tail removed", chain, head.sequence, "the index knows it and the store does not"))
    candidate = read_link(standing[1])
    if isinstance(candidate, str) or candidate.head != head or not digest_matches(candidate):
        raise _not_whole(Fault("tail rewritten", chain, head.sequence, "the index knows it with another digest"))


def _refuse_newer(chain: str, place: int, content: bytes) -> None:
    """Leave a place alone that a later version of this code has written. Raises AuditError."""
    try:
        document = pydantic_core.from_json(content)
    except ValueError:
        return
    version = document.get("schema_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > 1:
        raise AuditError(
            f"link {place} of chain {chain} was written by a later version (schema {version})",
            remedy="Append with that version.",
        )


def _not_whole(fault: Fault) -> AuditError:
    return AuditError(f"chain {fault.chain}: {fault.sentence}", remedy=_VERIFY)
