"""Doing for a run what can be done: hold, claim, create, stop, close. Key: whatever is claimed is claimed in the ledger
before anything is created for it, under a name that is created once."""

from collections.abc import Sequence
from dataclasses import replace

from quantos.orchestration.ledger.amounts import NOTHING, of_time
from quantos.orchestration.protocol.accounts import Holding, changed, holding, load_accounts
from quantos.orchestration.protocol.effects import AskPaused, Create, Steps, Stop, Tell, Write, commit, load, load_nodes
from quantos.orchestration.protocol.rows import (
    Closing,
    Ending,
    Order,
    Pipeline,
    RunKey,
    Submission,
    pipeline_key,
    submission_key,
)
from quantos.orchestration.protocol.rules import OpenAccount, Rules
from quantos.orchestration.protocol.steps import Admit, Carry, Claim, Close, Expire, Halt, Now, Resume, Step, steps
from quantos.orchestration.protocol.submitting import MOST_TRIES, ask_to_end


def dispatch(run: RunKey, *, now: Now, rules: Rules) -> Steps[None]:
    """Do all that can be done for a run now; while dispatch is paused, only what ends it."""
    for _ in range(MOST_TRIES):
        paused = yield AskPaused()
        submission = yield from load(submission_key(run), Submission)
        if submission is None:
            return
        nodes = yield from load_nodes(run, submission.digest)
        allowed = Halt | Expire | Close if paused else Step
        todo = [step for step in steps(submission, nodes, now=now) if isinstance(step, allowed)]
        if (yield from _all(todo, submission, now=now, rules=rules)):
            return


def _all(todo: Sequence[Step], submission: Submission, *, now: Now, rules: Rules) -> Steps[bool]:
    """Do each step in turn; False where it has to be asked again what can be done."""
    current: Submission | None = submission
    for step in todo:
        if current is None:
            return False
        current = yield from _do(step, current, now=now, rules=rules)
        if isinstance(step, Admit | Carry) and current is not None and current.reason is not None:
            return True
        if isinstance(step, Admit):
            return False
    return current is not None


def _do(step: Step, submission: Submission, *, now: Now, rules: Rules) -> Steps[Submission | None]:
    """Do a step, and return the submission after it; None where another writer was faster."""
    match step:
        case Admit() | Carry():
            return (yield from _hold(submission, day=now.day, rules=rules))
        case Claim():
            return (yield from _claim(submission, step, rules=rules))
        case Resume(order):
            yield from _create(submission, order)
        case Halt(node):
            yield Stop(node.last_attempt)
        case Expire():
            yield from ask_to_end(submission.run, "expired")
            return None
        case Close(ending):
            return (yield from _close(submission, ending, now=now, opened=rules.opened))
    return submission


def _hold(submission: Submission, *, day: str, rules: Rules) -> Steps[Submission | None]:
    granted = submission.approved_by is not None
    held = yield from holding(submission, day, rules=rules, granted=granted)
    if isinstance(held, Holding):
        return (yield from _written(held.submission, *held.accounts))
    if submission.reason == "quota":
        return submission
    return (yield from _written(replace(submission, reason="quota")))


def _claim(submission: Submission, claim: Claim, *, rules: Rules) -> Steps[Submission | None]:
    if submission.hold is None:
        return None
    node, day = claim.order.node, submission.hold.day
    row = (yield from load_accounts(submission.run.team, [day], opened=rules.opened))[day]
    hold, part = submission.hold.draw(of_time(node.requests, node.expected_ms))
    placement = rules.placed(submission, node, claim.left.milliseconds)
    claimed = replace(
        node,
        state="claimed",
        attempt=node.attempt + 1,
        drawn=part,
        placement=placement,
        limit_ms=claim.left.limit_ms(placement.chosen.usd_per_hour),
    )
    after = replace(submission, hold=hold, live=submission.live + 1)
    written = yield from _written(after, Write(claimed), changed(row, row.account.draw(part)))
    if written is not None:
        yield from _create(submission, replace(claim.order, node=claimed))
    return written


def _create(submission: Submission, order: Order) -> Steps[None]:
    """Have a claimed attempt run, unless the run was asked to end or dispatch was paused in the meantime."""
    if (yield AskPaused()):
        return
    fresh = yield from load(submission.key, Submission)
    if fresh is not None and fresh.asked is None and fresh.ended is None:
        yield Create(order)


def _close(submission: Submission, ending: Ending, *, now: Now, opened: OpenAccount) -> Steps[Submission | None]:
    closed = replace(submission, ended=ending, ended_ms=now.milliseconds, hold=None, reason=None)
    hold, others = submission.hold, list[Write]()
    if hold is not None and hold.left != NOTHING:
        row = (yield from load_accounts(submission.run.team, [hold.day], opened=opened))[hold.day]
        others.append(changed(row, row.account.release(hold.left)))
    if hold is not None and ending == "succeeded":
        pipeline = yield from load(pipeline_key(submission.terms.pipeline_id), Pipeline)
        if pipeline is not None:
            others.append(Write(pipeline.after(hold.used)))
    yield Tell(Closing(), closed)
    return (yield from _written(closed, *others))


def _written(submission: Submission, *others: Write) -> Steps[Submission | None]:
    if not (yield from commit(Write(submission), *others)):
        return None
    return replace(submission, version=submission.version + 1)
