"""What people ask for: a run, another one after it failed, its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from quantos.orchestration.protocol.accounts import OpenAccount, admitted, load_accounts
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


Answer: TypeAlias = Accepted | Differs | Foreign | Contended


def submit(submission: Submission, nodes: tuple[Node, ...], *, day: str, opened: OpenAccount) -> Steps[Answer]:
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
        accepted = yield from _begin(submission, [Write(identity, new=True), *writes], day=day, opened=opened)
        if accepted is not None:
            return accepted
    return Contended()


def _again(identity: Identity, digest: str) -> Steps[Accepted | Differs | Contended]:
    if identity.digest != digest:
        return Differs(identity.digest)
    submission = yield from load(submission_key(identity.last_run), Submission)
    return Contended() if submission is None else Accepted(submission)


def _begin(submission: Submission, first: Sequence[Write], *, day: str, opened: OpenAccount) -> Steps[Accepted | None]:
    row = (yield from load_accounts(submission.run.team, [day], opened=opened))[day]
    holding = None if submission.reason == "approval" else admitted(submission, row)
    begun, *accounts = holding or (replace(submission, reason=submission.reason or "quota"),)
    work = Outgoing(id=f"{submission.run}/begun", message=Work(submission.run))
    written = yield from commit(*first, Write(begun, new=True), *accounts, messages=[work])
    return Accepted(replace(begun, version=1)) if written else None


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
