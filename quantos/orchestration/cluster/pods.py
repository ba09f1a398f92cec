"""A pod of an attempt, as the cluster tells of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from quantos.environment.namespaces import job_namespace
from quantos.errors import OrchestrationError
from quantos.orchestration.cluster import names
from quantos.orchestration.protocol.rows import AttemptKey, Order

MAIN: Final = "main"
_ORDER: Final = TypeAdapter(Order)


@dataclass(frozen=True, kw_only=True)
class ContainerEnd:
    """How a container ended, by the kubelet's word.

    Attributes:
        signal: the number of the signal that ended it, where one did and the runtime says so.
        reason: such as `OOMKilled`.
        message: what it wrote itself, at most 4,096 bytes.
        started_ms: epoch milliseconds, to the second.
        ended_ms: likewise.
    """

    exit_code: int
    signal: int | None
    reason: str
    message: str
    started_ms: int
    ended_ms: int


@dataclass(frozen=True, kw_only=True)
class AttemptPod:
    """One pod that Argo made for a node of a run.

    Attributes:
        run: the run's key.
        node: that it runs an attempt of.
        workflow: the Workflow that it is of.
        gated: whether it waits for the claim of what it runs.
        order: what it was asked for; None before.
        stopped: whether it was asked to end.
        kept: whether the cluster keeps it until what became of it is in the ledger.
        deleting: since when it is being removed, epoch milliseconds; None where it is not.
        running_ms: since when its container runs, or ran; None where it never did.
        end: how its container ended; None where it has not.
        over: whether nothing of it runs any more.
        disruption: why it was taken away, by the condition `DisruptionTarget`; "" where it was not.
        reason: of its phase, such as `Evicted` or `NodeLost`, with its message; "" where there is none.
        has_finalizers: whether it has any, ours or others'.
        has_tolerations: whether it has any.
        waiting: why its container does not start, such as `ErrImagePull`, with its message; "" where it does.
    """

    namespace: str
    name: str
    version: str
    run: str
    node: str
    workflow: str
    gated: bool
    order: Order | None
    stopped: bool
    kept: bool
    deleting: int | None
    running_ms: int | None
    end: ContainerEnd | None
    over: bool
    disruption: str
    reason: str
    waiting: str
    has_finalizers: bool
    has_tolerations: bool

    @property
    def attempt(self) -> AttemptKey | None:
        """What it runs; None before it was asked for anything."""
        return None if self.order is None else self.order.node.last_attempt


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Metadata(_Read):
    name: str
    namespace: str
    resource_version: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: datetime | None = None


class _Gate(_Read):
    name: str


class _Spec(_Read):
    scheduling_gates: tuple[_Gate, ...] = ()
    tolerations: tuple[JsonValue, ...] = ()


class _Waiting(_Read):
    reason: str = ""
    message: str = ""


class _Running(_Read):
    started_at: datetime


class _Terminated(_Read):
    exit_code: int
    signal: int | None = None
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class _State(_Read):
    waiting: _Waiting | None = None
    running: _Running | None = None
    terminated: _Terminated | None = None


class _Container(_Read):
    name: str
    state: _State = _State()


class _Condition(_Read):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class _Status(_Read):
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    conditions: tuple[_Condition, ...] = ()
    container_statuses: tuple[_Container, ...] = Field(default=())


class _Pod(_Read):
    metadata: _Metadata
    spec: _Spec
    status: _Status = _Status()


def read_pod(document: JsonValue) -> AttemptPod:
    """A pod of the Kubernetes API.

    Raises:
        OrchestrationError: it is none of a run's, or holds what is no order of its own.
    """
    try:
        pod = _Pod.model_validate(document)
        metadata, annotations = pod.metadata, pod.metadata.annotations
        order = None if names.ORDER not in annotations else _ORDER.validate_json(annotations[names.ORDER])
        run, node, workflow = metadata.labels[names.RUN], annotations[names.NODE], metadata.labels[_WORKFLOW]
        _ensure_own(order, run=run, node=node, namespace=metadata.namespace)
    except (ValidationError, ValueError, KeyError) as exc:
        raise OrchestrationError(
            f"a pod is none of a run's: {exc}", remedy="see who makes pods with the label quantos.io/run"
        ) from exc
    state = next((each.state for each in pod.status.container_statuses if each.name == MAIN), _State())
    return AttemptPod(
        namespace=metadata.namespace,
        name=metadata.name,
        version=metadata.resource_version,
        run=run,
        node=node,
        workflow=workflow,
        gated=any(gate.name == names.CLAIM_GATE for gate in pod.spec.scheduling_gates),
        order=order,
        stopped=names.STOPPED in annotations,
        kept=names.KEPT in metadata.finalizers,
        deleting=None if metadata.deletion_timestamp is None else _ms(metadata.deletion_timestamp),
        running_ms=_running_ms(state),
        end=None if state.terminated is None else _end(state.terminated),
        over=pod.status.phase in {"Succeeded", "Failed"},
        disruption=_disruption(pod.status),
        reason=_said(pod.status.reason, pod.status.message),
        waiting="" if state.waiting is None else _said(state.waiting.reason, state.waiting.message),
        has_finalizers=bool(metadata.finalizers),
        has_tolerations=bool(pod.spec.tolerations),
    )


def _ensure_own(order: Order | None, *, run: str, node: str, namespace: str) -> None:
    """Refuse an order that was not given to this pod: whoever may make pods in a namespace may write annotations."""
    if order is None:
        return
    asked = order.node
    if (names.run_key(asked.run), asked.id, job_namespace(asked.run.team)) != (run, node, namespace):
        raise ValueError(f"it holds an order for {asked.last_attempt}, which is not its own")


def order_text(order: Order) -> str:
    """What the annotation of a pod says of what it is asked for."""
    return _ORDER.dump_json(order).decode()


def read_order(text: str | bytes) -> Order:
    """What the annotation of a pod says. Raises OrchestrationError where that is no order."""
    try:
        return _ORDER.validate_json(text)
    except ValidationError as exc:
        raise OrchestrationError(
            f"the pod holds no order: {exc.errors()[0]['msg']}", remedy="see what lifted its scheduling gate"
        ) from exc


_WORKFLOW: Final = "workflows.argoproj.io/workflow"


def _running_ms(state: _State) -> int | None:
    if state.running is not None:
        return _ms(state.running.started_at)
    if state.terminated is not None and state.terminated.started_at is not None:
        return _ms(state.terminated.started_at)
    return None


def _end(state: _Terminated) -> ContainerEnd:
    ended = state.finished_at or state.started_at
    started = state.started_at or state.finished_at
    return ContainerEnd(
        exit_code=state.exit_code,
        signal=state.signal,
        reason=state.reason,
        message=state.message,
        started_ms=0 if started is None else _ms(started),
        ended_ms=0 if ended is None else _ms(ended),
    )


def _disruption(status: _Status) -> str:
    for condition in status.conditions:
        if condition.type == "DisruptionTarget" and condition.status == "True":
            return _said(condition.reason, condition.message)
    return ""


def _said(reason: str, message: str) -> str:
    return ": ".join(part for part in (reason, message) if part)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
