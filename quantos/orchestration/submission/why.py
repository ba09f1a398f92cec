"""Why a run does not go on, and what would let it."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Final

from quantos.contracts.dag.answers import WhyAnswer
from quantos.errors import NotAdmittedError
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol.rows import Node, Submission
from quantos.orchestration.submission.view import amount_answer, moment, state_of
from quantos.units import HOUR_SECONDS

_LEAST_SHOWN: Final = 0.01
"""Of a unit; what is less is told in the next."""
_ASKED_BY: Final = {"cpu_ms": "resources.cpu", "gpu_ms": "resources.gpu"}
"""What states how much of an amount a node takes; of I/O nothing does."""


def answer(
    submission: Submission,
    nodes: Sequence[Node],
    *,
    account: Account,
    left: Amount,
    others: Sequence[Submission],
    paused: bool,
    now_ms: int,
) -> WhyAnswer:
    """Of the account of today, the credit that is left, other runs that hold on that account, and the kill switch."""
    waits = submission.reason is not None and submission.ended is None
    wanted = submission.estimate if submission.hold is None else submission.hold.left
    missing = wanted.beyond(account.room) if waits else NOTHING
    return WhyAnswer(
        submission_id=submission.run.submission_id,
        run=submission.run.run,
        state=state_of(submission),
        sentence=_sentence(submission, nodes, missing=missing, left=left, paused=paused, now_ms=now_ms),
        missing=amount_answer(missing),
        room=amount_answer(account.room),
        credit=amount_answer(left),
        holders=tuple(
            f"{other.run.submission_id} by {other.terms.submitted_by}: {said(other.hold.left)}"
            for other in others
            if other.hold is not None and other.run != submission.run
        ),
    )


def as_it_would_hold(submission: Submission, account: Account) -> Submission:
    """A submission as it would stand after it was accepted on an account."""
    if submission.reason is not None or account.hold(submission.estimate) is None:
        return replace(submission, reason=submission.reason or "quota")
    return replace(submission, hold=Hold(day=account.day, left=submission.estimate, cap=submission.cap))


def never_admitted(asked: Amount, *, daily: Amount, most: Amount) -> NotAdmittedError:
    """What a run would hold that is more than any day has; the amounts that are, and what would make them less."""
    beyond = asked.beyond(most)
    names = [field.name for field in fields(Amount) if getattr(beyond, field.name)]
    lines = [
        f"it would hold {said(_only(asked, name))}, and a day has {said(_only(daily, name))},"
        f" with all credit that there can be {said(_only(most, name))}"
        for name in names
    ]
    ways = [_ASKED_BY.get(name, "the trino_sql nodes that may run together") for name in names]
    return NotAdmittedError("; ".join(lines), remedy=f"shorten slo.max_runtime, lessen {', '.join(ways)}, or split it")


def _only(amount: Amount, name: str) -> Amount:
    return replace(NOTHING, **{name: getattr(amount, name)})


def said(amount: Amount) -> str:
    """An amount for people."""
    hour_ms = HOUR_SECONDS * 1000
    parts = [
        f"{amount.cpu_ms / hour_ms:.4g} CPU-hours" if amount.cpu_ms else "",
        f"{amount.gpu_ms / hour_ms:.4g} GPU-hours" if amount.gpu_ms else "",
        _io(amount.io_bytes) if amount.io_bytes else "",
    ]
    return ", ".join(part for part in parts if part) or "nothing"


def _io(size: int) -> str:
    """In TiB, as budgets are; what is small beside these in its own unit."""
    for unit, length in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if abs(size) >= length * _LEAST_SHOWN:
            return f"{size / length:.4g} {unit} of I/O"
    return f"{size} bytes of I/O"


def _sentence(
    submission: Submission, nodes: Sequence[Node], *, missing: Amount, left: Amount, paused: bool, now_ms: int
) -> str:
    if submission.ended is not None:
        return f"it has ended: {submission.ended}"
    if submission.asked is not None:
        return f"it was asked to end, and {submission.live} attempts are being stopped"
    if submission.reason is not None:
        paid = "another person's approval would let it in now" if missing.within(left) else "credit does not cover that"
        rest = "" if submission.hold is None else " for what is left of it, which it holds of another day's"
        return f"it misses {said(missing)} of today's budget{rest}; {paid}, and it is tried again as budget is freed"
    running = sum(node.state == "running" for node in nodes)
    if paused:
        return f"dispatch is paused until `quantos resume`; {_count(running)} meanwhile"
    claimed = sum(node.state == "claimed" for node in nodes)
    parts = [
        f"it goes on: {_count(running)}" if running else "",
        f"{claimed} {'node waits' if claimed == 1 else 'nodes wait'} for capacity" if claimed else "",
        *(_tried_again(node) for node in nodes if node.state == "pending" and node.not_before > now_ms),
    ]
    return "; ".join(part for part in parts if part) or "its next nodes are about to be dispatched"


def _count(running: int) -> str:
    return "1 node runs" if running == 1 else f"{running} nodes run"


def _tried_again(node: Node) -> str:
    detail = f", {node.detail}" if node.detail else ""
    return f"{node.id} is tried again at {moment(node.not_before):%H:%M:%S} UTC after {node.ends[-1]}{detail}"
