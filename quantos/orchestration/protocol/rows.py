"""What is kept of a submission: itself, its nodes, its team's accounts, and messages that wait to be sent.

Each row is written on the version that was read, so that of two writers one starts again from what the other left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, TypeAlias

from quantos.contracts.audit import AuditRecord
from quantos.contracts.dag.spec import JobClass, Priority, Qos, Requests
from quantos.contracts.dag.submission import Affinity
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.routing.placement import Placement
from quantos.units import DAY_SECONDS

FailureClass: TypeAlias = Literal["preempted", "infrastructure", "failure", "unknown"]
Ending: TypeAlias = Literal["succeeded", "failed", "cancelled", "expired"]
WaitReason: TypeAlias = Literal["quota", "approval"]
NodeState: TypeAlias = Literal["pending", "claimed", "running", "succeeded", "failed", "cancelled"]
ATTEMPTS: Final[Mapping[FailureClass, int]] = {"preempted": 5, "infrastructure": 3, "unknown": 2}
"""How often a node may end in each way before it has failed; of its program's own failures the DAG says."""

DAY_MS: Final = DAY_SECONDS * 1000
RUNS_KEPT: Final = 50
"""Of a pipeline, to tell from what the next one will use."""


@dataclass(frozen=True, order=True)
class RunKey:
    """One run of a submission. A run that failed is followed by the next number under the same id."""

    team: str
    submission_id: str
    run: int = 1

    def __str__(self) -> str:
        return f"{self.team}/{self.submission_id}/{self.run}"


