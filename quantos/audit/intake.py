"""Takes batches of audit records into the chain, and sets those aside that can never be taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from quantos.audit.chain import GENESIS_DIGEST, digest_matches, link, read_link
from quantos.audit.ledger import AuditLedger
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord, ChainLink
from quantos.contracts.reading import read_strictly
from quantos.errors import AuditError
from quantos.messaging.dead_letter import dead_letter
from quantos.messaging.ports import Message, Publisher, TopicRecord

_TOPICS: Final = (topics.AUDIT_RECORDS,)


@dataclass(frozen=True)
class Rejection:
    """Why a record can never be taken: a stable word and the details."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """The new links of a batch, how many of its records were known, and how many went to the dead-letter topic."""

    links: tuple[ChainLink, ...]
    known: int
    rejected: int

    @property
    def appended(self) -> int:
        """How many links are new."""
        return len(self.links)


@dataclass(frozen=True)
class AuditIntake:
    """Takes batches for one chain. Key of a record: `record_id`."""

    ledger: AuditLedger
    publisher: Publisher

    def take(self, records: Sequence[TopicRecord]) -> BatchResult:
        """Append the good records and publish the others, each with its reason, as dead letters.

        Raises:
            AuditError: the chain could not take them; taking the whole batch again is safe.
            BusError: a dead letter could not be published; taking the whole batch again is safe, and may repeat some.
        """
        good: list[AuditRecord] = []
        letters: list[Message] = []
        for record in records:
            parsed = _parsed(record, chain=self.ledger.chain)
            if isinstance(parsed, Rejection):
                letters.append(dead_letter(record, reason=parsed.reason, detail=parsed.detail, intake=_TOPICS))
            else:
                good.append(parsed)
        appended = self.ledger.append(good)
        if letters:
            self.publisher.publish(letters)
        return BatchResult(links=appended.links, known=len(good) - len(appended.links), rejected=len(letters))


def _parsed(record: TopicRecord, *, chain: str) -> AuditRecord | Rejection:
    if record.damage is not None:
        return Rejection("damaged", record.damage)
    return parse_record(record.value, chain=chain)


def parse_record(value: bytes, *, chain: str) -> AuditRecord | Rejection:
    """The audit record in a payload, or why there is none that the chain could take."""
    try:
        record = read_strictly(AuditRecord, value)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Rejection("malformed", f"{where}: {first['msg']}" if where else first["msg"])
    if record.chain != chain:
        return Rejection("other-chain", f"it is of chain {record.chain}, and this is {chain}")
    if record.kind == "succession":
        return Rejection("succession", "a chain's end is stated by who succeeds it, and never by a message")
    if reason := record.too_long:
        return Rejection("too-long", reason)
    try:
        first = read_link(link(record, sequence=1, previous_digest=GENESIS_DIGEST).to_json())
        if isinstance(first, str) or not digest_matches(first):
            return Rejection("undigestible", f"audit record {record.record_id} does not read back as it was written")
    except AuditError as exc:
        return Rejection("undigestible", exc.what)
    except ValueError as exc:
        return Rejection("undigestible", f"audit record {record.record_id} cannot be written: {exc}")
    return record
