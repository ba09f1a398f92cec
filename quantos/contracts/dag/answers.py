"""What the API answers about runs."""

from typing import Literal

from pydantic import ConfigDict, Field

from quantos.contracts.base import Contract, Moment
from quantos.contracts.dag.spec import JobClass, Priority, Qos

RunState = Literal["waiting", "running", "ending", "succeeded", "failed", "cancelled", "expired"]
NodeStanding = Literal["waiting", "claimed", "running", "succeeded", "failed", "cancelled"]
NodeReason = Literal["quota", "approval", "upstream", "backoff", "capacity", "ready"]


class AmountAnswer(Contract):
    """Of what teams have budgets: core-milliseconds, GPU-milliseconds, bytes of the lake."""

    cpu_ms: int
    gpu_ms: int
    io_bytes: int


class ChoiceAnswer(Contract):
    """A pool as the place of a node; dollars are of the node until it has succeeded."""

    pool: str
    spot: bool
    usd_per_hour: float
    expected_usd: float
    expected_seconds: float


class RouteAnswer(Contract):
    """Where a node's next attempt runs, why, and the best of the other pools."""

    node: str
    chosen: ChoiceAnswer
    reason: str
    other: ChoiceAnswer | None = None


class HoldAnswer(Contract):
    """What a run holds of its team's account; while it waits `reason` says for what."""

    state: Literal["held", "waiting", "none"]
    reason: Literal["quota", "approval"] | None = None
    day: str | None = None
    amount: AmountAnswer


class SubmitAnswer(Contract):
    """An accepted run, or with `dry_run` what would be accepted; `snapshots` are of tables that it reads, by table."""

    submission_id: str
    run: int
    digest: str
    dry_run: bool
    pipeline_id: str
    job_class: JobClass
    priority: Priority
    qos: Qos
    routing: tuple[RouteAnswer, ...]
    hold: HoldAnswer
    expected_usd: float
    snapshots: dict[str, str]


class NodeAnswer(Contract):
    """A node as it stands; times are those of its last attempt.

    Nodes that have not ended by themselves as their run ends are `cancelled`, also those that never began.
    """

    id: str
    kind: str
    state: NodeStanding
    reason: NodeReason | None = None
    attempt: int
    failures: tuple[str, ...]
    pool: str | None = None
    spot: bool | None = None
    routed_because: str | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    spent_usd: float
    detail: str
    evidence: str


class StatusAnswer(Contract):
    """A run as it stands; `run` counts runs under the id. `cleared_at` is when its workspace and logs were removed."""

    submission_id: str
    run: int
    team: str
    digest: str
    pipeline_id: str
    job_class: JobClass
    priority: Priority
    qos: Qos
    state: RunState
    submitted_at: Moment
    submitted_by: str
    ended_at: Moment | None = None
    cleared_at: Moment | None = None
    approved_by: str | None = None
    hold: HoldAnswer
    used: AmountAnswer
    ran_seconds: float
    expected_usd: float
    spent_usd: float
    nodes: tuple[NodeAnswer, ...]


class ListedRun(Contract):
    """A run in its team's list."""

    submission_id: str
    run: int
    pipeline_id: str
    state: RunState
    submitted_at: Moment
    submitted_by: str


class ListAnswer(Contract):
    """Runs of the caller's team, the newest first; `next` goes on where there are more."""

    runs: tuple[ListedRun, ...]
    next: str | None = None


class WhyAnswer(Contract):
    """Why a run does not go on, what would let it, and who holds what it misses."""

    submission_id: str
    run: int
    state: RunState
    sentence: str
    missing: AmountAnswer
    room: AmountAnswer
    credit: AmountAnswer
    holders: tuple[str, ...]


class LogsAnswer(Contract):
    """A page of what an attempt wrote, its lines in order.

    `state` is `more` where the next page is there already, `running` where more may come, `not ingested yet` where the
    attempt has ended and not all it wrote is archived, `tried again` at the end of one that another follows, `ended`
    at the end of the last. `cursor` goes on; None at the end.
    """

    attempt: int
    labels: dict[str, str]
    lines: tuple[str, ...]
    state: Literal["running", "more", "not ingested yet", "tried again", "ended"]
    cursor: str | None


class AttemptAnswer(Contract):
    """One attempt of a job, as its events tell it; times are theirs."""

    attempt: int
    run_id: str
    status: str
    waited_since: str | None
    waited_for: str | None
    started: str | None
    ended: str | None
    error: str | None
    evidence: str | None


class JobAnswer(Contract):
    """A node as a job, with its attempts in order."""

    node: str
    name: str
    kind: str
    attempts: tuple[AttemptAnswer, ...]


class DatasetAnswer(Contract):
    """One version of something that was given or taken; a snapshot's id is a text, for as a number it loses digits."""

    namespace: str
    name: str
    snapshot_id: str | None
    hash: str | None
    given_by: tuple[str, ...]
    taken_by: tuple[str, ...]


class EdgeAnswer(Contract):
    """That one node runs before another, and what it hands on."""

    model_config = ConfigDict(serialize_by_alias=True)

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    datasets: tuple[str, ...]


class LineageAnswer(Contract):
    """What a run took and gave; `run` is `team/submission/run`."""

    run: str
    namespace: str
    jobs: tuple[JobAnswer, ...]
    datasets: tuple[DatasetAnswer, ...]
    edges: tuple[EdgeAnswer, ...]
