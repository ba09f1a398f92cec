"""A publisher for a person at the command line, who cannot reach the bus inside the VPC."""

from collections.abc import Sequence
from dataclasses import dataclass

from quantos.audit.ledger import AuditLedger
from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.messaging.ports import Message


@dataclass(frozen=True)
class DirectAudit:
    """Appends audit records to the chain at once; what is meant for other topics has no reader here and is dropped."""

    ledger: AuditLedger

    def publish(self, messages: Sequence[Message]) -> None:
        """Append the audit records among `messages`. Raises AuditError; appending again is safe."""
        records = [
            AuditRecord.model_validate_json(message.value)
            for message in messages
            if message.topic == topics.AUDIT_RECORDS
        ]
        self.ledger.append(records)
