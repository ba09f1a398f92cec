"""What is to be done in a cluster, from what was asked of it and how it stands: again and again, whatever was missed.

Pods are the memory of what was begun: one that was let through its gate holds its order, and the cluster keeps it until
what became of it is in the ledger. What was asked and has no pod yet is remembered by the topic, whose offset is
committed only behind it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self, TypeAlias

from quantos.orchestration.cluster.ends import finished, gone, never_starts
from quantos.orchestration.cluster.names import run_key
from quantos.orchestration.cluster.pods import AttemptPod
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Order, RunKey, Started

RESEND_MS: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked of an attempt.

    Attributes:
        order: None where it was stopped and never created here.
        stop: it is to end, or never to begin.
        acknowledged: what became of it is in the ledger.
        seen_ms: since when it ran as its pod said last, epoch milliseconds; None where none was seen to.
        had_pod: whether a pod was seen that holds its order.
        told_ms: when it was last told what became of it; None where it never was.
        told_start: whether it was told that it runs.
    """

    order: Order | None = None
    stop: bool = False
    acknowledged: bool = False
    seen_ms: int | None = None
    had_pod: bool = False
    told_ms: int | None = None
    told_start: bool = False

    def of(self, pod: AttemptPod | None) -> Self:
        """With what its pod says now."""
        if pod is None:
            return self
        return replace(self, order=pod.order, had_pod=True, seen_ms=pod.running_ms or self.seen_ms)


@dataclass(frozen=True, kw_only=True)
class RunWorkflow:
    """A part of a run's generation.

    Attributes:
        run: the run's key.
        over: whether Argo makes no more pods for it.
    """

    namespace: str
    name: str
    run: str
    of: RunKey
    generation: int
    over: bool


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """How the cluster stands."""

    pods: tuple[AttemptPod, ...] = ()
    workflows: tuple[RunWorkflow, ...] = ()


@dataclass(frozen=True)
class MakeWorkflows:
    """Make a run's next generation. Key: its number; what is there already stays."""

    order: Order
    generation: int


@dataclass(frozen=True)
class Lift:
    """Let a pod through its gate with an order, unless the ledger has claimed something else meanwhile."""

    pod: AttemptPod
    order: Order


@dataclass(frozen=True)
class Remove:
    """Remove a pod; `stopped` where it was asked to end. It stays until what became of it is told."""

    pod: AttemptPod
    stopped: bool


@dataclass(frozen=True)
class Free:
    """Let the cluster forget a pod, of which the ledger knows all."""

    pod: AttemptPod


@dataclass(frozen=True)
class Tell:
    """Send what became of an attempt."""

    message: Started | Finished


Action: TypeAlias = MakeWorkflows | Lift | Remove | Free | Tell


@dataclass(frozen=True)
class Plan:
    """What is to be done now, and what is remembered afterwards, by attempt."""

    actions: tuple[Action, ...]
    asked: Mapping[AttemptKey, Asked]


def reconcile(asked: Mapping[AttemptKey, Asked], cluster: Cluster, *, now_ms: int) -> Plan:
    """What is to be done, each a step that changes nothing when it is done again."""
    standing = _Standing.of(cluster)
    actions: list[Action] = []
    after: dict[AttemptKey, Asked] = {}
    for key in dict.fromkeys([*standing.by_attempt, *asked]):
        pod = standing.by_attempt.get(key)
        known = asked.get(key, Asked()).of(pod)
        if pod is None:
            steps = list(_without_pod(key, known, standing=standing, now_ms=now_ms))
        else:
            steps = list(_of_pod(known, pod, now_ms))
        actions += steps
        if not (known.acknowledged and (pod is None or not pod.kept)):
            after[key] = _remembered(known, steps, now_ms)
    return Plan(tuple(actions), after)


def _of_pod(asked: Asked, pod: AttemptPod, now_ms: int) -> Iterator[Action]:
    """What is to be done of an attempt that has a pod."""
    order = pod.order
    if order is None:
        return
    if asked.acknowledged:
        if pod.kept:
            yield Free(pod)
        return
    if pod.running_ms is not None and not asked.told_start:
        yield Tell(Started(order.node.last_attempt, pod.running_ms))
    end = finished(pod, order, now_ms=now_ms)
    if end is not None:
        if _is_due(asked, now_ms):
            yield Tell(end)
    elif asked.stop and not pod.stopped:
        yield Remove(pod, stopped=True)
    elif never_starts(pod) and pod.deleting is None:
        yield Remove(pod, stopped=False)


def _without_pod(key: AttemptKey, asked: Asked, *, standing: "_Standing", now_ms: int) -> Iterator[Action]:
    """What is to be done of an attempt that has no pod yet, or none any more."""
    order = asked.order
    if asked.acknowledged:
        return
    if asked.had_pod and order is not None:
        if _is_due(asked, now_ms):
            yield Tell(gone(order, stopped=asked.stop, running_ms=asked.seen_ms, now_ms=now_ms))
    elif asked.stop:
        if _is_due(asked, now_ms):
            yield Tell(Finished(key, "cancelled", detail="stopped before it began"))
    elif order is not None:
        yield from standing.place(order)


def _is_due(asked: Asked, now_ms: int) -> bool:
    return asked.told_ms is None or now_ms - asked.told_ms >= RESEND_MS


def _remembered(asked: Asked, steps: Iterable[Action], now_ms: int) -> Asked:
    for step in steps:
        match step:
            case Tell(Started()):
                asked = replace(asked, told_start=True)
            case Tell(Finished()):
                asked = replace(asked, told_ms=now_ms)
    return asked


@dataclass
class _Standing:
    """A cluster by what is looked for in it."""

    by_attempt: dict[AttemptKey, AttemptPod] = field(default_factory=dict)
    waiting: dict[tuple[str, str], list[AttemptPod]] = field(default_factory=lambda: defaultdict(list))
    """Pods at their gates, by run and node."""

    generations: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """By run, the number of the last generation, and whether it is over."""

    asked_for: set[str] = field(default_factory=set)
    """Runs for which Workflows are made in this step."""

    @classmethod
    def of(cls, cluster: Cluster) -> Self:
        standing = cls()
        for workflow in cluster.workflows:
            number, over = standing.generations.get(workflow.run, (0, True))
            if workflow.generation == number:
                standing.generations[workflow.run] = number, over and workflow.over
            elif workflow.generation > number:
                standing.generations[workflow.run] = workflow.generation, workflow.over
        for pod in cluster.pods:
            if pod.attempt is not None:
                standing.by_attempt[pod.attempt] = pod
            elif pod.gated and pod.deleting is None and not pod.over:
                standing.waiting[pod.run, pod.node].append(pod)
        return standing

    def place(self, order: Order) -> Iterator[Action]:
        """Let a pod of the node through, once there is one; make pods where nothing makes any."""
        run = run_key(order.node.run)
        number, over = self.generations.get(run, (0, True))
        if over and run not in self.asked_for:
            self.asked_for.add(run)
            yield MakeWorkflows(order, number + 1)
        elif not over and (waiting := self.waiting[run, order.node.id]):
            yield Lift(waiting.pop(), order)
