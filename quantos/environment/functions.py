"""The functions of an environment and what triggers them: one table that the control layer and the sandbox both read.

What AWS makes of a stream trigger: one event source mapping per topic, since a mapping reads one topic only. A batch
may mix partitions but never topics; a failing batch is tried again whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from quantos.contracts import topics
from quantos.environment.settings import EnvironmentSettings

PARTITIONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        topics.TELEMETRY_MARKET: 6,
        topics.TELEMETRY_SYSTEM: 6,
        topics.TELEMETRY_WORKLOAD: 6,
        topics.TELEMETRY_SIGNAL: 3,
        topics.CAPACITY_LEARNING: 6,
        topics.CAPACITY_PLANS: 3,
        topics.CAPACITY_OUTCOMES: 3,
        topics.AUDIT_RECORDS: 1,
    }
)
"""Partitions by topic. The audit chain has one writer at a time, hence one partition."""

DEAD_LETTER_PARTITIONS: Final = 1
"""Partitions of every dead-letter topic."""

DAY_SECONDS: Final = 86_400

INGEST: Final = "ingest"
LEARN: Final = "learn"
FORECAST: Final = "forecast"
RESIZE: Final = "resize"
AUDIT: Final = "audit"


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
    """One Lambda function. Its code is `handler` in the module `lambdas.<name>.handler`."""

    name: str
    timeout_seconds: int
    streams: tuple[StreamTrigger, ...] = ()
    schedules: tuple[ScheduleTrigger, ...] = ()

    @property
    def module(self) -> str:
        """The module whose `handler(event, context)` AWS calls."""
        return f"lambdas.{self.name}.handler"


def function_table(settings: EnvironmentSettings) -> tuple[FunctionSpec, ...]:
    """Every function of the environment, in the order in which a record passes through them.

    A day is learnt when telemetry of the day before would no longer be taken for merely late.
    """
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
        FunctionSpec(
            name=AUDIT,
            timeout_seconds=60,
            streams=(_stream(topics.AUDIT_RECORDS, batch_size=100, window=1, retries=5),),
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
