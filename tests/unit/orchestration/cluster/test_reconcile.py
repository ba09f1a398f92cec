"""What is asked of a cluster happens once, and is told until the ledger has it, whatever is missed or comes twice."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.ends import AttemptReport
from quantos.orchestration.cluster.names import run_key
from quantos.orchestration.cluster.pods import AttemptPod
from quantos.orchestration.cluster.reconcile import (
    RESEND_MS,
    SETTLED_MS,
    STARTED_WITHIN_MS,
    STUCK_MS,
    Action,
    Asked,
    Cluster,
    Free,
    Lift,
    MakeWorkflows,
    Remove,
    Renew,
    RunWorkflow,
    Tell,
    reconcile,
)
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Order, Started
from tests.support import pods

NOW_MS = pods.STARTED_MS + 60_000
ORDER = pods.order()
KEY = ORDER.node.last_attempt
FAILED = pods.ended(1)


def workflow(*, over: bool = False, generation: int = 1) -> RunWorkflow:
    return RunWorkflow(
        namespace="jobs-research",
        name=f"run-{generation}",
        run=run_key(pods.RUN),
        of=pods.RUN,
        generation=generation,
        over=over,
    )


def actions(asked: Asked | None, *here: AttemptPod, workflows: tuple[RunWorkflow, ...] = (workflow(),)) -> list[Action]:
    known = {} if asked is None else {KEY: asked}
    return list(reconcile(known, Cluster(pods=here, workflows=workflows), now_ms=NOW_MS).actions)


def test_what_is_asked_goes_through_the_gate_of_its_node() -> None:
    gated = pods.pod()
    assert actions(Asked(order=ORDER), gated, pods.pod(node="fetch", name="other")) == [Lift(gated, ORDER)]
    assert actions(Asked(order=ORDER)) == []


def test_where_nothing_makes_pods_workflows_are_made_once_for_a_run() -> None:
    assert actions(Asked(order=ORDER), workflows=()) == [MakeWorkflows(ORDER, 1)]
    assert actions(Asked(order=ORDER), pods.pod(), workflows=(workflow(over=True),)) == [MakeWorkflows(ORDER, 2)]
    both = {pods.order(node).node.last_attempt: Asked(order=pods.order(node)) for node in ("a", "b")}
    assert len(reconcile(both, Cluster(), now_ms=NOW_MS).actions) == 1


def test_a_part_that_is_over_ends_no_generation() -> None:
    parts = (workflow(over=True), workflow(), workflow(over=True, generation=0))
    assert actions(Asked(order=ORDER), workflows=parts) == []


def test_a_pod_that_is_there_already_is_not_let_through_again() -> None:
    assert actions(Asked(order=ORDER), pods.pod(ORDER), pods.pod(name="next")) == []
    assert actions(None, pods.pod(ORDER)) == []


def test_that_it_runs_and_how_it_ended_is_told_from_its_pod_alone() -> None:
    assert actions(None, pods.pod(ORDER, status=pods.running())) == [Tell(Started(KEY, pods.STARTED_MS))]
    messages = [action.message for action in actions(None, pods.pod(ORDER, status=FAILED)) if isinstance(action, Tell)]
    assert [type(message) for message in messages] == [Started, Finished]


def test_an_end_is_told_again_until_it_is_acknowledged_and_then_the_pod_may_go() -> None:
    pod = pods.pod(ORDER, status=FAILED)
    plan = reconcile({}, Cluster(pods=(pod,), workflows=(workflow(),)), now_ms=NOW_MS)
    asked = plan.asked
    assert reconcile(asked, Cluster(pods=(pod,)), now_ms=NOW_MS + RESEND_MS - 1).actions == ()
    (again,) = reconcile(asked, Cluster(pods=(pod,)), now_ms=NOW_MS + RESEND_MS).actions
    assert isinstance(again, Tell)
    known = {KEY: Asked(order=ORDER, acknowledged=True)}
    freed = reconcile(known, Cluster(pods=(pod,)), now_ms=NOW_MS)
    assert (freed.actions, set(freed.asked)) == ((Free(pod),), {KEY})
    assert reconcile(known, Cluster(), now_ms=NOW_MS).asked == {}


def test_what_is_stopped_is_removed_or_never_begins() -> None:
    running = pods.pod(ORDER, status=pods.running())
    assert Remove(running, stopped=True) in actions(Asked(order=ORDER, stop=True), running)
    marked = {"status": pods.running(), "annotations": {names.STOPPED: "1"}}
    begun = Asked(order=ORDER, stop=True, told_start=True)
    half = pods.pod(ORDER, **marked)
    assert actions(begun, half) == [Remove(half, stopped=True)]
    assert actions(begun, pods.pod(ORDER, **marked, deletionTimestamp=pods.at(1000))) == []
    (never,) = actions(Asked(order=ORDER, stop=True), pods.pod())
    assert never == Tell(Finished(KEY, "cancelled", detail="stopped before it began"))


def test_a_pod_that_never_starts_is_removed_and_one_that_is_gone_is_told() -> None:
    waiting = {"waiting": {"reason": "ErrImageNeverPull"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": waiting}]}
    pod = pods.pod(ORDER, status=status)
    assert actions(Asked(order=ORDER), pod) == [Remove(pod, stopped=False)]
    lost = Asked(order=ORDER, had_pod=True, seen_ms=pods.STARTED_MS, told_start=True)
    (action,) = actions(lost)
    assert isinstance(action, Tell)
    assert isinstance(action.message, Finished)
    assert (action.message.end, action.message.started_ms) == ("infrastructure", pods.STARTED_MS)


def test_a_pod_that_is_kept_no_longer_is_told_no_more_by_whoever_watches() -> None:
    freed = pods.pod(ORDER, status=FAILED, finalizers=[])
    assert actions(None, freed) == []
    assert reconcile({}, Cluster(pods=(freed,)), now_ms=NOW_MS).asked == {}


def test_what_was_just_let_through_is_not_said_to_have_never_begun() -> None:
    lifted = Asked(order=ORDER, stop=True, lifted_ms=NOW_MS - SETTLED_MS + 1)
    assert actions(lifted, pods.pod()) == []
    (action,) = actions(replace(lifted, lifted_ms=NOW_MS - SETTLED_MS), pods.pod())
    assert isinstance(action, Tell)
    known = Asked(order=ORDER, acknowledged=True)
    running = pods.pod(ORDER, status=pods.running())
    assert actions(known, running) == [Remove(running, stopped=True), Free(running)]


@pytest.mark.parametrize(
    "metadata",
    [
        {"namespace": "jobs-other"},
        {"labels": {names.RUN: run_key(pods.RUN), "workflows.argoproj.io/workflow": "run-0"}},
    ],
)
def test_a_pod_of_no_workflow_of_the_last_generation_is_not_let_through(metadata: dict[str, Any]) -> None:
    stale = workflow(over=True, generation=0)
    assert actions(Asked(order=ORDER), pods.pod(**metadata), workflows=(stale, workflow())) == []


def test_a_pod_that_does_not_start_in_time_is_removed() -> None:
    late = Asked(order=ORDER, had_pod=True, since_ms=NOW_MS - STARTED_WITHIN_MS - 1)
    pod = pods.pod(ORDER)
    assert actions(late, pod) == [Remove(pod, stopped=False)]
    assert actions(replace(late, since_ms=NOW_MS - STARTED_WITHIN_MS), pod) == []


def test_where_argo_makes_no_pod_another_generation_is_made_once_nothing_runs() -> None:
    stuck = Asked(order=ORDER, since_ms=NOW_MS - STUCK_MS - 1)
    parts = (workflow(), replace(workflow(over=True), name="run-1-2"))
    assert actions(stuck, workflows=parts) == [Renew((parts[0],))]
    assert actions(replace(stuck, since_ms=NOW_MS - STUCK_MS), workflows=parts) == []
    other = pods.pod(pods.order("fetch"), node="fetch", name="other", status=pods.running())
    assert Renew((parts[0],)) not in actions(stuck, other, workflows=parts)


@dataclass
class World:
    """A cluster, its Argo, a topic and a ledger, each of which goes on at any moment; whoever watches may forget."""

    topic: list[tuple[str, AttemptKey, Order | None]] = field(default_factory=list)
    asked: dict[AttemptKey, Asked] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    over: list[bool] = field(default_factory=list)
    ran: list[AttemptKey] = field(default_factory=list)
    ends: dict[AttemptKey, str] = field(default_factory=dict)
    attempts: int = 0
    now_ms: int = NOW_MS

    def ledger(self) -> None:
        """Claim the next attempt once the one before is known to have ended."""
        if len(self.ends) == self.attempts < 4:
            self.attempts += 1
            order = pods.order(attempt=self.attempts)
            self.topic.append(("create", order.node.last_attempt, order))

    def stop(self) -> None:
        if self.attempts > len(self.ends):
            self.topic.append(("stop", pods.order(attempt=self.attempts).node.last_attempt, None))

    def take(self) -> None:
        """Take all of the topic again, from its beginning: what comes twice changes nothing."""
        for verb, key, order in self.topic:
            known = self.asked.get(key, Asked())
            if verb == "create" and key not in self.ends:
                self.asked[key] = Asked(**{**vars(known), "order": known.order or order})
            elif verb == "stop" and key not in self.ends:
                self.asked[key] = Asked(**{**vars(known), "stop": True})
            elif key in self.asked or verb == "acknowledge":
                self.asked[key] = Asked(**{**vars(known), "acknowledged": True})

    def forget(self) -> None:
        self.asked = {}

    def argo(self) -> None:
        """Make a pod where the last one has ended."""
        live = [each for each in self.documents.values() if each["status"]["phase"] not in {"Succeeded", "Failed"}]
        if self.over and not self.over[-1] and not live:
            name = f"pod-{len(self.documents)}-{len(self.ran)}"
            labels = {names.RUN: run_key(pods.RUN), "workflows.argoproj.io/workflow": f"run-{len(self.over)}"}
            self.documents[name] = pods.document(name=name, labels=labels)

    def argo_ends(self) -> None:
        if self.over:
            self.over[-1] = True

    def kubelet(self, status: dict[str, Any]) -> None:
        """Go on with every pod that was let through."""
        for document in self.documents.values():
            if document["spec"]["schedulingGates"] is None and document["status"]["phase"] in {"Pending", "Running"}:
                document["status"] = status

    def step(self) -> None:
        self.take()
        read = tuple(pods.read_pod(pods.without_nulls(each)) for each in self.documents.values())
        made = tuple(workflow(over=over, generation=number) for number, over in enumerate(self.over, 1))
        self.now_ms += RESEND_MS
        plan = reconcile(self.asked, Cluster(pods=read, workflows=made), now_ms=self.now_ms)
        self.asked = dict(plan.asked)
        for action in plan.actions:
            self.do(action)

    def holds(self, document: dict[str, Any], attempt: AttemptKey) -> bool:
        read = pods.read_pod(pods.without_nulls(document))
        return read.attempt == attempt

    def do(self, action: Action) -> None:
        match action:
            case MakeWorkflows(_, generation):
                assert generation == len(self.over) + 1
                self.over.append(False)
            case Lift(pod, order):
                assert order.node.last_attempt not in self.ends
                self.ran.append(order.node.last_attempt)
                self.documents[pod.name] = pods.document(order, name=pod.name)
            case Remove(pod):
                document = self.documents[pod.name]
                document["metadata"]["annotations"][names.STOPPED] = "1"
                document["status"] = pods.ended(143)
            case Free(pod):
                self.documents[pod.name]["metadata"]["finalizers"] = []
            case Tell(Finished() as message):
                kept = [each for each in self.documents.values() if self.holds(each, message.attempt)]
                assert kept == [each for each in kept if each["metadata"]["finalizers"]]
                self.ends.setdefault(message.attempt, message.end)
                self.topic.append(("acknowledge", message.attempt, None))


SUCCEEDED = pods.ended(0, message=AttemptReport(end="succeeded", started_ms=1, ended_ms=2).text())
MOVES = {
    "ledger": World.ledger,
    "stop": World.stop,
    "forget": World.forget,
    "argo": World.argo,
    "argo ends": World.argo_ends,
    "runs": lambda world: world.kubelet(pods.running()),
    "fails": lambda world: world.kubelet(FAILED),
    "succeeds": lambda world: world.kubelet(SUCCEEDED),
    "is taken away": lambda world: world.kubelet(pods.disrupted(pods.ended(137), "DeletionByTaintManager")),
    "step": World.step,
}


@settings(max_examples=300, deadline=None)
@given(moves=st.lists(st.sampled_from(sorted(MOVES)), max_size=40))
def test_each_attempt_runs_at_most_once_and_comes_to_an_end(moves: list[str]) -> None:
    world = World()
    for move in moves:
        MOVES[move](world)
    for move in ("step", "argo", "step", "fails", "step", "step", "argo", "step", "fails", "step", "step", "step"):
        MOVES[move](world)
    assert len(set(world.ran)) == len(world.ran)
    assert len(world.ends) == world.attempts
    assert [each for each in world.documents.values() if each["metadata"]["finalizers"]] == []