@dataclass(frozen=True, order=True)
class AttemptKey:
    """One attempt of a node; its text is the name of what is created for it, everywhere."""

    run: RunKey
    node: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.run}/{self.node}/{self.attempt}"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One step of a run.

    Attributes:
        digest: of the submission that it is a node of: rows of one that was never accepted are nobody's.
        upstream: nodes that have to succeed before.
        takes: nodes whose outputs it takes.
        expected_ms: how long it is taken to run, for its draw.
        attempt: the number of the last that was claimed; 0 before the first.
        drawn: what that attempt has of the hold; nothing once it has ended.
        ends: how its attempts ended that did not succeed, in order.
        not_before: epoch milliseconds; the next attempt waits until then.
        placement: where its last attempt was to run.
        limit_ms: how long that attempt may run.
        started_ms: epoch milliseconds; since when it runs, None where it is not known to.
        ran: from when to when earlier attempts ran, epoch milliseconds.
        spent_usd: what its attempts cost so far, at the price of their placements.
        detail: what was told last of it, for people.
        evidence: what ran its last attempt, by the engine's own word.
    """

    run: RunKey
    digest: str
    id: str
    upstream: tuple[str, ...]
    requests: Requests
    expected_ms: int
    max_attempts: int
    backoff_ms: int = 0
    state: NodeState = "pending"
    attempt: int = 0
    drawn: Amount = NOTHING
    takes: tuple[str, ...] = ()
    ends: tuple[FailureClass, ...] = ()
    not_before: int = 0
    placement: Placement | None = None
    limit_ms: int = 0
    started_ms: int | None = None
    ran: tuple[tuple[int, int], ...] = ()
    spent_usd: float = 0.0
    detail: str = ""
    evidence: str = ""
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return node_key(self.run, self.digest, node=self.id)

    @property
    def last_attempt(self) -> AttemptKey:
        """The attempt that was claimed last."""
        return AttemptKey(self.run, self.id, self.attempt)

    @property
    def live(self) -> bool:
        """Whether an attempt of it may run."""
        return self.state in {"claimed", "running"}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a run was accepted.

    Attributes:
        submitted_ms: epoch milliseconds.
        submitted_by: the subject of the caller's token.
        max_runtime_ms: of the time in which any node runs.
        max_cost_usd: what it may cost; None where nothing was said.
        expected_usd: its price as it was told when it was accepted.
    """

    pipeline_id: str
    job_class: JobClass
    priority: Priority
    qos: Qos
    submitted_ms: int
    submitted_by: str
    max_runtime_ms: int
    expected_usd: float
    affinity: Affinity | None = None
    max_cost_usd: float | None = None
    ttl_days: int = 30


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A run as a whole.

    Attributes:
        digest: of what was submitted: spec, parameters and references.
        estimate: what it holds before it starts.
        cap: what it may use at most before its use is debt.
        hold: what it holds; None while it waits, and once it has ended.
        reason: what it waits for; None where it does not.
        asked: how it was asked to end: nothing more is started, and what runs is stopped.
        ended: how it ended; None until nothing of it runs.
        ended_ms: epoch milliseconds.
        cleared_ms: when what it left was removed, epoch milliseconds; None before.
        approved_by: who granted it credit.
        used: what its attempts used.
        live: attempts that may run.
    """

    run: RunKey
    digest: str
    terms: Terms
    estimate: Amount
    cap: Amount
    hold: Hold | None = None
    reason: WaitReason | None = None
    asked: Literal["cancelled", "expired"] | None = None
    ended: Ending | None = None
    ended_ms: int | None = None
    cleared_ms: int | None = None
    approved_by: str | None = None
    used: Amount = NOTHING
    live: int = 0
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return submission_key(self.run)

    @property
    def kept_until_ms(self) -> int | None:
        """Until when what it leaves is kept, epoch milliseconds; None until it has ended."""
        return None if self.ended_ms is None else self.ended_ms + self.terms.ttl_days * DAY_MS

    def ttl_is_over(self, now_ms: int) -> bool:
        """Whether what it left may be gone."""
        return self.kept_until_ms is not None and now_ms > self.kept_until_ms

    @property
    def is_to_be_redone(self) -> bool:
        """Whether another run may follow: it has ended, and without success."""
        return self.ended not in {None, "succeeded"}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What an id of a team stands for, for good: what was submitted under it, and the number of its last run."""

    team: str
    submission_id: str
    digest: str
    run: int = 1
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return identity_key(self.team, self.submission_id)

    @property
    def last_run(self) -> RunKey:
        """The run that was begun last."""
        return RunKey(self.team, self.submission_id, self.run)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What a pipeline id stands for, for good: the team that used it first; and what its last runs used."""

    id: str
    team: str
    used: tuple[Amount, ...] = ()
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return pipeline_key(self.id)

    def after(self, used: Amount) -> Self:
        """With one more run that succeeded."""
        return replace(self, used=(*self.used, used)[-RUNS_KEPT:])


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """A team's account of a day."""

    account: Account
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return account_key(self.account.team, self.account.day)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an executor is asked to run.

    Attributes:
        node: as it was claimed: the attempt, what it asks for, where and for how long it may run. The rest of it is in
            the submission that lies under its digest.
        inputs: the attempts whose outputs it takes.
    """

    node: Node
    inputs: tuple[AttemptKey, ...]


@dataclass(frozen=True)
class Work:
    """Message on `orch.jobs`: look at a run and do what can be done."""

    run: RunKey


@dataclass(frozen=True)
class Started:
    """Message on `orch.events`: an attempt runs since `at_ms`, epoch milliseconds."""

    attempt: AttemptKey
    at_ms: int = 0


@dataclass(frozen=True)
class Finished:
    """Message on `orch.events`: an attempt runs no more.

    Attributes:
        end: `succeeded`, `cancelled` where it was stopped, or why it failed.
        used: by UTC day, what it used.
        started_ms: epoch milliseconds; None where it never ran.
        ended_ms: epoch milliseconds.
        detail: how it ended, for people: an exit code, the last line of an error.
        evidence: what ran it, by the engine's own word, such as `ray 2.60.0 real job 02000000`.
    """

    attempt: AttemptKey
    end: Literal["succeeded", "cancelled"] | FailureClass
    used: tuple[tuple[str, Amount], ...] = ()
    started_ms: int | None = None
    ended_ms: int = 0
    detail: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Closing:
    """A run is about to end."""


@dataclass(frozen=True)
class Recorded:
    """Message on `audit.records`: a fact worth proving later."""

    record: AuditRecord


Message: TypeAlias = Work | Started | Finished | Recorded


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message that was decided on and may not have been sent: whoever finds it sends it, then removes it."""

    id: str
    message: Message
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return f"outgoing/{self.id}"


Row: TypeAlias = Identity | Submission | Node | Pipeline | AccountRow | Outgoing


def identity_key(team: str, submission_id: str) -> str:
    """Where it is kept what an id stands for."""
    return f"identity/{team}/{submission_id}"


def submission_key(run: RunKey) -> str:
    """Where a run is kept."""
    return f"submission/{run}"


def node_key(run: RunKey, digest: str, *, node: str) -> str:
    """Where a node of a run of what has a digest is kept."""
    return f"node/{run}/{digest}/{node}"


def pipeline_key(pipeline_id: str) -> str:
    """Where it is kept whose a pipeline is."""
    return f"pipeline/{pipeline_id}"


def account_key(team: str, day: str) -> str:
    """Where an account is kept."""
    return f"account/{team}/{day}"
