"""Doing for a run what can be done: hold, claim, create, stop, close. Key: whatever is claimed is claimed in the ledger
before anything is created for it, under a name that is created once."""

from collections.abc import Sequence
from dataclasses import replace

from quantos.orchestration.ledger.amounts import NOTHING, of_time
from quantos.orchestration.protocol.accounts import OpenAccount, admitted, changed, load_accounts
from quantos.orchestration.protocol.effects import AskPaused, Create, Steps, Stop, Write, commit, load, load_nodes
from quantos.orchestration.protocol.rows import Ending, Node, RunKey, Submission, submission_key
from quantos.orchestration.protocol.steps import Admit, Carry, Claim, Close, Halt, Now, Resume, Step, steps
from quantos.orchestration.protocol.submitting import MOST_TRIES


def dispatch(run: RunKey, *, now: Now, opened: OpenAccount) -> Steps[None]:
    """Do all that can be done for a run now; while dispatch is paused, only what ends it."""
    for _ in range(MOST_TRIES):
        paused = yield AskPaused()
        submission = yield from load(submission_key(run), Submission)
        if submission is None:
            return
        nodes = yield from load_nodes(run, submission.digest)
        allowed = Halt | Close if paused else Step
        todo = [step for step in steps(submission, nodes, now=now) if isinstance(step, allowed)]
        if (yield from _all(todo, submission, day=now.day, opened=opened)):
            return


def _all(todo: Sequence[Step], submission: Submission, *, day: str, opened: OpenAccount) -> Steps[bool]:
    """Do each step in turn; False where it has to be asked again what can be done."""
    current: Submission | None = submission
    for step in todo:
        if current is None:
            return False
        current = yield from _do(step, current, day=day, opened=opened)
        if isinstance(step, Admit | Carry) and current is not None and current.reason is not None:
            return True
        if isinstance(step, Admit):
            return False
    return current is not None


def _do(step: Step, submission: Submission, *, day: str, opened: OpenAccount) -> Steps[Submission | None]:
    """Do a step, and return the submission after it; None where another writer was faster."""
    match step:
        case Admit():
            return (yield from _admit(submission, day=day, opened=opened))
        case Carry():
            return (yield from _carry(submission, day=day, opened=opened))
        case Claim(node):
            return (yield from _claim(submission, node, opened=opened))
        case Resume(node):
            yield from _create(submission, node)
        case Halt(node):
            yield Stop(node.last_attempt)
        case Close(ending):
            return (yield from _close(submission, ending, opened=opened))
    return submission


def _admit(submission: Submission, *, day: str, opened: OpenAccount) -> Steps[Submission | None]:
    row = (yield from load_accounts(submission.run.team, [day], opened=opened))[day]
    holding = admitted(submission, row)
    if holding is None:
        return (yield from _waiting(submission))
    return (yield from _written(*holding))


def _carry(submission: Submission, *, day: str, opened: OpenAccount) -> Steps[Submission | None]:
    hold = submission.hold
    if hold is None:
        return None
    rows = yield from load_accounts(submission.run.team, [hold.day, day], opened=opened)
    account = rows[day].account.hold(hold.left)
    if account is None:
        return (yield from _waiting(submission))
    carried = replace(submission, hold=replace(hold, day=day), reason=None)
    before = changed(rows[hold.day], rows[hold.day].account.release(hold.left))
    return (yield from _written(carried, before, changed(rows[day], account)))


def _waiting(submission: Submission) -> Steps[Submission | None]:
    if submission.reason == "quota":
        return submission
    return (yield from _written(replace(submission, reason="quota")))


def _claim(submission: Submission, node: Node, *, opened: OpenAccount) -> Steps[Submission | None]:
    if submission.hold is None:
        return None
    day = submission.hold.day
    row = (yield from load_accounts(submission.run.team, [day], opened=opened))[day]
    hold, part = submission.hold.draw(of_time(node.requests, node.expected_ms))
    claimed = replace(node, state="claimed", attempt=node.attempt + 1, drawn=part)
    after = replace(submission, hold=hold, live=submission.live + 1)
    written = yield from _written(after, Write(claimed), changed(row, row.account.draw(part)))
    if written is not None:
        yield from _create(submission, claimed)
    return written


def _create(submission: Submission, node: Node) -> Steps[None]:
    """Have a claimed attempt run, unless the run was asked to end or dispatch was paused in the meantime."""
    if (yield AskPaused()):
        return
    fresh = yield from load(submission.key, Submission)
    if fresh is not None and fresh.asked is None and fresh.ended is None:
        yield Create(node.last_attempt)


def _close(submission: Submission, ending: Ending, *, opened: OpenAccount) -> Steps[Submission | None]:
    closed = replace(submission, ended=ending, hold=None, reason=None)
    hold = submission.hold
    if hold is None or hold.left == NOTHING:
        return (yield from _written(closed))
    row = (yield from load_accounts(submission.run.team, [hold.day], opened=opened))[hold.day]
    return (yield from _written(closed, changed(row, row.account.release(hold.left))))


def _written(submission: Submission, *others: Write) -> Steps[Submission | None]:
    if not (yield from commit(Write(submission), *others)):
        return None
    return replace(submission, version=submission.version + 1)
