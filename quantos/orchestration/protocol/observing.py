"""What becomes of attempts, taken into the ledger. Key: the attempt, which is settled while its node has it live."""

from dataclasses import replace

from quantos.orchestration.ledger.accounts import days_of, settle
from quantos.orchestration.ledger.amounts import NOTHING
from quantos.orchestration.protocol.accounts import changes, load_accounts
from quantos.orchestration.protocol.effects import Acknowledge, Steps, Tell, Write, commit, load
from quantos.orchestration.protocol.rows import (
    ATTEMPTS,
    AttemptKey,
    FailureClass,
    Finished,
    Node,
    Outgoing,
    Started,
    Submission,
    Work,
    node_key,
    submission_key,
)
from quantos.orchestration.protocol.rules import OpenAccount
from quantos.orchestration.protocol.steps import HOUR_MS
from quantos.orchestration.protocol.submitting import MOST_TRIES


def started(message: Started) -> Steps[None]:
    """An attempt runs."""
    submission = yield from load(submission_key(message.attempt.run), Submission)
    node = yield from _node(submission, message.attempt)
    if submission is None or node is None or node.last_attempt != message.attempt:
        return
    yield Tell(message, submission)
    if node.state == "claimed":
        yield from commit(Write(replace(node, state="running", started_ms=message.at_ms)))


def finished(message: Finished, *, now_ms: int, opened: OpenAccount) -> Steps[bool]:
    """An attempt runs no more: what it used is settled, and its node goes on or is tried again.

    False where other writers were faster each time: the message has to come again.
    """
    attempt = message.attempt
    for _ in range(MOST_TRIES):
        submission = yield from load(submission_key(attempt.run), Submission)
        node = yield from _node(submission, attempt)
        if submission is None or node is None:
            break
        if not node.live or node.last_attempt != attempt:
            if node.last_attempt == attempt:
                yield Tell(message, submission)
            break
        if (yield from _settle(submission, node, message, now_ms=now_ms, opened=opened)):
            yield Tell(message, submission)
            break
    else:
        return False
    yield Acknowledge(attempt)
    return True


def _settle(submission: Submission, node: Node, message: Finished, *, now_ms: int, opened: OpenAccount) -> Steps[bool]:
    hold = submission.hold
    if hold is None:
        raise ValueError(f"{message.attempt} runs for a submission that holds nothing")
    used = dict(message.used)
    rows = yield from load_accounts(submission.run.team, days_of(hold, used), opened=opened)
    after = settle(hold, {day: row.account for day, row in rows.items()}, drawn=node.drawn, used=used)
    writes = changes(rows, after.accounts)
    writes.append(Write(replace(submission, hold=after.hold, used=after.hold.used, live=submission.live - 1)))
    writes.append(Write(_after(node, message, asked=submission.asked is not None, now_ms=now_ms)))
    work = Outgoing(id=f"{message.attempt}/finished", message=Work(submission.run))
    return (yield from commit(*writes, messages=[work]))


def _after(node: Node, message: Finished, *, asked: bool, now_ms: int) -> Node:
    """The node once its attempt has ended in some way."""
    node = _ran(node, message)
    if message.end == "succeeded":
        return replace(node, state="succeeded")
    if asked:
        return replace(node, state="cancelled")
    end: FailureClass = "unknown" if message.end == "cancelled" else message.end
    ends = (*node.ends, end)
    most = node.max_attempts if end == "failure" else ATTEMPTS[end]
    if ends.count(end) >= most:
        return replace(node, state="failed", ends=ends)
    waits = node.backoff_ms * 2 ** (len(ends) - 1)
    return replace(node, state="pending", ends=ends, not_before=now_ms + waits)


def _ran(node: Node, message: Finished) -> Node:
    """The node with the time and the cost of an attempt that has ended."""
    node = replace(node, drawn=NOTHING, started_ms=None, detail=message.detail, evidence=message.evidence)
    if message.started_ms is None:
        return node
    rate = 0.0 if node.placement is None else node.placement.chosen.usd_per_hour
    usd = rate * (message.ended_ms - message.started_ms) / HOUR_MS
    return replace(node, ran=(*node.ran, (message.started_ms, message.ended_ms)), spent_usd=node.spent_usd + usd)


def _node(submission: Submission | None, attempt: AttemptKey) -> Steps[Node | None]:
    if submission is None:
        return None
    return (yield from load(node_key(attempt.run, submission.digest, node=attempt.node), Node))
