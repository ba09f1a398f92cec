"""Takes what people ask of runs: submit, look, cancel, run again, grant credit. Key of all: team and submission id."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from quantos.contracts.dag.answers import ListAnswer, StatusAnswer, SubmitAnswer, WhyAnswer
from quantos.contracts.dag.submission import SUBMISSION_ID, SubmissionRequest
from quantos.documents.suggestion import suggestion
from quantos.errors import (
    AccessError,
    LogsExpiredError,
    NotAdmittedError,
    OrchestrationError,
    SubmissionClashError,
    SubmissionUnknownError,
)
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.ledger.credit import credit, credit_days
from quantos.orchestration.protocol import submitting
from quantos.orchestration.protocol.ports import RunIndex
from quantos.orchestration.protocol.rows import (
    AccountRow,
    Identity,
    Pipeline,
    RunKey,
    Submission,
    account_key,
    identity_key,
    pipeline_key,
    submission_key,
)
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.routing.offers import Offer
from quantos.orchestration.submission import view, why
from quantos.orchestration.submission.assessment import Assessment, assess
from quantos.orchestration.submission.comparison import difference
from quantos.orchestration.submission.ports import Caller, Inputs, SpecStore

MOST_LISTED: Final = 100


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What one environment answers.

    Attributes:
        urgent: by team, who may submit with high priority.
        budget: a team's of a day without credit, and with all the credit that there can be.
    """

    environment: str
    urgent: Mapping[str, Sequence[str]]
    budget: Callable[[str], tuple[Amount, Amount]]
    offers: Sequence[Offer]
    rules: Rules
    surroundings: Surroundings
    index: RunIndex
    specs: SpecStore
    inputs: Inputs
    clock: Callable[[], datetime]

    def submit(self, request: SubmissionRequest, caller: Caller, *, dry_run: bool = False) -> SubmitAnswer:
        """Accept a run, or say what would be accepted and hold nothing.

        Raises:
            NotAdmittedError: it could never be admitted as it is stated.
            SubmissionClashError: the id stands for something else, with the difference.
            AccessError: the priority or the pipeline is not the caller's.
        """
        self._allow(request, caller)
        now = self._now_ms()
        if (known := self._known(request, caller)) is None:
            self._ensure_pool(request)
        assessment = self._assess(request, caller, now_ms=now)
        if known is not None:
            return view.submitted(known, assessment, dry_run=dry_run, snapshots={})
        assessment = self._admissible(assessment)
        self.inputs.check(caller.team, request)
        if dry_run:
            return self._dry(assessment, day=_day(now))
        self.specs.put(caller.team, request)
        snapshots = self.inputs.pin(assessment.submission.run, request)
        answer = self.surroundings.run(
            submitting.submit(assessment.submission, assessment.nodes, day=_day(now), rules=self.rules)
        )
        match answer:
            case submitting.Accepted(submission):
                return view.submitted(submission, assessment, dry_run=False, snapshots=dict(snapshots))
            case submitting.Differs(digest):
                raise self._clash(caller.team, request, digest)
            case submitting.Foreign(pipeline_id):
                raise _foreign(pipeline_id)
            case submitting.Contended():
                raise _contended()

    def status(self, caller: Caller, submission_id: str, *, run: int | None = None) -> StatusAnswer:
        """A run as it stands, the last under its id where none is named. Raises SubmissionUnknownError."""
        submission = self.submission(caller, submission_id, run=run)
        nodes = self.surroundings.rows.load_nodes(submission.run, submission.digest)
        dag = self.specs.get(caller.team, submission.digest).dag
        return view.status(submission, nodes, dag, now_ms=self._now_ms())

    def runs(self, caller: Caller, *, before: str = "", most: int = MOST_LISTED) -> ListAnswer:
        """Runs of the caller's team, the newest first."""
        most = min(most, MOST_LISTED)
        listed = self.index.runs_of(caller.team, before=before, most=most)
        rows = self.surroundings.rows.load([submission_key(run) for run, _ in listed])
        return ListAnswer(
            runs=tuple(view.listed(row) for row in rows if isinstance(row, Submission)),
            next=listed[-1][1] if len(listed) == most else None,
        )

    def cancel(self, caller: Caller, submission_id: str) -> StatusAnswer:
        """Ask the last run under an id to end; one that has ended stays as it is. Raises SubmissionUnknownError."""
        submission = self.submission(caller, submission_id)
        if self.surroundings.run(submitting.ask_to_end(submission.run, "cancelled")) is None:
            raise _contended()
        return self.status(caller, submission_id)

    def rerun(self, caller: Caller, submission_id: str) -> StatusAnswer:
        """Begin the next run under an id whose last one ended without success.

        Raises:
            SubmissionUnknownError: there is no such id.
            SubmissionClashError: the last run goes on, or has succeeded.
            NotAdmittedError: it could not be admitted now, or what it reads is not there any more.
            AccessError: the caller may not submit with its priority.
        """
        last = self.submission(caller, submission_id)
        if not last.is_to_be_redone:
            raise _goes_on_or_succeeded(last)
        request = self.specs.get(caller.team, last.digest)
        self._allow(request, caller)
        now = self._now_ms()
        assessment = self._admissible(self._assess(request, caller, now_ms=now))
        run = replace(last.run, run=last.run.run + 1)
        self.inputs.pin(run, request)
        answer = self.surroundings.run(
            submitting.rerun(run, assessment.submission, assessment.nodes, day=_day(now), rules=self.rules)
        )
        match answer:
            case submitting.NotFailed(submission):
                raise _goes_on_or_succeeded(submission)
            case submitting.Contended() | None:
                raise _contended()
        return self.status(caller, submission_id)

    def approve(self, caller: Caller, submission_id: str) -> StatusAnswer:
        """Grant a waiting run what it misses, of its team's credit.

        Raises:
            SubmissionUnknownError: there is no such id.
            SubmissionClashError: it does not wait, or there is less credit than what is missing.
            AccessError: who submitted it asks.
        """
        submission = self.submission(caller, submission_id)
        day = _day(self._now_ms())
        answer = self.surroundings.run(submitting.approve(submission.run, by=caller.subject, day=day, rules=self.rules))
        match answer:
            case submitting.NotWaiting(submission):
                raise SubmissionClashError(
                    f"{submission_id} waits for no room: it is {view.state_of(submission)}",
                    remedy="nothing needs to be granted",
                )
            case submitting.OwnRun():
                raise AccessError(
                    f"{caller.subject} submitted {submission_id}", remedy="have another person of the team approve it"
                )
            case submitting.Refused(missing, left):
                raise SubmissionClashError(
                    f"{submission_id} misses {why.said(missing)}, and the team's credit is {why.said(left)}",
                    remedy="wait for the next day's budget, or ask for a greater one in the environment file",
                )
            case submitting.Contended() | None:
                raise _contended()
        return self.status(caller, submission_id)

    def why(self, caller: Caller, submission_id: str) -> WhyAnswer:
        """Why a run does not go on, and what would let it. Raises SubmissionUnknownError."""
        submission = self.submission(caller, submission_id)
        now = self._now_ms()
        rows, day = self.surroundings.rows, _day(now)
        nodes = rows.load_nodes(submission.run, submission.digest)
        terms = self.rules.credit(caller.team)
        days = credit_days(day, terms=terms)
        loaded = rows.load([account_key(caller.team, each) for each in days])
        accounts = {row.account.day: row.account for row in loaded if isinstance(row, AccountRow)}
        account = accounts.get(day) or self.rules.opened(caller.team, day)
        return why.answer(
            submission,
            nodes,
            account=account,
            left=credit(accounts, day, terms=terms),
            others=self._holders(caller.team, day) if submission.hold is None else (),
            paused=submission.ended is None and self.surroundings.switch.paused(),
            now_ms=now,
        )

    def submission(self, caller: Caller, submission_id: str, *, run: int | None = None) -> Submission:
        """A run of the caller's team. Raises SubmissionUnknownError: another team's is no different from none."""
        if not SUBMISSION_ID.fullmatch(submission_id):
            raise SubmissionUnknownError(
                f"no submission can be called {submission_id[:80]!a}",
                remedy="an id has 1 to 40 small letters, digits and dashes; `quantos submissions` lists the team's",
            )
        (identity,) = self.surroundings.rows.load([identity_key(caller.team, submission_id)])
        if isinstance(identity, Identity):
            key = identity.last_run if run is None else RunKey(caller.team, submission_id, run)
            (submission,) = self.surroundings.rows.load([submission_key(key)])
            if isinstance(submission, Submission):
                return submission
        which = "" if run is None else f" with a run {run}"
        raise SubmissionUnknownError(
            f"the team {caller.team} has no submission {submission_id!r}{which}",
            remedy="`quantos submissions` lists what it has",
        )

    def ensure_kept(self, submission: Submission) -> None:
        """Raise LogsExpiredError where the logs of a run are kept no more."""
        until = submission.kept_until_ms
        if until is not None and submission.ttl_is_over(self._now_ms()):
            raise LogsExpiredError(
                f"the logs of {submission.run} are kept no more: its ttl of {submission.terms.ttl_days} days was over"
                f" at {view.moment(until).isoformat(timespec='seconds')}",
                remedy="submit with a longer params.ttl_days; status and lineage tell what became of this run",
            )

    def _holders(self, team: str, day: str) -> tuple[Submission, ...]:
        keys = [submission_key(run) for run in self.index.open_runs() if run.team == team]
        rows = [row for row in self.surroundings.rows.load(keys) if isinstance(row, Submission)] if keys else []
        return tuple(row for row in rows if row.hold is not None and row.hold.day == day)

    def _allow(self, request: SubmissionRequest, caller: Caller) -> None:
        if request.params.env != self.environment:
            raise NotAdmittedError(
                f"params.env is {request.params.env}, and this is {self.environment}",
                remedy=f"submit to {request.params.env}, or set params.env to {self.environment}",
            )
        if request.priority == "high" and caller.subject not in self.urgent.get(caller.team, ()):
            raise AccessError(
                f"{caller.subject} may not submit with high priority for {caller.team}",
                remedy="submit with normal priority, or have platform.teams.*.urgent_subjects name you",
            )

    def _ensure_pool(self, request: SubmissionRequest) -> None:
        affinity, pools = request.params.affinity, {offer.pool for offer in self.offers}
        if affinity is not None and affinity.compute_pool not in pools:
            near = suggestion(affinity.compute_pool, pools)
            raise NotAdmittedError(
                f"{self.environment} has no pool {affinity.compute_pool} for runs{near}",
                remedy=f"name one of {', '.join(sorted(pools))}, or none",
            )

    def _pipeline(self, request: SubmissionRequest, caller: Caller) -> Pipeline | None:
        (pipeline,) = self.surroundings.rows.load([pipeline_key(request.dag.pipeline_id)])
        if not isinstance(pipeline, Pipeline):
            return None
        if pipeline.team != caller.team:
            raise _foreign(pipeline.id)
        return pipeline

    def _admissible(self, assessment: Assessment) -> Assessment:
        """The assessment, waiting for approval where a day's budget cannot hold it. Raises NotAdmittedError."""
        submission = assessment.submission
        daily, most = self.budget(submission.run.team)
        if not submission.estimate.within(most):
            raise why.never_admitted(submission.estimate, daily=daily, most=most)
        limit = submission.terms.max_cost_usd
        if limit is not None and assessment.expected_usd > limit:
            raise NotAdmittedError(
                f"it is expected to cost {assessment.expected_usd:.2f} USD, and max_cost_usd is {limit:g}",
                remedy="raise params.max_cost_usd, or ask for less",
            )
        if submission.estimate.within(daily):
            return assessment
        return replace(assessment, submission=replace(submission, reason="approval"))

    def _assess(self, request: SubmissionRequest, caller: Caller, *, now_ms: int) -> Assessment:
        return assess(
            request,
            team=caller.team,
            subject=caller.subject,
            now_ms=now_ms,
            pipeline=self._pipeline(request, caller),
            offers=self.offers,
        )

    def _known(self, request: SubmissionRequest, caller: Caller) -> Submission | None:
        """The last run of what was submitted before under the id. Raises SubmissionClashError for something else."""
        (identity,) = self.surroundings.rows.load([identity_key(caller.team, request.params.submission_id)])
        if not isinstance(identity, Identity):
            return None
        if identity.digest != request.digest():
            raise self._clash(caller.team, request, identity.digest)
        return self.submission(caller, request.params.submission_id)

    def _dry(self, assessment: Assessment, *, day: str) -> SubmitAnswer:
        submission = assessment.submission
        (row,) = self.surroundings.rows.load([account_key(submission.run.team, day)])
        account = row.account if isinstance(row, AccountRow) else self.rules.opened(submission.run.team, day)
        return view.submitted(why.as_it_would_hold(submission, account), assessment, dry_run=True, snapshots={})

    def _clash(self, team: str, request: SubmissionRequest, digest: str) -> SubmissionClashError:
        earlier = self.specs.get(team, digest)
        lines = "; ".join(difference(earlier, request))
        return SubmissionClashError(
            f"{request.params.submission_id} stands for another submission: {lines}",
            remedy="submit under another id, or send what was sent before",
        )

    def _now_ms(self) -> int:
        return round(self.clock().timestamp() * 1000)


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _foreign(pipeline_id: str) -> AccessError:
    return AccessError(
        f"the pipeline {pipeline_id} belongs to another team",
        remedy="name the pipeline differently; an id belongs to the team that used it first",
    )


def _goes_on_or_succeeded(submission: Submission) -> SubmissionClashError:
    return SubmissionClashError(
        f"run {submission.run.run} of {submission.run.submission_id} is {view.state_of(submission)}",
        remedy="only what ended without success is run again; submit under another id for more",
    )


def _contended() -> OrchestrationError:
    return OrchestrationError(
        "other writers of the same account were faster each time", remedy="ask again", retryable=True
    )
