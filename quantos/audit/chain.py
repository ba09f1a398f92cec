"""A hash chain: every link's digest covers its record, its place and the digest of the link before.

A chain that cannot go on is succeeded by its next generation: `dev`, then `dev.2`, whose first link names the end of
the one before. Links are held to their digests as they stand in a store, without reading what they record, so that a
record of a kind this version does not know is a link like any other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

import pydantic_core
from pydantic import ValidationError

from quantos.contracts.audit import AuditRecord, ChainLink, Succession
from quantos.contracts.base import canonical_digest
from quantos.errors import AuditError

GENESIS_DIGEST: Final = "0" * 64
"""What the first link names as the digest before it."""
_LINK_KEYS: Final = frozenset({"schema_version", "chain", "sequence", "previous_digest", "record", "digest"})
_SUCCESSOR: Final = re.compile(r"(?P<chain>[a-z][a-z0-9-]{0,39})\.(?P<number>[1-9][0-9]{0,5})")

FaultKind = Literal[
    "rewritten",
    "tail rewritten",
    "tail removed",
    "middle removed",
    "stray put in",
    "forked",
    "index changed",
    "anchors changed",
]


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
class Fault:
    """One thing wrong with a chain. `sequence` is the place it begins at, 0 when it is at none."""

    kind: FaultKind
    chain: str
    sequence: int
    reason: str

    @property
    def sentence(self) -> str:
        """The fault for a reader."""
        where = f" at link {self.sequence}" if self.sequence else ""
        return f"{self.kind}{where}: {self.reason}"


class StoredLink(NamedTuple):
    """A link as it stands in a store. `record` is as it was written, whatever version wrote it."""

    chain: str
    sequence: int
    previous_digest: str
    record: Mapping[str, object]
    digest: str

    @property
    def head(self) -> Head:
        """The chain's head, if it ends here."""
        return Head(self.sequence, self.digest)


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A successor that was begun, by whom and when."""

    succession: Succession
    actor: str
    at: datetime

    @property
    def sentence(self) -> str:
        """The succession for a reader."""
        end = self.succession
        fault = f" ({end.fault})" if end.fault else ""
        return (
            f"Successor begun: {end.opens} goes on from link {end.last_sequence} of {end.closes}{fault};"
            f" by {self.actor} at {self.at:%Y-%m-%d %H:%M:%S} UTC: {end.reason}."
        )


def place_name(sequence: int) -> str:
    """The name of a place in a chain's folder; names sort as sequences do."""
    return f"{sequence:012d}"


def generation(chain: str, number: int) -> str:
    """The name of a chain's generation, counted from 1."""
    return chain if number == 1 else f"{chain}.{number}"


def generation_number(name: str) -> int:
    """Which generation a name is of, counted from 1."""
    match = _SUCCESSOR.fullmatch(name)
    return int(match["number"]) if match else 1


def chain_of(name: str) -> str:
    """The chain that a generation belongs to, as its records name it."""
    match = _SUCCESSOR.fullmatch(name)
    return match["chain"] if match else name


def link(record: AuditRecord, *, sequence: int, previous_digest: str, chain: str | None = None) -> ChainLink:
    """The record in its place in `chain`, a generation of the record's own.

    Raises:
        AuditError: the record holds a value that has no canonical JSON, such as NaN.
    """
    name = chain or record.chain
    try:
        digest = canonical_digest(
            {
                "chain": name,
                "sequence": sequence,
                "previous_digest": previous_digest,
                "record": record.model_dump(mode="json"),
            }
        )
    except ValueError as exc:
        raise AuditError(
            f"audit record {record.record_id} has no digest: {exc}", remedy="Record finite numbers only."
        ) from exc
    return ChainLink(chain=name, sequence=sequence, previous_digest=previous_digest, record=record, digest=digest)


