"""Spans of a run and of its attempts, from what is kept of them; saying one again says the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from quantos.orchestration.protocol.rows import Finished, Node, Submission
from quantos.orchestration.tracing.identity import span_id, trace_id

Value: TypeAlias = str | int


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a trace. Times are epoch milliseconds; `error` says why it failed, None where it did not."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_ms: int
    end_ms: int
    error: str | None
    attributes: Mapping[str, Value]


def submission_span(submission: Submission) -> Span | None:
    """The span of a run, from when it was submitted to when it ended; None before that."""
    if submission.ended is None or submission.ended_ms is None:
        return None
    return Span(
        trace_id=trace_id(submission.run),
        span_id=span_id(submission.run),
        parent_span_id=None,
        name=submission.terms.pipeline_id,
        start_ms=submission.terms.submitted_ms,
        end_ms=submission.ended_ms,
        error=None if submission.ended == "succeeded" else submission.ended,
        attributes={**_of_run(submission), "quantos.ended": submission.ended},
    )


def attempt_span(submission: Submission, node: Node, message: Finished) -> Span | None:
    """The span of an attempt, a child of its run's; None where it never ran. `node` is its row, before or after."""
    if message.started_ms is None:
        return None
    attempt = message.attempt
    placed = node.placement is not None and node.last_attempt == attempt
    pool = node.placement.chosen.pool if placed and node.placement is not None else ""
    return Span(
        trace_id=trace_id(attempt.run),
        span_id=span_id(attempt),
        parent_span_id=span_id(attempt.run),
        name=f"{node.id}/{attempt.attempt}",
        start_ms=message.started_ms,
        end_ms=message.ended_ms,
        error=None if message.end == "succeeded" else message.detail or message.end,
        attributes={
            **_of_run(submission),
            "quantos.node": node.id,
            "quantos.attempt": attempt.attempt,
            "quantos.pool": pool,
            "quantos.end": message.end,
            "quantos.evidence": message.evidence,
        },
    )


def _of_run(submission: Submission) -> dict[str, Value]:
    run = submission.run
    return {
        "quantos.team": run.team,
        "quantos.submission_id": run.submission_id,
        "quantos.run": run.run,
        "quantos.pipeline_id": submission.terms.pipeline_id,
    }
