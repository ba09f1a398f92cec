"""The functions of an environment and what triggers them: one table that the control layer and the sandbox both read.

What AWS makes of a stream trigger: one event source mapping per topic, since a mapping reads one topic only. A batch
may mix partitions but never topics; a failing batch is tried again whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from quantos.contracts import topics
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.functions import FunctionName
from quantos.errors import SettingsError
from quantos.units import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

PARTITIONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        topics.TELEMETRY_MARKET: 6,
        topics.TELEMETRY_SYSTEM: 6,
        topics.TELEMETRY_WORKLOAD: 6,
        topics.TELEMETRY_SIGNAL: 3,
        topics.CAPACITY_LEARNING: 6,
        topics.CAPACITY_PLANS: 3,
        topics.CAPACITY_OUTCOMES: 3,
        topics.ORCH_JOBS: 6,
        topics.ORCH_ATTEMPTS: 6,
        topics.ORCH_EVENTS: 6,
        topics.AUDIT_RECORDS: 1,
    }
)
"""Partitions by topic. The audit chain has one writer at a time, hence one partition."""

DEAD_LETTER_PARTITIONS: Final = 1
"""Partitions of every dead-letter topic."""


INGEST: Final[FunctionName] = "ingest"
LEARN: Final[FunctionName] = "learn"
FORECAST: Final[FunctionName] = "forecast"
RESIZE: Final[FunctionName] = "resize"
AUDIT: Final[FunctionName] = "audit"
ANCHOR: Final[FunctionName] = "anchor"
SUBMIT: Final[FunctionName] = "submit"
DISPATCH: Final[FunctionName] = "dispatch"
RUNS: Final[FunctionName] = "runs"
SWEEP: Final[FunctionName] = "sweep"
API: Final[FunctionName] = "api"
ORCHESTRATION: Final = (SUBMIT, DISPATCH, RUNS, SWEEP)
"""Those that take, place and finish runs."""


@dataclass(frozen=True, kw_only=True)
class HttpRoute:
    """A method and path of the HTTP API, and the function that answers it.

    `path` has its parameters in braces. `scope` is what a caller's token must hold, beside being valid; empty for any
    valid token. `burst_requests` and `requests_per_second` hold for the route, over all callers; 0 leaves it to what
    the environment states for every route.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    function: FunctionName
    scope: str = ""
    burst_requests: int = 0
    requests_per_second: float = 0.0

    @property
    def key(self) -> str:
        """The route's key in API Gateway, `GET /api/health`."""
        return f"{self.method} {self.path}"


CAPACITY_READ: Final = "capacity:read"
ORCH_SUBMIT: Final = "orch:submit"
ORCH_READ: Final = "orch:read"
ORCH_APPROVE: Final = "orch:approve"

HTTP_ROUTES: Final = (
    HttpRoute(method="GET", path="/api/health", function=API, burst_requests=5, requests_per_second=2.0),
    HttpRoute(method="GET", path="/api/capacity/{stack}", function=API, scope=CAPACITY_READ),
    HttpRoute(method="GET", path="/api/capacity/{stack}/plans/{plan_id}", function=API, scope=CAPACITY_READ),
    HttpRoute(method="POST", path="/api/orch/submit", function=SUBMIT, scope=ORCH_SUBMIT),
    HttpRoute(method="POST", path="/api/orch/cancel/{id}", function=SUBMIT, scope=ORCH_SUBMIT),
    HttpRoute(method="POST", path="/api/orch/rerun/{id}", function=SUBMIT, scope=ORCH_SUBMIT),
    HttpRoute(method="POST", path="/api/orch/approve-burst/{id}", function=SUBMIT, scope=ORCH_APPROVE),
    HttpRoute(method="GET", path="/api/orch/submissions", function=SUBMIT, scope=ORCH_READ),
    HttpRoute(method="GET", path="/api/orch/status/{id}", function=SUBMIT, scope=ORCH_READ),
    HttpRoute(method="GET", path="/api/orch/why/{id}", function=SUBMIT, scope=ORCH_READ),
    HttpRoute(method="GET", path="/api/orch/logs/{id}", function=SUBMIT, scope=ORCH_READ),
    HttpRoute(method="GET", path="/api/orch/lineage/{id}", function=SUBMIT, scope=ORCH_READ),
)
"""Everything that the HTTP API answers."""


@dataclass(frozen=True, kw_only=True)
class StreamTrigger:
    """A function reads a topic in batches.

    `retries` counts attempts after the first; when all have failed the batch goes to `failure_topic` and the next one
    is read.
    """

    topic: str
    batch_size: int
    batching_window_seconds: int
    retries: int
    failure_topic: str


