"""Watches the runs of a cluster: takes what the topic asks, does what is to be done, tells what becomes of attempts.

Key: the attempt. Whoever watches may be killed at any moment, and another begin anew: what was let through a gate is
told from its pod, and what was not waits in the topic, whose offset stays behind it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from quantos.errors import OrchestrationError
from quantos.orchestration.cluster.pods import AttemptPod
from quantos.orchestration.cluster.reconcile import (
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
from quantos.orchestration.execution.classify import End
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.ports import Sender
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Node, Order, RunKey, Submission

CLEAN_MS: Final = 10_000
LAST_MS: Final = 300_000
"""For so long after its success a run's Workflows may come to their own end."""

_LOGGER: Final = logging.getLogger(__name__)


class Ledger(Protocol):
    """What is known of runs. Raises OrchestrationError where it cannot be asked."""

    def submission(self, run: RunKey) -> Submission | None:
        """The run as it stands."""
        ...

    def nodes(self, run: RunKey, digest: str) -> Sequence[Node]:
        """All nodes of a run."""
        ...

    def node(self, attempt: AttemptKey, digest: str) -> Node | None:
        """A node as it stands."""
        ...


class RunCluster(Protocol):
    """A cluster as runs use it. Raises OrchestrationError where it cannot be asked, or refuses."""

    def standing(self) -> Cluster:
        """How it stands now, or stood a moment ago."""
        ...

    def make(self, submission: Submission, remaining: frozenset[str], generation: int) -> None:
        """Make the Workflows of a generation. Key: their names; what is there stays."""
        ...

    def lift(self, pod: AttemptPod, order: Order) -> None:
        """Let a pod through its gate, with what it is asked for; nothing where it is another by now."""
        ...

    def remove(self, pod: AttemptPod, *, stopped: bool) -> None:
        """Have a pod end, after the grace that it has."""
        ...

    def free(self, pod: AttemptPod) -> None:
        """Keep a pod no longer."""
        ...

    def end(self, workflow: RunWorkflow) -> None:
        """Have Argo make no more pods for a Workflow."""
        ...


@dataclass
class Watcher:
    """One cluster's.

    Attributes:
        finish_log: keeps how an attempt ended at the end of its log. Key: the attempt.
    """

    cluster: RunCluster
    ledger: Ledger
    sender: Sender
    finish_log: Callable[[AttemptKey, End], None]
    asked: dict[AttemptKey, Asked] = field(default_factory=dict)
    _looked_ms: int = 0

    def take(self, message: Create | Stop | Acknowledge) -> AttemptKey:
        """Remember what is asked, and return of which attempt."""
        match message:
            case Create(order):
                key = order.node.last_attempt
                known = self.asked.get(key, Asked())
                self.asked[key] = replace(known, order=known.order or order)
            case Stop(key):
                self.asked[key] = replace(self.asked.get(key, Asked()), stop=True)
            case Acknowledge(key):
                self.asked[key] = replace(self.asked.get(key, Asked()), acknowledged=True)
        return key

    def waits(self, key: AttemptKey) -> bool:
        """Whether what was asked of an attempt is lost when this process ends now, unless the topic has it."""
        known = self.asked.get(key)
        return known is not None and (known.stop or known.acknowledged or not known.had_pod)

    def holds(self) -> bool:
        """Whether anything that was asked is lost with this process, unless the topic keeps it."""
        return any(map(self.waits, self.asked))

    def step(self, *, now_ms: int) -> None:
        """Do what can be done now. One thing that cannot be done holds up no other, and is tried again."""
        try:
            cluster = self.cluster.standing()
        except OrchestrationError as error:
            _LOGGER.warning("nothing is done now: %s", error.what)
            return
        plan = reconcile(self.asked, cluster, now_ms=now_ms)
        before, self.asked = self.asked, dict(plan.asked)
        for action in plan.actions:
            try:
                self._do(action)
            except OrchestrationError as error:
                _LOGGER.warning("%s is done later: %s", type(action).__name__, error.what)
                self._untold(action, before)
        if now_ms - self._looked_ms >= CLEAN_MS:
            self._looked_ms = now_ms
            self._end_workflows(cluster, now_ms)

    def _do(self, action: Action) -> None:
        match action:
            case MakeWorkflows(order, generation):
                self._make(order, generation)
            case Lift(pod, order):
                if self._is_claimed(order):
                    self.cluster.lift(pod, order)
                else:
                    self._not_lifted(order)
            case Remove(pod, stopped):
                self.cluster.remove(pod, stopped=stopped)
            case Free(pod):
                self.cluster.free(pod)
            case Renew(stuck):
                for workflow in stuck:
                    self.cluster.end(workflow)
            case Tell(message):
                if isinstance(message, Finished):
                    self.finish_log(message.attempt, message.end)
                self.sender.send(message)

    def _not_lifted(self, order: Order) -> None:
        known = self.asked.get(order.node.last_attempt)
        if known is not None:
            self.asked[order.node.last_attempt] = replace(known, lifted_ms=None)

    def _untold(self, action: Action, before: dict[AttemptKey, Asked]) -> None:
        """What could not be told or let through is not remembered as if it had been."""
        if isinstance(action, Lift):
            self._not_lifted(action.order)
        elif isinstance(action, Tell):
            known, earlier = self.asked.get(action.message.attempt), before.get(action.message.attempt, Asked())
            if known is not None:
                again = replace(known, told_ms=earlier.told_ms, told_start=earlier.told_start)
                self.asked[action.message.attempt] = again

    def _make(self, order: Order, generation: int) -> None:
        submission = self.ledger.submission(order.node.run)
        if submission is None or not self._is_claimed(order):
            return
        nodes = self.ledger.nodes(submission.run, submission.digest)
        remaining = frozenset(node.id for node in nodes if node.state != "succeeded")
        self.cluster.make(submission, remaining, generation)

    def _is_claimed(self, order: Order) -> bool:
        """Whether the ledger has that attempt live; what it has not is forgotten, whoever asks for it again."""
        attempt = order.node.last_attempt
        node = self.ledger.node(attempt, order.node.digest)
        submission = self.ledger.submission(attempt.run)
        claimed = node is not None and node.live and node.last_attempt == attempt
        if not claimed:
            self.asked.pop(attempt, None)
        return claimed and submission is not None and submission.asked is None and submission.ended is None

    def _end_workflows(self, cluster: Cluster, now_ms: int) -> None:
        """Have Argo make no more pods for runs that have ended."""
        ended: dict[RunKey, bool] = {}
        for workflow in cluster.workflows:
            if workflow.over:
                continue
            try:
                if workflow.of not in ended:
                    submission = self.ledger.submission(workflow.of)
                    ended[workflow.of] = submission is None or _is_over(submission, now_ms)
                if ended[workflow.of]:
                    self.cluster.end(workflow)
            except OrchestrationError as error:
                _LOGGER.warning("%s is ended later: %s", workflow.name, error.what)


def _is_over(submission: Submission, now_ms: int) -> bool:
    """Whether Argo has nothing left to do for a run."""
    if submission.ended == "succeeded":
        return submission.ended_ms is not None and now_ms - submission.ended_ms > LAST_MS
    return submission.ended is not None
