"""Appends records to a chain, each exactly once however often it is delivered and however many append at once.

The store decides who gets a place; the index only remembers. Whoever appends first brings the index up to the store, so
every link before the place asked for has been looked at: a record that another writer, or this one before a crash, has
put already is seen there and not put again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from quantos.audit.chain import EMPTY, Head, Problem, Verdict, digest_matches, followed_by, link, verify
from quantos.audit.ports import ChainIndex, ChainStore
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.errors import AuditError

MAX_LOST_PLACES: Final = 100
INDEX_AT_ONCE: Final = 40
_VERIFY: Final = "Run `quantos audit verify`; nothing is appended until the chain is whole."


@dataclass(frozen=True)
class Appended:
    """What became of a batch: links put, and record ids that the chain held already."""

    links: tuple[ChainLink, ...]
    known: tuple[str, ...]


@dataclass
class AuditLedger:
    """The writer of one chain. Key of a record: `record_id`; of two records of one id the first is kept.

    A warm writer starts from the head it left: if another has moved it since, the place it asks for is taken.
    """

    store: ChainStore
    index: ChainIndex
    chain: str
    _left_at: Head | None = field(default=None, init=False)

    def append(self, records: Sequence[AuditRecord]) -> Appended:
        """Put the records that the chain does not hold yet behind its head, in order.

        Raises:
            AuditError: the chain is not whole, a record is of another chain, or a store failed; appending the whole
                batch again is safe.
        """
        self._refuse_strangers(records)
        if not records:
            return Appended(links=(), known=())
        left_at, self._left_at = self._left_at, None
        waiting = {record.record_id: record for record in reversed(records)}
        order = list(dict.fromkeys(record.record_id for record in records))
        head = left_at or self.catch_up()
        known = set(self.index.find(self.chain, order))
        put: list[ChainLink] = []
        lost = 0
        for record_id in order:
            while record_id not in known:
                candidate = link(waiting[record_id], sequence=head.sequence + 1, previous_digest=head.digest)
                if self.store.put(candidate):
                    put.append(candidate)
                    head = Head(candidate.sequence, candidate.digest)
                    break
                lost += 1
                if lost > MAX_LOST_PLACES:
                    raise AuditError(
                        f"{lost} places of chain {self.chain} were lost to other writers",
                        remedy="Let one writer at a time append; the batch is safe to append again.",
                    )
                head = self.catch_up()
                known |= set(self.index.find(self.chain, order))
        self._index(put)
        self._left_at = head
        mine = {candidate.record.record_id for candidate in put}
        return Appended(links=tuple(put), known=tuple(record_id for record_id in order if record_id not in mine))

    def catch_up(self) -> Head:
        """Bring the index up to the store, and return the chain's head.

        Raises:
            AuditError: the links that the index lacks do not follow those that it has.
        """
        head = self.index.head(self.chain)
        links = self.store.links(self.chain, after=max(head.sequence - 1, 0))
        if head != EMPTY:
            self._hold_to(head, next(links, None))
        new: list[ChainLink] = []
        for candidate in links:
            if problem := followed_by(head, candidate, chain=self.chain):
                raise _not_whole(self.chain, problem)
            head = Head(candidate.sequence, candidate.digest)
            new.append(candidate)
            if len(new) == INDEX_AT_ONCE:
                self._index(new)
                new.clear()
        self._index(new)
        return head

    def _hold_to(self, head: Head, candidate: ChainLink | None) -> None:
        """Refuse a chain that no longer ends, or goes on, as the index knows it."""
        if candidate is None or candidate.sequence != head.sequence:
            raise _not_whole(self.chain, Problem("missing", head.sequence, "the index knows it and the store does not"))
        if candidate.digest != head.digest or not digest_matches(candidate):
            raise _not_whole(self.chain, Problem("broken", head.sequence, "the index knows it with another digest"))

    def _index(self, links: Sequence[ChainLink]) -> None:
        """Add links to the index; where another writer was first with some of them, add the rest."""
        waiting = list(links)
        while waiting:
            after = Head(waiting[0].sequence - 1, waiting[0].previous_digest)
            if self.index.extend(waiting, after=after):
                return
            indexed = self.index.head(self.chain)
            if indexed.sequence < after.sequence:
                self.catch_up()
                return
            if indexed.sequence == after.sequence and indexed.digest != after.digest:
                reason = "the index knows the link before it with another digest"
                raise _not_whole(self.chain, Problem("broken", waiting[0].sequence, reason))
            waiting = [candidate for candidate in waiting if candidate.sequence > indexed.sequence]

    def _refuse_strangers(self, records: Sequence[AuditRecord]) -> None:
        for record in records:
            if record.chain != self.chain:
                raise AuditError(
                    f"audit record {record.record_id} is of chain {record.chain}, not {self.chain}",
                    remedy="Publish it to the bus of its own environment.",
                )


def verify_chain(store: ChainStore, chain: str, *, at_least: int = 0) -> Verdict:
    """Read every link of a chain in the store and stop at the first problem.

    Args:
        store: where the chain is.
        chain: its name.
        at_least: the sequence up to which links are known to have existed, such as the index's head.

    Raises:
        AuditError: the store cannot be read.
    """
    return verify(store.objects(chain), chain=chain, at_least=at_least)


def _not_whole(chain: str, problem: Problem) -> AuditError:
    return AuditError(f"chain {chain} is {problem.kind} at link {problem.sequence}: {problem.reason}", remedy=_VERIFY)
