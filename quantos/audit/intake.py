"""Takes batches of audit records into the chain, and sets those aside that can never be taken."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from quantos.audit.chain import GENESIS_DIGEST, link
from quantos.audit.ledger import AuditLedger
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.errors import AuditError
from quantos.messaging.ports import Message, Publisher, TopicRecord


@dataclass(frozen=True)
class Rejection:
    """Why a record can never be taken: a stable word and the details."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many records of a batch are new links, were known, and went to the dead-letter topic."""

    appended: int
    known: int
    rejected: int


@dataclass(frozen=True)
class AuditIntake:
    """Takes batches for one chain. Key of a record: `record_id`."""

    ledger: AuditLedger
    publisher: Publisher

    def take(self, records: Sequence[TopicRecord]) -> Taken:
        """Append the good records and publish the others, each with its reason, as dead letters.

        Raises:
            AuditError: the chain could not take them; taking the whole batch again is safe.
            BusError: a dead letter could not be published; taking the whole batch again is safe, and may repeat some.
        """
        good: list[AuditRecord] = []
        letters: list[Message] = []
        for record in records:
            parsed = parse_record(record.value, chain=self.ledger.chain)
            if isinstance(parsed, Rejection):
                letters.append(_dead_letter(record, parsed))
            else:
                good.append(parsed)
        appended = self.ledger.append(good)
        if letters:
            self.publisher.publish(letters)
        return Taken(appended=len(appended.links), known=len(good) - len(appended.links), rejected=len(letters))


def parse_record(value: bytes, *, chain: str) -> AuditRecord | Rejection:
    """The audit record in a payload, or why there is none that the chain could take."""
    try:
        record = AuditRecord.model_validate_json(value)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Rejection("malformed", f"{where}: {first['msg']}" if where else first["msg"])
    if record.chain != chain:
        return Rejection("other-chain", f"it is of chain {record.chain}, and this is {chain}")
    try:
        link(record, sequence=1, previous_digest=GENESIS_DIGEST)
    except AuditError as exc:
        return Rejection("undigestible", exc.what)
    return record


def _dead_letter(record: TopicRecord, rejection: Rejection) -> Message:
    body = {
        "reason": rejection.reason,
        "detail": rejection.detail,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "value": base64.b64encode(record.value).decode(),
    }
    return Message(topics.dead_letter(record.topic), record.key, json.dumps(body).encode())
