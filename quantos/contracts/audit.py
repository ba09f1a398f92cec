"""What is written into the audit chain."""

from typing import Literal

from pydantic import Field, JsonValue

from quantos.contracts.base import Contract, Moment

AuditKind = Literal["plan", "outcome", "switch", "mode", "strategy", "demotion", "source", "lock"]


class AuditRecord(Contract):
    """One fact worth proving later. Key: `record_id`; a second delivery of the same id adds nothing."""

    record_id: str = Field(min_length=1, max_length=200)
    chain: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    kind: AuditKind
    subject: str = Field(max_length=400)
    actor: str
    occurred_at: Moment
    body: dict[str, JsonValue]


class ChainLink(Contract):
    """An audit record in its place: `digest` covers the record, its sequence and the previous digest."""

    chain: str
    sequence: int = Field(ge=1)
    previous_digest: str
    record: AuditRecord
    digest: str
