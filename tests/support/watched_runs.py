"""A cluster, a ledger, a bus and an archive around a watcher of runs."""

from dataclasses import dataclass, field, replace
from typing import Any

from quantos.errors import OrchestrationError
from quantos.orchestration.cluster.names import run_key
from quantos.orchestration.cluster.pods import AttemptPod
from quantos.orchestration.cluster.reconcile import Cluster, RunWorkflow
from quantos.orchestration.execution.classify import End
from quantos.orchestration.ledger.amounts import NOTHING
from quantos.orchestration.protocol.rows import AttemptKey, Message, Node, Order, RunKey, Submission
from tests.support import pods
from tests.support.runs import terms

ORDER = pods.order()
WORKFLOW = RunWorkflow(
    namespace="jobs-research", name="run-1", run=run_key(pods.RUN), of=pods.RUN, generation=1, over=False
)

ACCEPTED = Submission(run=pods.RUN, digest="d" * 64, terms=terms(), estimate=NOTHING, cap=NOTHING)


@dataclass
class Surroundings:
    """A cluster, a ledger, a bus and an archive that do what they are told, and write it down."""

    here: Cluster = field(default_factory=Cluster)
    rows: dict[str, Node] = field(default_factory=lambda: {"train": ORDER.node, "fetch": succeeded("fetch")})
    run: Submission = field(default_factory=lambda: ACCEPTED)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: bool = False

    def standing(self) -> Cluster:
        return self.here

    def make(self, submission: Submission, remaining: frozenset[str], generation: int) -> None:
        self.note("make", submission.run, remaining, generation)

    def lift(self, pod: AttemptPod, order: Order) -> None:
        self.note("lift", pod.name, order)

    def remove(self, pod: AttemptPod, *, stopped: bool) -> None:
        self.note("remove", pod.name, stopped)

    def free(self, pod: AttemptPod) -> None:
        self.note("free", pod.name)

    def end(self, workflow: RunWorkflow) -> None:
        self.note("end", workflow.name)

    def submission(self, run: RunKey) -> Submission | None:
        return self.run if run == pods.RUN else None

    def nodes(self, run: RunKey, digest: str) -> list[Node]:
        assert (run, digest) == (pods.RUN, self.run.digest)
        return list(self.rows.values())

    def node(self, attempt: AttemptKey, digest: str) -> Node | None:
        assert digest == self.run.digest
        return self.rows.get(attempt.node)

    def send(self, message: Message) -> None:
        self.note("send", message)

    def finish_log(self, attempt: AttemptKey, end: End) -> None:
        self.note("log", attempt, end)

    def note(self, *what: object) -> None:
        if self.refuses:
            raise OrchestrationError("nobody answers", remedy="wait")
        self.done.append(what)


def succeeded(node: str) -> Node:
    return replace(pods.order(node).node, state="succeeded")
