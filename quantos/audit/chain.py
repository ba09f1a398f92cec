"""A hash chain: every link's digest covers its record, its place and the digest of the link before."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import ValidationError

from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.contracts.base import canonical_digest
from quantos.errors import AuditError

GENESIS_DIGEST: Final = "0" * 64
"""What the first link names as the digest before it."""

ProblemKind = Literal["broken", "missing", "forked"]


@dataclass(frozen=True)
class Head:
    """The last link of a chain: its sequence and digest."""

    sequence: int
    digest: str


EMPTY: Final = Head(sequence=0, digest=GENESIS_DIGEST)
"""The head of a chain without links."""


@dataclass(frozen=True)
class ChainObject:
    """What a store holds under one name of a chain's folder.

    `sequence` is None when the name is no place in a chain. `versions` counts what was ever written under the name;
    `hidden` says that it has been marked as deleted since. `content` is the first version.
    """

    name: str
    sequence: int | None
    content: bytes
    versions: int = 1
    hidden: bool = False


@dataclass(frozen=True)
class Problem:
    """The first thing wrong with a chain. `sequence` is the place it was found at."""

    kind: ProblemKind
    sequence: int
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What reading a whole chain showed: the last good link, and the first problem if there is one."""

    chain: str
    head: Head
    problem: Problem | None = None

    @property
    def intact(self) -> bool:
        """Whether every link is in its place and unchanged."""
        return self.problem is None

    @property
    def sentence(self) -> str:
        """The verdict for a reader."""
        if self.problem is None:
            return f"Chain {self.chain} is intact: {self.head.sequence} links, head {self.head.digest[:12]}."
        return (
            f"Chain {self.chain} is {self.problem.kind} at link {self.problem.sequence}: {self.problem.reason} "
            f"(links 1 to {self.head.sequence} are good)."
        )


def link(record: AuditRecord, *, sequence: int, previous_digest: str) -> ChainLink:
    """The record in its place in the chain.

    Raises:
        AuditError: the record holds a value that has no canonical JSON, such as NaN.
    """
    return ChainLink(
        chain=record.chain,
        sequence=sequence,
        previous_digest=previous_digest,
        record=record,
        digest=_digest(record, sequence=sequence, previous_digest=previous_digest),
    )


def digest_matches(candidate: ChainLink) -> bool:
    """Whether the link says the digest that its content has."""
    try:
        expected = _digest(candidate.record, sequence=candidate.sequence, previous_digest=candidate.previous_digest)
    except AuditError:
        return False
    return candidate.digest == expected and candidate.chain == candidate.record.chain


def followed_by(head: Head, candidate: ChainLink, *, chain: str) -> Problem | None:
    """What is wrong with taking `candidate` as the link after `head`, or None."""
    place = head.sequence + 1
    if candidate.sequence > place:
        return Problem("missing", place, f"the next link there is has sequence {candidate.sequence}")
    if candidate.sequence < place:
        return Problem("forked", candidate.sequence, "there is a second link for this place")
    if candidate.chain != chain:
        return Problem("broken", place, f"it belongs to chain {candidate.chain}")
    if not digest_matches(candidate):
        return Problem("broken", place, "its content does not have the digest it states")
    if candidate.previous_digest != head.digest:
        return Problem("broken", place, "it does not name the digest of the link before it")
    return None


def verify(objects: Iterable[ChainObject], *, chain: str, at_least: int = 0) -> Verdict:
    """Read a chain from its first link and stop at the first problem.

    Args:
        objects: everything in the chain's folder, in order of name.
        chain: the chain's name.
        at_least: the sequence up to which links are known to have existed; 0 when nothing is known.
    """
    head = EMPTY
    for item in objects:
        place = head.sequence + 1
        if problem := _object_problem(item, place=place):
            return Verdict(chain, head, problem)
        try:
            candidate = ChainLink.model_validate_json(item.content)
        except ValidationError as exc:
            reason = f"object {item.name} is not a link: {exc.errors()[0]['msg']}"
            return Verdict(chain, head, Problem("broken", place, reason))
        if problem := followed_by(head, candidate, chain=chain):
            return Verdict(chain, head, problem)
        head = Head(candidate.sequence, candidate.digest)
    if head.sequence < at_least:
        reason = f"the chain ends here and once reached link {at_least}"
        return Verdict(chain, head, Problem("missing", head.sequence + 1, reason))
    return Verdict(chain, head)


def _object_problem(item: ChainObject, *, place: int) -> Problem | None:
    if item.sequence is None:
        return Problem("forked", place, f"object {item.name} is not a place in the chain")
    if item.sequence > place:
        return Problem("missing", place, f"the next object is {item.name}")
    if item.hidden:
        return Problem("missing", place, f"object {item.name} is marked as deleted")
    if item.versions != 1:
        return Problem("forked", place, f"object {item.name} was written {item.versions} times")
    return None


def _digest(record: AuditRecord, *, sequence: int, previous_digest: str) -> str:
    content = {
        "chain": record.chain,
        "sequence": sequence,
        "previous_digest": previous_digest,
        "record": record.model_dump(mode="json"),
    }
    try:
        return canonical_digest(content)
    except ValueError as exc:
        raise AuditError(
            f"audit record {record.record_id} has no digest: {exc}", remedy="Record finite numbers only."
        ) from exc
