"""A chain that cannot go on, and the one that goes on in its place.

The end is fixed before the successor begins: where the place behind the last good link is free, a closing link takes
it, so that no writer can. Whoever finds a closing link without a successor begins the one it names; of several who
begin at once one is first, and the others find it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from quantos.audit.chain import (
    EMPTY,
    GENESIS_DIGEST,
    Begun,
    Head,
    StoredLink,
    chain_of,
    closing_in,
    followed_by,
    generation,
    generation_number,
    link,
    opening_in,
    read_link,
)
from quantos.audit.ports import ChainStore
from quantos.contracts.audit import AuditRecord, Succession
from quantos.errors import AuditError

ATTEMPTS: Final = 20
MOST_SPOILED: Final = 100
MOST_NAMED: Final = 1000


@dataclass(frozen=True, kw_only=True)
class End:
    """Where a generation ends: its last good link, what is wrong behind it, and strays that are named."""

    chain: str
    last: Head
    fault: str = ""
    strays: tuple[str, ...] = ()


def successions(store: ChainStore, chain: str) -> Iterator[Begun]:
    """The successors of a chain that were begun as such, the oldest first: each names the one before.

    Raises:
        AuditError: the store cannot be read.
    """
    closes = chain
    for name in store.generations(chain):
        begun = _opening(store, name)
        if begun is not None and begun.succession.closes == closes:
            closes = name
            yield begun


def begin_successor(store: ChainStore, end: End, *, reason: str, actor: str, at: datetime) -> Begun:
    """Close a generation at its last good link and begin the next, or find the one that somebody else has begun.

    Where nothing is wrong at the end itself, it is the end that is reached meanwhile.

    Raises:
        AuditError: a store failed, or others append faster than the end is found; doing it again is safe.
    """
    for _ in range(ATTEMPTS):
        closing = _closing(end, reason=reason, actor=actor, at=at)
        place = link(closing, sequence=end.last.sequence + 1, previous_digest=end.last.digest, chain=end.chain)
        if store.put(place):
            return complete(store, closing)
        candidate = _behind(store, end)
        standing = None if candidate is None else closing_in(candidate)
        if candidate is None or standing is not None or end.fault:
            return complete(store, standing or closing)
        end = replace(end, last=candidate.head)
    raise AuditError(f"chain {end.chain} grows while its end is looked for", remedy="do it again")


def complete(store: ChainStore, closing: AuditRecord) -> Begun:
    """Begin the successor that a closing record asks for, where it is not there yet. Raises AuditError."""
    closes = Succession.model_validate(closing.body).closes
    first = generation_number(closes) + 1
    for number in range(first, first + MOST_SPOILED):
        name = generation(closing.chain, number)
        begun = _opening(store, name) or _put_opening(store, closing, name)
        if begun is not None and begun.succession.closes == closes:
            return begun
    raise AuditError(
        f"no successor of {closes} can be begun: {MOST_SPOILED} folders hold what is none",
        remedy="look in the audit bucket who writes there",
    )


def _put_opening(store: ChainStore, closing: AuditRecord, name: str) -> Begun | None:
    body = Succession.model_validate(closing.body).model_copy(update={"opens": name})
    opening = closing.model_copy(update={"record_id": f"succession/{name}", "body": body.model_dump(mode="json")})
    store.put(link(opening, sequence=1, previous_digest=GENESIS_DIGEST, chain=name))
    return _opening(store, name)


def _closing(end: End, *, reason: str, actor: str, at: datetime) -> AuditRecord:
    chain = chain_of(end.chain)
    body = Succession(
        closes=end.chain,
        opens=generation(chain, generation_number(end.chain) + 1),
        last_sequence=end.last.sequence,
        last_digest=end.last.digest,
        fault=end.fault,
        strays=end.strays[:MOST_NAMED],
        reason=reason,
    )
    return AuditRecord(
        record_id=f"succession/{end.chain}/closed",
        chain=chain,
        kind="succession",
        subject=chain,
        actor=actor,
        occurred_at=at,
        body=body.model_dump(mode="json"),
    )


def _behind(store: ChainStore, end: End) -> StoredLink | None:
    """The link that follows the end, or None where what stands there does not."""
    for content in (content for _, content in store.contents(end.chain, after=end.last.sequence)):
        candidate = read_link(content)
        if isinstance(candidate, str) or followed_by(end.last, candidate, chain=end.chain) is not None:
            return None
        return candidate
    return None


def _opening(store: ChainStore, name: str) -> Begun | None:
    first = _behind(store, End(chain=name, last=EMPTY))
    return None if first is None else opening_in(first)