@dataclass(frozen=True, kw_only=True)
class ScheduleTrigger:
    """A function is called for one stack every `interval_seconds`, `offset_seconds` after the multiples of it since
    the epoch.

    Its event is a `DecisionRequest`. `retries` counts attempts after the first; a call that never succeeded goes to
    the dead-letter queue of the schedule.
    """

    stack: str
    interval_seconds: int
    offset_seconds: int = 0
    retries: int


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One Lambda function. Its code is `handler` in the module `lambdas.<name>.handler`.

    `request_concurrency` is how many requests of the HTTP API it answers at a time; `provisioned_concurrency`
    instances are kept initialised.

    Raises:
        SettingsError: more instances are to be kept than may ever run.
    """

    name: str
    timeout_seconds: int
    streams: tuple[StreamTrigger, ...] = ()
    schedules: tuple[ScheduleTrigger, ...] = ()
    request_concurrency: int = 0
    provisioned_concurrency: int = 0

    def __post_init__(self) -> None:
        if self.provisioned_concurrency > self.reserved_concurrency:
            raise SettingsError(
                f"functions.warm: {self.provisioned_concurrency} instances of {self.name} are to be kept, and at most"
                f" {self.reserved_concurrency} ever run",
                remedy=f"keep at most {self.reserved_concurrency}",
            )

    @property
    def module(self) -> str:
        """The module whose `handler(event, context)` AWS calls."""
        return f"lambdas.{self.name}.handler"

    @property
    def reserved_concurrency(self) -> int:
        """Instances that can ever have something to do: one a partition, one a schedule, one a request."""
        partitions = sum(PARTITIONS.get(stream.topic, 1) for stream in self.streams)
        return partitions + len(self.schedules) + self.request_concurrency


def function_table(settings: EnvironmentSettings) -> tuple[FunctionSpec, ...]:
    """Every function of the environment, in the order in which a record passes through them.

    A day is learnt when telemetry of the day before would no longer be taken for merely late.
    """
    warm: dict[str, int] = {**settings.functions.warm}
    return tuple(replace(spec, provisioned_concurrency=warm.get(spec.name, 0)) for spec in _declared(settings))


def _declared(settings: EnvironmentSettings) -> tuple[FunctionSpec, ...]:
    capacity = settings.names().stack("capacity")
    bin_seconds = settings.decisions.bin_seconds
    return (
        FunctionSpec(
            name=INGEST,
            timeout_seconds=60,
            streams=tuple(_stream(topic, batch_size=500, window=1, retries=5) for topic in topics.TELEMETRY),
        ),
        FunctionSpec(
            name=LEARN,
            timeout_seconds=300,
            streams=(_stream(topics.CAPACITY_LEARNING, batch_size=1, window=0, retries=2),),
            schedules=(
                ScheduleTrigger(
                    stack=capacity,
                    interval_seconds=DAY_SECONDS,
                    offset_seconds=_whole_minutes(settings.decisions.stale_after_seconds),
                    retries=2,
                ),
            ),
        ),
        FunctionSpec(
            name=FORECAST,
            timeout_seconds=120,
            schedules=(ScheduleTrigger(stack=capacity, interval_seconds=bin_seconds, retries=2),),
        ),
        FunctionSpec(
            name=RESIZE,
            timeout_seconds=settings.functions.resize_timeout_seconds,
            streams=(_stream(topics.CAPACITY_PLANS, batch_size=1, window=0, retries=2),),
        ),
        *_orchestrating(settings),
        *_audited(capacity),
        FunctionSpec(name=API, timeout_seconds=10, request_concurrency=settings.api.concurrency),
    )


def _orchestrating(settings: EnvironmentSettings) -> tuple[FunctionSpec, ...]:
    """What takes runs, dispatches them and takes in what became of them; the last finishes what the others left."""
    sweep = ScheduleTrigger(stack=settings.names().stack("capacity"), interval_seconds=MINUTE_SECONDS, retries=0)
    return (
        FunctionSpec(name=SUBMIT, timeout_seconds=29, request_concurrency=settings.api.concurrency),
        FunctionSpec(
            name=DISPATCH,
            timeout_seconds=60,
            streams=(_stream(topics.ORCH_JOBS, batch_size=10, window=0, retries=5),),
        ),
        FunctionSpec(
            name=RUNS,
            timeout_seconds=120,
            streams=(_stream(topics.ORCH_EVENTS, batch_size=10, window=0, retries=5),),
        ),
        FunctionSpec(name=SWEEP, timeout_seconds=60, schedules=(sweep,)),
    )


def _audited(stack: str) -> tuple[FunctionSpec, FunctionSpec]:
    """Who writes the audit chain, and who keeps its end elsewhere; never one function, since neither may do both."""
    return (
        FunctionSpec(
            name=AUDIT,
            timeout_seconds=60,
            streams=(_stream(topics.AUDIT_RECORDS, batch_size=100, window=1, retries=5),),
        ),
        FunctionSpec(
            name=ANCHOR,
            timeout_seconds=60,
            schedules=(ScheduleTrigger(stack=stack, interval_seconds=HOUR_SECONDS, retries=2),),
        ),
    )


def topic_partitions() -> dict[str, int]:
    """Every topic and its dead-letter topic, with the number of partitions each has."""
    return {**PARTITIONS, **{topics.dead_letter(topic): DEAD_LETTER_PARTITIONS for topic in topics.ALL}}


def _whole_minutes(seconds: int) -> int:
    return -(-seconds // 60) * 60


def _stream(topic: str, *, batch_size: int, window: int, retries: int) -> StreamTrigger:
    return StreamTrigger(
        topic=topic,
        batch_size=batch_size,
        batching_window_seconds=window,
        retries=retries,
        failure_topic=topics.dead_letter(topic),
    )
