"""What is kept of a submission: itself, its nodes, its team's accounts, and messages that wait to be sent.

Each row is written on the version that was read, so that of two writers one starts again from what the other left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from quantos.contracts.dag.spec import Requests
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import NOTHING, Amount

FailureClass: TypeAlias = Literal["preempted", "infrastructure", "failure", "unknown"]
Ending: TypeAlias = Literal["succeeded", "failed", "cancelled", "expired"]
WaitReason: TypeAlias = Literal["quota", "approval"]
NodeState: TypeAlias = Literal["pending", "claimed", "running", "succeeded", "failed", "cancelled"]
ATTEMPTS: Final[Mapping[FailureClass, int]] = {"preempted": 5, "infrastructure": 3, "unknown": 2}
"""How often a node may end in each way before it has failed; of its program's own failures the DAG says."""


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
        expected_ms: how long it is taken to run, for its draw.
        attempt: the number of the last that was claimed; 0 before the first.
        drawn: what that attempt has of the hold; nothing once it has ended.
        ends: how its attempts ended that did not succeed, in order.
        not_before: epoch milliseconds; the next attempt waits until then.
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
    ends: tuple[FailureClass, ...] = ()
    not_before: int = 0
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
        live: attempts that may run.
    """

    run: RunKey
    digest: str
    estimate: Amount
    cap: Amount
    hold: Hold | None = None
    reason: WaitReason | None = None
    asked: Literal["cancelled", "expired"] | None = None
    ended: Ending | None = None
    live: int = 0
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return submission_key(self.run)


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
class AccountRow:
    """A team's account of a day."""

    account: Account
    version: int = 0

    @property
    def key(self) -> str:
        """Where the row is kept."""
        return account_key(self.account.team, self.account.day)


@dataclass(frozen=True)
class Work:
    """Message on `orch.jobs`: look at a run and do what can be done."""

    run: RunKey


@dataclass(frozen=True)
class Started:
    """Message on `orch.events`: an attempt runs."""

    attempt: AttemptKey


@dataclass(frozen=True)
class Finished:
    """Message on `orch.events`: an attempt runs no more.

    Attributes:
        end: `succeeded`, `cancelled` where it was stopped, or why it failed.
        used: by UTC day, what it used.
    """

    attempt: AttemptKey
    end: Literal["succeeded", "cancelled"] | FailureClass
    used: tuple[tuple[str, Amount], ...] = ()


Message: TypeAlias = Work | Started | Finished


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


Row: TypeAlias = Identity | Submission | Node | AccountRow | Outgoing


def identity_key(team: str, submission_id: str) -> str:
    """Where it is kept what an id stands for."""
    return f"identity/{team}/{submission_id}"


def submission_key(run: RunKey) -> str:
    """Where a run is kept."""
    return f"submission/{run}"


def node_key(run: RunKey, digest: str, *, node: str) -> str:
    """Where a node of a run of what has a digest is kept."""
    return f"node/{run}/{digest}/{node}"


def account_key(team: str, day: str) -> str:
    """Where an account is kept."""
    return f"account/{team}/{day}"
