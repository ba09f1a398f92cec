"""How an attempt ended in a cluster, by each one's evidence: who runs it, its container, its node, its pod."""

from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from quantos.orchestration.cluster.pods import AttemptPod, ContainerEnd
from quantos.orchestration.execution.classify import End, ExitFacts, classify
from quantos.orchestration.execution.usage import used_by_day
from quantos.orchestration.execution.words import bounded
from quantos.orchestration.protocol.rows import Finished, Order

MOST_MESSAGE_BYTES: Final = 4_096
"""That the kubelet takes of a container's own message."""

_OUT_OF_MEMORY: Final = "OOMKilled"
_BELIEVED: Final = ("failure", "infrastructure", "unknown")
"""What whoever ran an attempt may say of its end by itself: that it was taken away, others say."""

_UNSEEN: Final = "ContainerStatusUnknown"
_DEADLINE: Final = "DeadlineExceeded"
_MOST_IO_BYTES: Final = 2**50
_NEVER_STARTS: Final = ("ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")


class AttemptReport(BaseModel):
    """What whoever ran an attempt says of it, as its container's last message.

    Attributes:
        end: how it ended, which counts where the container's exit code agrees.
        started_ms: epoch milliseconds; what it says is held within what the kubelet saw.
    """

    model_config = ConfigDict(frozen=True)

    end: End
    detail: str = ""
    evidence: str = ""
    io_bytes: int = 0
    started_ms: int
    ended_ms: int

    def text(self) -> str:
        """As a message that the kubelet takes whole."""
        report = self
        while len(text := report.model_dump_json()) > MOST_MESSAGE_BYTES or len(text.encode()) > MOST_MESSAGE_BYTES:
            cut = {name: value[: len(value) * 3 // 4] for name, value in self._words(report).items()}
            report = report.model_copy(update=cut)
        return text

    @staticmethod
    def _words(report: "AttemptReport") -> dict[str, str]:
        return {"detail": report.detail, "evidence": report.evidence}


def finished(pod: AttemptPod, order: Order, *, now_ms: int) -> Finished | None:
    """What became of the attempt of a pod; None while it may still run or start.

    A pod that is being removed before its container began never runs it.
    """
    if pod.end is None and not pod.over and not (pod.deleting is not None and pod.running_ms is None):
        return None
    report = None if pod.end is None else _report(pod.end)
    end, detail = _judged(pod, report)
    return _message(order, end, detail, span=_span(pod, report, now_ms=now_ms), report=report)


def gone(order: Order, *, stopped: bool, running_ms: int | None, now_ms: int) -> Finished:
    """What became of an attempt whose pod is gone, and nobody saw how it ended."""
    end, detail = classify(ExitFacts(lost="its pod is gone, and nobody saw how it ended", stopped=stopped))
    return _message(order, end, detail, span=None if running_ms is None else (running_ms, max(running_ms, now_ms)))


def never_starts(pod: AttemptPod) -> bool:
    """Whether its container will not start however long one waits."""
    return pod.waiting.startswith(_NEVER_STARTS)


def _message(
    order: Order, end: End, detail: str, *, span: tuple[int, int] | None, report: AttemptReport | None = None
) -> Finished:
    attempt = order.node.last_attempt
    if span is None:
        return Finished(attempt, end, detail=detail)
    started_ms, ended_ms = span
    io_bytes = 0 if report is None else min(max(0, report.io_bytes), _MOST_IO_BYTES)
    return Finished(
        attempt,
        end,
        used=used_by_day(order.node.requests, started_ms=started_ms, ended_ms=ended_ms, io_bytes=io_bytes),
        started_ms=started_ms,
        ended_ms=ended_ms,
        detail=detail,
        evidence="" if report is None else bounded(report.evidence),
    )


def _report(end: ContainerEnd) -> AttemptReport | None:
    try:
        return AttemptReport.model_validate_json(end.message)
    except ValidationError:
        return None


def _judged(pod: AttemptPod, report: AttemptReport | None) -> tuple[End, str]:
    if pod.end is not None and pod.end.exit_code == 0 and report is not None and report.end == "succeeded":
        return "succeeded", bounded(report.detail)
    facts = _facts(pod)
    if report is not None and report.end == "cancelled" and not pod.stopped:
        return classify(replace(facts, lost=facts.lost or "its pod was removed, and nobody says that they did"))
    stated = facts.stopped or facts.preempted or facts.lost or facts.limit
    if report is None or stated or report.end == "succeeded" or (pod.end is not None and pod.end.exit_code == 0):
        return classify(facts)
    return (report.end if report.end in _BELIEVED else "failure"), bounded(report.detail)


def _facts(pod: AttemptPod) -> ExitFacts:
    """What is known of an end beside what was said by whoever ran it."""
    facts = ExitFacts(stopped=pod.stopped, preempted=pod.disruption)
    if pod.end is None:
        lost = pod.reason or (
            "its pod was removed before it began" if pod.running_ms is None else "its pod was removed"
        )
        return replace(facts, not_started=pod.waiting, lost=lost)
    if pod.end.reason == _UNSEEN:
        return replace(facts, lost=pod.reason or "its node lost sight of its container")
    if pod.reason.startswith(_DEADLINE):
        return replace(facts, limit="ran longer than its pod may")
    if pod.end.reason == _OUT_OF_MEMORY:
        facts = replace(facts, limit="out of memory: the kernel ended it at the limit of its container")
    fault = "its end was not told by what ran it" if pod.end.exit_code == 0 else ""
    return replace(facts, exit_code=pod.end.exit_code, signal=pod.end.signal or None, lost=pod.reason, fault=fault)


def _span(pod: AttemptPod, report: AttemptReport | None, *, now_ms: int) -> tuple[int, int] | None:
    """From when to when it ran: what was said, within what the kubelet saw, which counts in seconds."""
    if pod.end is None or pod.end.started_ms == 0:
        return None if pod.running_ms is None else (pod.running_ms, max(pod.running_ms, now_ms))
    first, last = pod.end.started_ms, max(pod.end.started_ms, pod.end.ended_ms)
    if report is None:
        return first, last
    started = min(max(report.started_ms, first), last + 1000)
    return started, min(max(report.ended_ms, started), last + 1000)
