"""When an object is ready, from what its server says of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.errors import SandboxError
from sandbox.providers.values import Document, Json, items, mapping, text

DEFAULT_SECONDS = 600.0
"""How long the real provider waits for a Deployment."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 1.0


@dataclass(frozen=True)
class Readiness:
    """`reason` says what is missing; `failed` that waiting will not help."""

    ready: bool
    reason: str = ""
    failed: bool = False


READY = Readiness(ready=True)


class Waiting(Protocol):
    """Time, and an end to it: `pause` answers True when the operation was cancelled."""

    def now_seconds(self) -> float:
        """A clock that only goes forward."""

    def pause(self, seconds: float) -> bool:
        """Let time pass; True at once when cancelled."""


class Patience:
    """Waiting by the machine's clock until `cancel`."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def now_seconds(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Sleep, unless cancelled."""
        return self._cancelled.wait(seconds)

    def cancel(self) -> None:
        """End every pause, now and later."""
        self._cancelled.set()


class NotReadyError(SandboxError):
    """An object is on the server and did not become ready; `live` is what it was last."""

    code = "sandbox.not_ready"

    def __init__(self, what: str, *, live: Document, remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.live = live


def wait_until_ready(read: Callable[[], Document | None], *, within_seconds: float, waiting: Waiting) -> Document:
    """The object once it is ready, read in growing pauses of at most a second.

    Raises:
        NotReadyError: it failed, was deleted, the time ran out or the operation was cancelled.
    """
    deadline, pause = waiting.now_seconds() + within_seconds, _FIRST_PAUSE_SECONDS
    live: Document = {}
    while True:
        current = read()
        live = current if current is not None else live
        state = readiness(current) if current is not None else Readiness(ready=False, reason="it is gone", failed=True)
        if state.ready:
            return live
        if state.failed:
            raise NotReadyError(f"{_called(live)} failed: {state.reason}", live=live, remedy="see its events")
        if waiting.now_seconds() >= deadline:
            what = f"{_called(live)} is not ready after {within_seconds:.0f} s: {state.reason}"
            raise NotReadyError(what, live=live, remedy="see its events, or set pulumi.com/skipAwait or timeoutSeconds")
        if waiting.pause(pause):
            raise NotReadyError(f"{_called(live)}: cancelled while {state.reason}", live=live, remedy="run again")
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def wait_until_gone(read: Callable[[], Document | None], *, within_seconds: float, waiting: Waiting) -> None:
    """Return once the object is not there any more. Raises NotReadyError where it stays."""
    deadline, pause = waiting.now_seconds() + within_seconds, _FIRST_PAUSE_SECONDS
    while (live := read()) is not None:
        finalizers = ", ".join(text(name) for name in items(mapping(live.get("metadata")).get("finalizers")))
        waits = f"finalizers {finalizers}" if finalizers else "its controllers"
        if waiting.now_seconds() >= deadline or waiting.pause(pause):
            what = f"{_called(live)} was asked to go and is still there; it waits for {waits}"
            raise NotReadyError(what, live=live, remedy="see whether the cluster's controllers run, then run again")
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def readiness(live: Document) -> Readiness:
    """Whether an object is ready; kinds that nobody waits for are ready at once."""
    judge = _JUDGES.get((text(live.get("apiVersion")).rpartition("/")[0], text(live.get("kind"))))
    return judge(live) if judge else READY


def _called(live: Document) -> str:
    metadata = mapping(live.get("metadata"))
    name = "/".join(text(metadata[key]) for key in ("namespace", "name") if metadata.get(key))
    return f"{text(live.get('kind'))} {name}"


def _number(value: Json, *, otherwise: int = 0) -> int:
    return value if isinstance(value, int) else otherwise


def _condition(live: Document, kind: str) -> Document:
    for entry in items(mapping(live.get("status")).get("conditions")):
        if mapping(entry).get("type") == kind:
            return mapping(entry)
    return {}


def _holds(live: Document, kind: str) -> bool:
    return _condition(live, kind).get("status") == "True"


def _observed(live: Document) -> bool:
    generation = _number(mapping(live.get("metadata")).get("generation"))
    return _number(mapping(live.get("status")).get("observedGeneration")) >= generation


def _namespace(live: Document) -> Readiness:
    phase = text(mapping(live.get("status")).get("phase"))
    return READY if phase == "Active" else Readiness(ready=False, reason=f"phase {phase or 'not set'}")


def _definition(live: Document) -> Readiness:
    refused = _condition(live, "NamesAccepted")
    if refused.get("status") == "False":
        return Readiness(ready=False, reason=f"names not accepted: {text(refused.get('message'))}", failed=True)
    established = _holds(live, "Established") and not _condition(live, "NonStructuralSchema")
    return READY if established else Readiness(ready=False, reason="not established")


def _job(live: Document) -> Readiness:
    if _holds(live, "Failed"):
        failed = _condition(live, "Failed")
        return Readiness(
            ready=False, reason=f"{text(failed.get('reason'))}: {text(failed.get('message'))}", failed=True
        )
    if _holds(live, "Complete") or mapping(live.get("spec")).get("suspend") is True:
        return READY
    status = mapping(live.get("status"))
    done, active = _number(status.get("succeeded")), _number(status.get("active"))
    return Readiness(ready=False, reason=f"{done} pods succeeded, {active} active")


def _deployment(live: Document) -> Readiness:
    progressing = _condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        reason = text(progressing.get("message")) or "its progress deadline is over"
        return Readiness(ready=False, reason=reason, failed=True)
    return _rollout(live, wanted=_number(mapping(live.get("spec")).get("replicas"), otherwise=1))


def _rollout(
    live: Document, *, wanted: int, updated: str = "updatedReplicas", ready: str = "readyReplicas"
) -> Readiness:
    status = mapping(live.get("status"))
    counts = [_number(status.get(key)) for key in (updated, ready)]
    if _observed(live) and min(counts) >= wanted and _number(status.get("replicas"), otherwise=wanted) <= wanted:
        return READY
    return Readiness(ready=False, reason=f"{counts[1]} of {wanted} pods ready, {counts[0]} updated")


def _stateful_set(live: Document) -> Readiness:
    spec = mapping(live.get("spec"))
    on_delete = mapping(spec.get("updateStrategy")).get("type") == "OnDelete"
    updated = "readyReplicas" if on_delete else "updatedReplicas"
    return _rollout(live, wanted=_number(spec.get("replicas"), otherwise=1), updated=updated)


def _daemon_set(live: Document) -> Readiness:
    wanted = _number(mapping(live.get("status")).get("desiredNumberScheduled"))
    return _rollout(live, wanted=wanted, updated="updatedNumberScheduled", ready="numberReady")


def _pod(live: Document) -> Readiness:
    phase = text(mapping(live.get("status")).get("phase"))
    if phase == "Failed":
        return Readiness(ready=False, reason=text(mapping(live.get("status")).get("message")) or phase, failed=True)
    ready = phase == "Succeeded" or _holds(live, "Ready")
    return READY if ready else Readiness(ready=False, reason=f"phase {phase or 'not set'}")


def _service(live: Document) -> Readiness:
    if mapping(live.get("spec")).get("type") != "LoadBalancer":
        return READY
    balancer = mapping(mapping(live.get("status")).get("loadBalancer"))
    return READY if balancer.get("ingress") else Readiness(ready=False, reason="no load balancer address")


_JUDGES: Mapping[tuple[str, str], Callable[[Document], Readiness]] = {
    ("", "Namespace"): _namespace,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}
