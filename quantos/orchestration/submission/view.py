"""A run's rows as people ask for them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from quantos.contracts.dag.answers import (
    AmountAnswer,
    ChoiceAnswer,
    HoldAnswer,
    ListedRun,
    NodeAnswer,
    NodeReason,
    NodeStanding,
    RouteAnswer,
    RunState,
    StatusAnswer,
    SubmitAnswer,
)
from quantos.contracts.dag.graph import graph_of, running_order
from quantos.contracts.dag.spec import DagSpec
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.protocol.rows import Node, Submission
from quantos.orchestration.protocol.steps import cost_usd, running_ms
from quantos.orchestration.routing.placement import Choice, Placement
from quantos.orchestration.submission.assessment import Assessment


def submitted(
    submission: Submission, assessment: Assessment, *, dry_run: bool, snapshots: dict[str, str]
) -> SubmitAnswer:
    """What is answered to who submitted a run; `submission` is as it was accepted."""
    terms = submission.terms
    return SubmitAnswer(
        submission_id=submission.run.submission_id,
        run=submission.run.run,
        digest=submission.digest,
        dry_run=dry_run,
        pipeline_id=terms.pipeline_id,
        job_class=terms.job_class,
        priority=terms.priority,
        qos=terms.qos,
        routing=tuple(_route(node, placement) for node, placement in assessment.placements.items()),
        hold=_hold(submission),
        expected_usd=terms.expected_usd,
        snapshots=snapshots,
    )


def status(submission: Submission, nodes: Sequence[Node], dag: DagSpec, *, now_ms: int) -> StatusAnswer:
    """A run as it stands at a moment, epoch milliseconds; its nodes in the order in which they can run."""
    terms = submission.terms
    kinds = {node.id: node.kind for node in dag.nodes}
    done = {node.id for node in nodes if node.state == "succeeded"}
    graph = graph_of(kinds, [(edge.source, edge.target) for edge in dag.edges])
    places = {name: place for place, name in enumerate(running_order(graph))}
    ordered = sorted(nodes, key=lambda node: places[node.id])
    return StatusAnswer(
        submission_id=submission.run.submission_id,
        run=submission.run.run,
        team=submission.run.team,
        digest=submission.digest,
        pipeline_id=terms.pipeline_id,
        job_class=terms.job_class,
        priority=terms.priority,
        qos=terms.qos,
        state=state_of(submission),
        submitted_at=moment(terms.submitted_ms),
        submitted_by=terms.submitted_by,
        ended_at=None if submission.ended_ms is None else moment(submission.ended_ms),
        cleared_at=None if submission.cleared_ms is None else moment(submission.cleared_ms),
        approved_by=submission.approved_by,
        hold=_hold(submission),
        used=amount_answer(submission.used),
        ran_seconds=running_ms(nodes, now_ms=now_ms) / 1000,
        expected_usd=terms.expected_usd,
        spent_usd=cost_usd(nodes, now_ms=now_ms),
        nodes=tuple(_node(node, submission, kind=kinds[node.id], done=done, now_ms=now_ms) for node in ordered),
    )


def listed(submission: Submission) -> ListedRun:
    """A run in a list."""
    return ListedRun(
        submission_id=submission.run.submission_id,
        run=submission.run.run,
        pipeline_id=submission.terms.pipeline_id,
        state=state_of(submission),
        submitted_at=moment(submission.terms.submitted_ms),
        submitted_by=submission.terms.submitted_by,
    )


def state_of(submission: Submission) -> RunState:
    """In one word."""
    if submission.ended is not None:
        return submission.ended
    if submission.asked is not None:
        return "ending"
    return "waiting" if submission.hold is None else "running"


def amount_answer(amount: Amount) -> AmountAnswer:
    """An amount on the wire."""
    return AmountAnswer(cpu_ms=amount.cpu_ms, gpu_ms=amount.gpu_ms, io_bytes=amount.io_bytes)


def moment(milliseconds: int) -> datetime:
    """A moment of epoch milliseconds, to the millisecond."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _hold(submission: Submission) -> HoldAnswer:
    hold = submission.hold
    if hold is not None:
        return HoldAnswer(state="held", reason=submission.reason, day=hold.day, amount=amount_answer(hold.left))
    if submission.ended is not None:
        return HoldAnswer(state="none", amount=amount_answer(NOTHING))
    return HoldAnswer(state="waiting", reason=submission.reason, amount=amount_answer(submission.estimate))


def _route(node: str, placement: Placement) -> RouteAnswer:
    other = None if placement.other is None else _choice(placement.other)
    return RouteAnswer(node=node, chosen=_choice(placement.chosen), reason=placement.reason, other=other)


def _choice(choice: Choice) -> ChoiceAnswer:
    return ChoiceAnswer(
        pool=choice.pool,
        spot=choice.spot,
        usd_per_hour=choice.usd_per_hour,
        expected_usd=choice.expected_usd,
        expected_seconds=choice.expected_ms / 1000,
    )


def _node(node: Node, submission: Submission, *, kind: str, done: set[str], now_ms: int) -> NodeAnswer:
    placement, last = node.placement, node.ran[-1] if node.ran else None
    started = node.started_ms if node.started_ms is not None else None if last is None or node.live else last[0]
    ended = None if node.live or last is None else last[1]
    return NodeAnswer(
        id=node.id,
        kind=kind,
        state=_standing(node, submission),
        reason=_reason(node, submission, done=done, now_ms=now_ms),
        attempt=node.attempt,
        failures=node.ends,
        pool=None if placement is None else placement.chosen.pool,
        spot=None if placement is None else placement.chosen.spot,
        routed_because=None if placement is None else placement.reason,
        started_at=None if started is None else moment(started),
        ended_at=None if ended is None else moment(ended),
        spent_usd=cost_usd([node], now_ms=now_ms),
        detail=node.detail,
        evidence=node.evidence,
    )


def _standing(node: Node, submission: Submission) -> NodeStanding:
    """In one word; what had not begun or waited to be tried again as its run ended was cancelled with it."""
    if node.state != "pending":
        return node.state
    return "waiting" if submission.ended is None else "cancelled"


def _reason(node: Node, submission: Submission, *, done: set[str], now_ms: int) -> NodeReason | None:
    """What a node waits for; nothing once it runs, or its run ends."""
    if submission.asked is not None or submission.ended is not None:
        return None
    if node.state == "claimed":
        return "capacity"
    if node.state != "pending":
        return None
    if submission.reason is not None:
        return submission.reason
    if not done.issuperset(node.upstream):
        return "upstream"
    return "backoff" if node.not_before > now_ms else "ready"
