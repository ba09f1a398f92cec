"""Reads one generation of a chain from its first link to its end, and says what is wrong on the way."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from quantos.audit.chain import (
    EMPTY,
    Begun,
    ChainObject,
    Fault,
    Head,
    StoredLink,
    closing_in,
    followed_by,
    looked_up_by,
    opening_in,
    read_link,
)
from quantos.contracts.audit import Succession

DIGEST_BYTES: Final = 32


@dataclass(frozen=True)
class Walk:
    """What reading a generation showed.

    `head` is the last good link, its closing link included; `digests` are those of the good links, 32 bytes each.
    `entries` are marks of what each is looked up by, which `is_looked_up_by` holds.
    `stopped` says that links behind `head` cannot be held to it. `strays` are objects whose names are no places,
    `again` tells of places that were written more than once, of which the first version is read.
    `opened_by` is the succession that the first link tells of, `closed_by` that of a link which ends the chain.
    """

    chain: str
    head: Head
    digests: bytes
    entries: Sequence[int]
    faults: tuple[Fault, ...]
    stopped: bool
    strays: tuple[str, ...]
    again: tuple[Fault, ...]
    opened_by: Begun | None
    closed_by: Succession | None

    def digest_at(self, sequence: int) -> str:
        """The digest of a good link."""
        return self.digests[DIGEST_BYTES * (sequence - 1) : DIGEST_BYTES * sequence].hex()

    def is_looked_up_by(self, sequence: int, about: tuple[str, str, str, str] | None) -> bool:
        """Whether a good link's record is looked up by this."""
        return self.entries[sequence - 1] == hash(about)


def walk(objects: Iterable[ChainObject], *, chain: str) -> Walk:
    """Read a generation up to its closing link, its end, or a link that does not follow.

    Args:
        objects: everything in its folder, in order of name.
        chain: the generation's name.
    """
    progress = _Progress(chain)
    for item in objects:
        if progress.ended and item.sequence is not None:
            progress.after_the_end(item)
        else:
            progress.take(item)
    return progress.result()


@dataclass
class _Progress:
    chain: str
    head: Head = EMPTY
    digests: bytearray = field(default_factory=bytearray)
    entries: "array[int]" = field(default_factory=lambda: array("q"))
    faults: list[Fault] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    again: list[Fault] = field(default_factory=list)
    opened_by: Begun | None = None
    closed_by: Succession | None = None
    ended: bool = False
    stopped: bool = False
    hidden_at: int = 0
    again_from: int = 0
    """Since which place every object was written more than once; 0 when the last one was not."""
    again_versions: int = 0

    def take(self, item: ChainObject) -> None:
        """The next object of the folder."""
        place = self.head.sequence + 1
        if item.sequence is None:
            self.strays.append(item.name)
        elif item.hidden:
            self.ended, self.stopped, self.hidden_at = True, True, place
        elif item.sequence < place:
            self._stop(Fault("forked", self.chain, item.sequence, "there is a second object for this place"))
        elif item.sequence > place:
            self._stop(Fault("middle removed", self.chain, place, f"the next object is {item.name}"))
        else:
            self._follow(item)

    def after_the_end(self, item: ChainObject) -> None:
        """An object behind the one at which reading ended: it tells an end marked as deleted from a gap."""
        if self.hidden_at and not item.hidden:
            reason = "the object is marked as deleted, and others follow"
            self.faults.append(Fault("middle removed", self.chain, self.hidden_at, reason))
            self.hidden_at = 0

    def result(self) -> Walk:
        """What reading showed."""
        if self.hidden_at:
            reason = "the object is marked as deleted, and nothing follows"
            self.faults.append(Fault("tail removed", self.chain, self.hidden_at, reason))
        self._written_again(at_the_end=True)
        return Walk(
            self.chain,
            self.head,
            bytes(self.digests),
            self.entries,
            tuple(self.faults),
            self.stopped,
            tuple(self.strays),
            tuple(self.again),
            self.opened_by,
            self.closed_by,
        )

    def _follow(self, item: ChainObject) -> None:
        candidate = read_link(item.content)
        if isinstance(candidate, str):
            reason = f"object {item.name} is not a link: {candidate}"
            self._stop(Fault("stray put in", self.chain, self.head.sequence + 1, reason))
            return
        if fault := followed_by(self.head, candidate, chain=self.chain):
            self._stop(fault)
            return
        if item.versions == 1:
            self._written_again(at_the_end=False)
        elif not self.again_from:
            self.again_from, self.again_versions = candidate.sequence, item.versions
        self.head = candidate.head
        self.digests += bytes.fromhex(candidate.digest)
        self.entries.append(hash(looked_up_by(candidate)))
        self._note_succession(candidate)

    def _note_succession(self, candidate: StoredLink) -> None:
        if begun := opening_in(candidate):
            self.opened_by = begun
        elif closing := closing_in(candidate):
            self.closed_by, self.ended = Succession.model_validate(closing.body), True

    def _written_again(self, *, at_the_end: bool) -> None:
        """Tell of places written more than once: up to the end it is the tail that was written over."""
        if not self.again_from:
            return
        kind = "tail rewritten" if at_the_end and not self.ended else "forked"
        reason = f"the object was written {self.again_versions} times, and the first counts"
        self.again.append(Fault(kind, self.chain, self.again_from, reason))
        self.again_from = 0

    def _stop(self, fault: Fault) -> None:
        self.faults.append(fault)
        self.ended, self.stopped = True, True
