"""What a commit changed, as one record of the audit chain: the run after it, and every account that it wrote.

A record says what stands after the commit, in whole units: labels, variables and secrets of a submission are in no row,
hence in no record.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from quantos.contracts.audit import AuditRecord
from quantos.contracts.base import canonical_digest
from quantos.orchestration.ledger.accounts import Hold
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Commit
from quantos.orchestration.protocol.rows import AccountRow, Node, Submission

_MICRO: Final = 1_000_000
AMOUNTS: Final = ("budget", "burst", "owed", "held", "drawn", "settled", "debt")
"""What an account's record says, each of every resource."""


def moved(commit: Commit, *, actor: str, at: datetime, chain: str) -> AuditRecord | None:
    """The record of a commit; None where it writes neither a submission nor an account.

    Its id is the submission's key with the version that the commit gives it, or an account's where it writes accounts
    alone, so that a commit that is told of again adds nothing.
    """
    submission = next((write.row for write in commit.writes if isinstance(write.row, Submission)), None)
    nodes = [write.row for write in commit.writes if isinstance(write.row, Node)]
    accounts = sorted(
        (write.row for write in commit.writes if isinstance(write.row, AccountRow)), key=lambda row: row.key
    )
    if submission is None and not accounts:
        return None
    body: dict[str, JsonValue] = {"accounts": [_account(row) for row in accounts]}
    if submission is not None:
        body |= _submission(submission) | {"nodes": _nodes(nodes)}
    return AuditRecord(
        record_id=_id(accounts[0] if submission is None else submission),
        chain=chain,
        kind="quota" if submission is None else "submission",
        subject=accounts[0].key if submission is None else str(submission.run),
        actor=actor,
        occurred_at=at,
        body=body,
    )


def amount_text(amount: Amount) -> dict[str, JsonValue]:
    """An amount as plain whole numbers."""
    return dict(asdict(amount))


def _id(row: Submission | AccountRow) -> str:
    return f"{row.key}/{row.version + 1}"


def _submission(row: Submission) -> dict[str, JsonValue]:
    return {
        "team": row.run.team,
        "submission_id": row.run.submission_id,
        "run": row.run.run,
        "version": row.version + 1,
        "digest": row.digest,
        "pipeline_id": row.terms.pipeline_id,
        "hold": None if row.hold is None else _hold(row.hold),
        "reason": row.reason,
        "asked": row.asked,
        "ended": row.ended,
        "cleared": row.cleared_ms is not None,
        "live": row.live,
    }


def _hold(hold: Hold) -> dict[str, JsonValue]:
    amounts = {name: amount_text(getattr(hold, name)) for name in ("left", "cap", "used")}
    return {"day": hold.day, **amounts}


def _account(row: AccountRow) -> dict[str, JsonValue]:
    account = row.account
    amounts = {name: amount_text(getattr(account, name)) for name in AMOUNTS}
    return {"team": account.team, "day": account.day, "version": row.version + 1, **amounts}


def _nodes(nodes: Sequence[Node]) -> dict[str, JsonValue]:
    """Facts of the nodes that were written: how many are in which state, what each cost so far, and their digest."""
    facts = [_facts(node) for node in sorted(nodes, key=lambda node: node.id)]
    return {
        "digest": canonical_digest(facts),
        "count": dict(Counter[str](node.state for node in nodes)),
        "spent_micro_usd": {node.id: round(node.spent_usd * _MICRO) for node in nodes},
    }


def _facts(node: Node) -> dict[str, JsonValue]:
    pool = None if node.placement is None else node.placement.chosen.pool
    return {
        "id": node.id,
        "version": node.version + 1,
        "state": node.state,
        "attempt": node.attempt,
        "ends": list(node.ends),
        "drawn": amount_text(node.drawn),
        "pool": pool,
        "ran": [list(span) for span in node.ran],
        "spent_micro_usd": round(node.spent_usd * _MICRO),
    }
