"""Composes what answers the routes of orchestration."""

import time
from dataclasses import dataclass, replace
from typing import Final

from lambdas import runtime
from lambdas.orchestration import Composed, compose
from quantos.contracts.dag.answers import LineageAnswer, LogsAnswer, SubmitAnswer
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.environment.functions import SUBMIT
from quantos.errors import RequestError, SubmissionUnknownError
from quantos.orchestration.adapters.composition import compose_inputs
from quantos.orchestration.adapters.rules import most_of_a_day
from quantos.orchestration.adapters.s3_logs import S3Logs
from quantos.orchestration.lineage.delivery import Report
from quantos.orchestration.lineage.view import lineage_of
from quantos.orchestration.logs.page import Reader
from quantos.orchestration.protocol.rows import Node, node_key
from quantos.orchestration.submission.desk import Desk
from quantos.orchestration.submission.pins import PinnedInputs
from quantos.orchestration.submission.ports import Caller
from quantos.orchestration.submission.statements import OnceEach

_NAMES: Final = "name a node of the run; `status` lists them"
_ATTEMPTS: Final = "ask for one that `status` tells, or for none"


@dataclass(frozen=True, kw_only=True)
class OrchestrationDesk:
    """What answers: the desk, logs and lineage."""

    desk: Desk
    inputs: PinnedInputs
    composed: Composed
    reader: Reader

    def submit(self, request: SubmissionRequest, caller: Caller, *, dry_run: bool) -> SubmitAnswer:
        """As the desk answers, each statement read once; the key and what is raised are the desk's."""
        inputs = replace(self.inputs, source=OnceEach(self.inputs.source))
        return replace(self.desk, inputs=inputs).submit(request, caller, dry_run=dry_run)

    def logs(self, caller: Caller, submission_id: str, *, run: int | None, page: "LogPlace") -> LogsAnswer:
        """A page of the log of an attempt, the node's last where none is named.

        Raises:
            SubmissionUnknownError: there is no such run, node or attempt.
            LogsExpiredError: the run's ttl is over.
            RequestError: no node is named, or the cursor is none of the log.
        """
        if not page.node:
            raise RequestError("no node is named", remedy=_NAMES)
        submission = self.desk.submission(caller, submission_id, run=run)
        (node,) = self.composed.rows.load([node_key(submission.run, submission.digest, node=page.node)])
        if not isinstance(node, Node):
            raise SubmissionUnknownError(f"{submission.run} has no node {page.node[:80]}", remedy=_NAMES)
        if page.attempt > node.attempt:
            raise SubmissionUnknownError(f"{node.id} has no attempt {page.attempt} yet", remedy=_ATTEMPTS)
        self.desk.ensure_kept(submission)
        attempt = page.attempt or node.attempt
        read = self.reader.page(submission, node, attempt=attempt, cursor=page.cursor or None)
        return LogsAnswer(
            attempt=attempt, labels=dict(read.labels), lines=read.lines, state=read.state, cursor=read.cursor
        )

    def lineage(self, caller: Caller, submission_id: str, *, run: int | None) -> LineageAnswer:
        """What a run took and gave. Raises SubmissionUnknownError."""
        submission = self.desk.submission(caller, submission_id, run=run)
        lineage = lineage_of(str(submission.run), self.composed.lineage.events(submission.run))
        return LineageAnswer.model_validate(lineage.document())


@dataclass(frozen=True, kw_only=True)
class LogPlace:
    """Which attempt's log, and where to go on; no attempt is the last one, no cursor the beginning."""

    node: str
    attempt: int
    cursor: str


def compose_desk(current: runtime.Runtime, *, report: Report) -> OrchestrationDesk:
    """The desk of an environment."""
    settings = current.settings
    composed = compose(current, function=SUBMIT, report=report)
    teams = settings.platform.teams
    inputs = compose_inputs(settings, composed.objects, clock=current.clock)
    desk = Desk(
        environment=settings.name,
        urgent={name: team.urgent_subjects for name, team in teams.items()},
        budget=lambda team: most_of_a_day(settings, team),
        offers=composed.offers,
        rules=composed.rules,
        surroundings=composed.surroundings,
        index=composed.rows,
        specs=composed.specs,
        inputs=inputs,
        clock=current.clock,
    )
    archive = S3Logs(composed.objects)
    reader = Reader(archive=archive, clock=time.monotonic)
    return OrchestrationDesk(desk=desk, inputs=inputs, composed=composed, reader=reader)