def stored(candidate: ChainLink) -> StoredLink:
    """The link as a store would hold it."""
    return StoredLink(
        candidate.chain,
        candidate.sequence,
        candidate.previous_digest,
        candidate.record.model_dump(mode="json"),
        candidate.digest,
    )


def looked_up_by(candidate: StoredLink) -> tuple[str, str, str, str] | None:
    """Record id, subject, kind and time of a link's record; None where it lacks one of them."""
    record = candidate.record
    values = tuple(record.get(name) for name in ("record_id", "subject", "kind", "occurred_at"))
    match values:
        case (str(record_id), str(subject), str(kind), str(occurred_at)):
            return record_id, subject, kind, occurred_at
    return None


def read_link(content: bytes) -> StoredLink | str:
    """The link in an object, or why it is none. Its digest is not looked at."""
    try:
        document = pydantic_core.from_json(content)
    except ValueError as exc:
        return f"it is not JSON: {exc}"
    if not isinstance(document, dict) or document.keys() != _LINK_KEYS or document["schema_version"] != 1:
        return "it has not the fields of a link"
    chain, sequence, record = document["chain"], document["sequence"], document["record"]
    previous_digest, digest = document["previous_digest"], document["digest"]
    if type(sequence) is not int or not isinstance(record, dict):
        return "it has not the fields of a link"
    if not (isinstance(chain, str) and isinstance(previous_digest, str) and isinstance(digest, str)):
        return "it has not the fields of a link"
    return StoredLink(chain, sequence, previous_digest, record, digest)


def digest_matches(candidate: StoredLink) -> bool:
    """Whether the link says the digest that its content has, and belongs to its record's chain."""
    content = {
        "chain": candidate.chain,
        "sequence": candidate.sequence,
        "previous_digest": candidate.previous_digest,
        "record": candidate.record,
    }
    try:
        expected = canonical_digest(content)
    except ValueError:
        return False
    return candidate.digest == expected and candidate.record.get("chain") == chain_of(candidate.chain)


def followed_by(head: Head, candidate: StoredLink, *, chain: str) -> Fault | None:
    """What is wrong with taking `candidate` as the link after `head` of the generation `chain`, or None."""
    place = head.sequence + 1
    if candidate.chain != chain:
        return Fault("stray put in", chain, place, f"the object at this place is of chain {candidate.chain}")
    if candidate.sequence != place:
        return Fault("stray put in", chain, place, f"the link at this place is number {candidate.sequence}")
    if not digest_matches(candidate):
        return Fault("rewritten", chain, place, "its content does not have the digest it states")
    if candidate.previous_digest != head.digest:
        reason = "it does not name the digest of the link before it, so one of the two is another"
        return Fault("rewritten", chain, place, reason)
    return None


def closing_in(candidate: StoredLink) -> AuditRecord | None:
    """The record by which a link ends its chain, where it is one: it names the link before it as the last."""
    record = _succession_record(candidate)
    if record is None:
        return None
    stated = Succession.model_validate(record.body)
    ends = (stated.closes, stated.last_digest) == (candidate.chain, candidate.previous_digest)
    return record if ends else None


def opening_in(candidate: StoredLink) -> Begun | None:
    """What a first link says of the chain before its own, where it opens its own as a successor."""
    record = _succession_record(candidate)
    if record is None or candidate.sequence != 1:
        return None
    stated = Succession.model_validate(record.body)
    if stated.opens != candidate.chain:
        return None
    return Begun(succession=stated, actor=record.actor, at=record.occurred_at)


def _succession_record(candidate: StoredLink) -> AuditRecord | None:
    """The link's record if it is of a succession within its chain, and its body one."""
    if candidate.record.get("kind") != "succession":
        return None
    try:
        record = AuditRecord.model_validate(candidate.record)
        stated = Succession.model_validate(record.body)
    except ValidationError:
        return None
    return record if chain_of(stated.closes) == chain_of(stated.opens) == record.chain else None
