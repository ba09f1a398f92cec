"""Tells the world what became of a plan."""

from quantos.contracts import topics
from quantos.contracts.audit import AuditRecord
from quantos.contracts.plan import ResizeOutcome
from quantos.messaging.ports import Message


def outcome_messages(outcome: ResizeOutcome, *, chain: str) -> list[Message]:
    """The outcome for dashboards and billing, and the same as an audit record.

    The record's id is (plan, status), so that the same end told twice is one link of the chain.
    """
    record = AuditRecord(
        record_id=f"outcome/{outcome.plan_id}/{outcome.status}",
        chain=chain,
        kind="outcome",
        subject=outcome.stack,
        actor="resize",
        occurred_at=outcome.finished_at,
        body=outcome.model_dump(mode="json", exclude={"timings"}),
    )
    return [
        Message(topic=topics.CAPACITY_OUTCOMES, key=outcome.stack, value=outcome.to_json()),
        Message(topic=topics.AUDIT_RECORDS, key=chain, value=record.to_json()),
    ]
