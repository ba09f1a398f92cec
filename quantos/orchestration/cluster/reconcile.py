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
SETTLED_MS: Final = 30_000
"""How long a pod that was let through may take to be seen so: within it nothing is said of it but what it says."""

STARTED_WITHIN_MS: Final = 1_800_000
"""A pod that was let through and does not start its container for so long is removed, and told as infrastructure."""

STUCK_MS: Final = 600_000
"""Where Argo makes no pod of a node for so long, and nothing of the run is under way, another generation is made."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked of an attempt.

    Attributes:
        order: None where it was stopped and never created here.
        stop: it is to end, or never to begin.
        acknowledged: what became of it is in the ledger.
        seen_ms: since when it ran as its pod said last, epoch milliseconds; None where none was seen to.
        had_pod: whether a pod was seen that holds its order.
        since_ms: when it was first seen to have no pod, or none that has started, epoch milliseconds.
        lifted_ms: when a pod was last let through for it.
        told_ms: when it was last told what became of it; None where it never was.
        told_start: whether it was told that it runs.
    """

    order: Order | None = None
    stop: bool = False
    acknowledged: bool = False
    seen_ms: int | None = None
    had_pod: bool = False
    since_ms: int | None = None
    lifted_ms: int | None = None
    told_ms: int | None = None
    told_start: bool = False

    def of(self, pod: AttemptPod | None, now_ms: int) -> Self:
        """With what its pod says now: one that is kept no longer is known to the ledger, whoever remembers that."""
        since_ms = now_ms if self.since_ms is None else self.since_ms
        if pod is None:
            return replace(self, since_ms=since_ms)
        return replace(
            self,
            order=pod.order,
            had_pod=True,
            acknowledged=self.acknowledged or not pod.kept,
            seen_ms=pod.running_ms or self.seen_ms,
            since_ms=since_ms if self.had_pod else now_ms,
        )

    def just_lifted(self, now_ms: int) -> bool:
        """Whether a pod was let through for it that may not be seen so yet."""
        return self.lifted_ms is not None and now_ms - self.lifted_ms < SETTLED_MS


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
class Renew:
    """End all Workflows of a run that Argo does not go on with, so that another generation is made of the rest."""

    workflows: tuple[RunWorkflow, ...]


@dataclass(frozen=True)
class Tell:
    """Send what became of an attempt."""

    message: Started | Finished


Action: TypeAlias = MakeWorkflows | Lift | Remove | Free | Renew | Tell


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
        known = asked.get(key, Asked()).of(pod, now_ms)
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
        if pod.end is None and not pod.over and pod.deleting is None:
            yield Remove(pod, stopped=True)
        if pod.kept:
            yield Free(pod)
        return
    if pod.running_ms is not None and not asked.told_start:
        yield Tell(Started(order.node.last_attempt, pod.running_ms))
    end = finished(pod, order, now_ms=now_ms)
    if end is not None:
        if _is_due(asked, now_ms):
            yield Tell(end)
    elif asked.stop and (not pod.stopped or pod.deleting is None):
        yield Remove(pod, stopped=True)
    elif pod.deleting is None and (never_starts(pod) or _is_late(asked, pod, now_ms)):
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
        if not asked.just_lifted(now_ms) and _is_due(asked, now_ms):
            yield Tell(Finished(key, "cancelled", detail="stopped before it began"))
    elif order is not None and not asked.just_lifted(now_ms):
        yield from standing.place(order, stuck=asked.since_ms is not None and now_ms - asked.since_ms > STUCK_MS)


def _is_late(asked: Asked, pod: AttemptPod, now_ms: int) -> bool:
    return pod.running_ms is None and asked.since_ms is not None and now_ms - asked.since_ms > STARTED_WITHIN_MS


def _is_due(asked: Asked, now_ms: int) -> bool:
    return asked.told_ms is None or now_ms - asked.told_ms >= RESEND_MS


def _remembered(asked: Asked, steps: Iterable[Action], now_ms: int) -> Asked:
    for step in steps:
        match step:
            case Lift():
                asked = replace(asked, lifted_ms=now_ms)
            case MakeWorkflows() | Renew():
                asked = replace(asked, since_ms=now_ms)
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
    """Pods of the last generation at their gates, by run and node."""

    generations: dict[str, list[RunWorkflow]] = field(default_factory=dict)
    """By run, the parts of the last generation."""

    under_way: set[str] = field(default_factory=set)
    """Runs of which a pod that was let through has not ended."""

    asked_for: set[str] = field(default_factory=set)
    """Runs for which Workflows are made in this step."""

    @classmethod
    def of(cls, cluster: Cluster) -> Self:
        standing = cls()
        for workflow in sorted(cluster.workflows, key=lambda each: each.generation):
            parts = standing.generations.setdefault(workflow.run, [])
            if parts and parts[0].generation < workflow.generation:
                parts.clear()
            parts.append(workflow)
        parts_of_runs = standing.generations.values()
        live = {(each.namespace, each.name) for parts in parts_of_runs for each in parts if not each.over}
        for pod in cluster.pods:
            if pod.attempt is not None:
                standing._lifted(pod, pod.attempt)
            elif pod.gated and pod.deleting is None and not pod.over and (pod.namespace, pod.workflow) in live:
                standing.waiting[pod.run, pod.node].append(pod)
        return standing

    def _lifted(self, pod: AttemptPod, attempt: AttemptKey) -> None:
        """Of two pods that say the same, the one counts that is kept."""
        if pod.kept or attempt not in self.by_attempt:
            self.by_attempt[attempt] = pod
        if pod.kept and pod.end is None and not pod.over:
            self.under_way.add(pod.run)

    def place(self, order: Order, *, stuck: bool) -> Iterator[Action]:
        """Let a pod of the node through, once there is one; make pods where nothing makes any."""
        run = run_key(order.node.run)
        parts = self.generations.get(run, [])
        if all(part.over for part in parts):
            if run not in self.asked_for:
                self.asked_for.add(run)
                yield MakeWorkflows(order, parts[0].generation + 1 if parts else 1)
        elif waiting := self.waiting[run, order.node.id]:
            yield Lift(waiting.pop(), order)
        elif stuck and run not in self.under_way | self.asked_for:
            self.asked_for.add(run)
            yield Renew(tuple(part for part in parts if not part.over))
