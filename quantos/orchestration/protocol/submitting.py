"""What people ask for: a run, another one after it failed, credit for it, its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.accounts import Holding, Short, holding
from quantos.orchestration.protocol.effects import PutNodes, Steps, Write, commit, load
from quantos.orchestration.protocol.rows import (
    Identity,
    Node,
    Outgoing,
    Pipeline,
    RunKey,
    Submission,
    Work,
    identity_key,
    pipeline_key,
    submission_key,
)
from quantos.orchestration.protocol.rules import Rules

MOST_TRIES: Final = 20
"""Of a commit against other writers, before the caller is told to come again."""


@dataclass(frozen=True)
class Accepted:
    """A run stands under the id: this one, or that which the same request made before."""

    submission: Submission


@dataclass(frozen=True)
class Differs:
    """The id stands for something else, of that digest."""

    digest: str


@dataclass(frozen=True)
class Foreign:
    """The pipeline is another team's."""

    pipeline_id: str


@dataclass(frozen=True)
class Contended:
    """Other writers were faster each time; nothing was done."""


@dataclass(frozen=True)
class NotFailed:
    """The last run goes on, or has succeeded: there is nothing to do again."""

    submission: Submission


@dataclass(frozen=True)
class NotWaiting:
    """The run waits for no room."""

    submission: Submission


@dataclass(frozen=True)
class OwnRun:
    """Who submitted a run may not grant it credit."""


@dataclass(frozen=True)
class Refused:
    """There is less credit than what is missing."""

    missing: Amount
    credit: Amount


Answer: TypeAlias = Accepted | Differs | Foreign | Contended
Again: TypeAlias = Accepted | NotFailed | Contended | None
Approval: TypeAlias = Accepted | NotWaiting | OwnRun | Refused | Contended | None


def submit(submission: Submission, nodes: tuple[Node, ...], *, day: str, rules: Rules) -> Steps[Answer]:
    """Accept a first run, and hold what it needs where there is room. Key: team, id and digest."""
    team, submission_id = submission.run.team, submission.run.submission_id
    for _ in range(MOST_TRIES):
        identity = yield from load(identity_key(team, submission_id), Identity)
        if identity is not None:
            return (yield from _again(identity, submission.digest))
        pipeline = yield from load(pipeline_key(submission.terms.pipeline_id), Pipeline)
        if pipeline is not None and pipeline.team != team:
            return Foreign(pipeline.id)
        yield PutNodes(nodes)
        writes = list[Write]() if pipeline else [Write(Pipeline(id=submission.terms.pipeline_id, team=team), new=True)]
        identity = Identity(team=team, submission_id=submission_id, digest=submission.digest)
        accepted = yield from _begin(submission, [Write(identity, new=True), *writes], day=day, rules=rules)
        if accepted is not None:
            return accepted
    return Contended()


def _again(identity: Identity, digest: str) -> Steps[Accepted | Differs | Contended]:
    if identity.digest != digest:
        return Differs(identity.digest)
    submission = yield from load(submission_key(identity.last_run), Submission)
    return Contended() if submission is None else Accepted(submission)


def _begin(submission: Submission, first: Sequence[Write], *, day: str, rules: Rules) -> Steps[Accepted | None]:
    begun, accounts = replace(submission, reason=submission.reason or "quota"), list[Write]()
    if submission.reason != "approval":
        held = yield from holding(submission, day, rules=rules, granted=False)
        if isinstance(held, Holding):
            begun, accounts = held.submission, held.accounts
    work = Outgoing(id=f"{submission.run}/begun", message=Work(submission.run))
    written = yield from commit(*first, Write(begun, new=True), *accounts, messages=[work])
    return Accepted(replace(begun, version=1)) if written else None


def rerun(run: RunKey, submission: Submission, nodes: tuple[Node, ...], *, day: str, rules: Rules) -> Steps[Again]:
    """Begin the run after one that ended without success, of what was submitted. Key: the run.

    `submission` and `nodes` are those of the first run; they become this run's.
    """
    for _ in range(MOST_TRIES):
        identity = yield from load(identity_key(run.team, run.submission_id), Identity)
        last = None if identity is None else (yield from load(submission_key(identity.last_run), Submission))
        if identity is None or last is None:
            return None
        if not last.is_to_be_redone:
            return NotFailed(last)
        if run.run != identity.run + 1:
            return Contended()
        yield PutNodes(tuple(replace(node, run=run) for node in nodes))
        begun = replace(submission, run=run)
        accepted = yield from _begin(begun, [Write(replace(identity, run=run.run))], day=day, rules=rules)
        if accepted is not None:
            return accepted
    return Contended()


def approve(run: RunKey, *, by: str, day: str, rules: Rules) -> Steps[Approval]:
    """Grant a run that waits for room what it misses of the team's credit. Key: the run."""
    for _ in range(MOST_TRIES):
        submission = yield from load(submission_key(run), Submission)
        if submission is None:
            return None
        if submission.reason is None or submission.asked is not None or submission.ended is not None:
            return NotWaiting(submission)
        if submission.terms.submitted_by == by:
            return OwnRun()
        held = yield from holding(submission, day, rules=rules, granted=True)
        if isinstance(held, Short):
            return Refused(held.missing, held.credit)
        approved = replace(held.submission, approved_by=by)
        work = Outgoing(id=f"{run}/approved", message=Work(run))
        if (yield from commit(Write(approved), *held.accounts, messages=[work])):
            return Accepted(replace(approved, version=approved.version + 1))
    return Contended()


def ask_to_end(run: RunKey, how: Literal["cancelled", "expired"]) -> Steps[Submission | None]:
    """Ask a run to end, and return it; None where there is none. One that was asked or has ended stays as it is."""
    for _ in range(MOST_TRIES):
        submission = yield from load(submission_key(run), Submission)
        if submission is None or submission.asked is not None or submission.ended is not None:
            return submission
        asked = replace(submission, asked=how)
        work = Outgoing(id=f"{run}/{how}", message=Work(run))
        if (yield from commit(Write(asked), messages=[work])):
            return asked
    return None
