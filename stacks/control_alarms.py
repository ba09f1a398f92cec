"""What of the functions' work raises an alarm: outcomes of plans, dead letters, lag behind the bus, old samples."""

from collections.abc import Mapping, Sequence

from components.aws.alarms.alarm import Alarm, AlarmArgs
from components.aws.alarms.measure_alarms import AlarmLimit, MeasureAlarms, MeasureAlarmsArgs
from components.aws.alarms.outcome_alarms import (
    MINIMUM_PERIOD_SECONDS,
    OutcomeAlarms,
    OutcomeAlarmsArgs,
    WatchedOutcomes,
)
from quantos.contracts import topics
from quantos.environment import functions
from quantos.environment.functions import FunctionSpec
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.functions import FunctionName
from quantos.observability.metric_names import (
    ATTEMPTS_ENDED,
    DEAD_LETTER_SHARE,
    DEAD_LETTERS,
    OLDEST_SAMPLE_AGE,
    PLANS_BUSY,
    PLANS_LOCKED,
    PLANS_NOT_APPLIED,
    PLANS_STALE,
    PLANS_UNREADABLE,
    RETIRED_SOURCES,
    SAMPLE_AGE,
    SERVICE,
    SILENT_SOURCES,
    STATUS,
    SWEEP_FAILURES,
    TOPIC,
    UNDELIVERED_LINEAGE,
    Metric,
)
from stacks.control_layer import ControlLayer

WATCHED_OUTCOMES = (
    WatchedOutcomes(
        name="not-applied",
        metric=PLANS_NOT_APPLIED.name,
        description="a plan was blocked, failed, was interrupted or met drift; `quantos explain` says why",
    ),
    WatchedOutcomes(
        name="locked",
        metric=PLANS_LOCKED.name,
        description="a backend lock that is none of ours holds the stack; `quantos unlock` shows whose it is",
    ),
    WatchedOutcomes(
        name="unreadable",
        metric=PLANS_UNREADABLE.name,
        description="the stack's state cannot be loaded; no plan is applied until `quantos state restore STACK`",
    ),
    WatchedOutcomes(
        name="busy",
        metric=PLANS_BUSY.name,
        in_a_row=3,
        description="plan after plan finds the stack held: an operation hangs, or a dead one's lock was left",
    ),
    WatchedOutcomes(
        name="stale",
        metric=PLANS_STALE.name,
        in_a_row=3,
        description="plan after plan comes too late or is older than what is applied; see what is in the way",
    ),
)
SILENT_INTERVALS = 3
SHARE_PERCENT = 5.0
TRICKLE_PERIODS = 3
INTAKES: Mapping[str, Sequence[str]] = {
    functions.INGEST: topics.TELEMETRY,
    functions.DISPATCH: (topics.ORCH_JOBS,),
    functions.RUNS: (topics.ORCH_EVENTS,),
    functions.AUDIT: (topics.AUDIT_RECORDS,),
}
"""Functions that set records aside by themselves, and the topics of each."""

RUN_LIMITS: Mapping[tuple[FunctionName, Metric], Sequence[AlarmLimit]] = {
    (functions.SWEEP, SWEEP_FAILURES): (
        AlarmLimit(
            name="failures",
            description="sweep after sweep there are runs or messages that it cannot go on with, or runs that it cannot"
            " clear; its log names the error, and `quantos why ID` says what a run waits for",
            dimensions={},
            periods=TRICKLE_PERIODS,
        ),
        AlarmLimit(
            name="silent",
            description=f"no sweep ended for {SILENT_INTERVALS * 5} minutes, so that what stuck stays as it is; see the"
            " log for errors, and the schedule's queue for lost calls",
            dimensions={},
            statistic="SampleCount",
            silent_periods=SILENT_INTERVALS,
        ),
    ),
    (functions.RUNS, UNDELIVERED_LINEAGE): (
        AlarmLimit(
            name="lineage-undelivered",
            description="a transport of lineage did not take events, which our own store has; see that it runs, and"
            " send the attempts' events that the log names again from lineage/ of the artifacts bucket",
            dimensions={},
        ),
    ),
    (functions.RUNS, ATTEMPTS_ENDED): (
        AlarmLimit(
            name="attempts-unknown",
            description="an attempt ended and nobody knows how; the log names it with the executor's evidence: see"
            " what it committed, since its node is tried again",
            dimensions={STATUS: "unknown"},
        ),
    ),
}
"""What of runs a person has to look at, by the function that counts it."""


def alarms(layer: ControlLayer, specs: Sequence[FunctionSpec]) -> None:
    """Every alarm on what functions do; those on how they run are `Function`'s own."""
    _outcomes(layer)
    for name, read in INTAKES.items():
        letters, shares = dead_letter_limits(read)
        _measured(layer, name, DEAD_LETTERS, limits=letters)
        _measured(layer, name, DEAD_LETTER_SHARE, limits=shares)
    _measured(layer, functions.FORECAST, OLDEST_SAMPLE_AGE, limits=sample_limits(layer.settings))
    for metric, limit in source_limits(layer.settings).items():
        _measured(layer, functions.FORECAST, metric, limits=(limit,))
    for (name, metric), limits in RUN_LIMITS.items():
        _measured(layer, name, metric, limits=limits)
    for spec in specs:
        _lag(layer, spec)


def dead_letter_limits(read: Sequence[str]) -> tuple[list[AlarmLimit], list[AlarmLimit]]:
    """For each topic: letters that keep coming, and a share that means a producer is not understood."""
    letters = [
        AlarmLimit(
            name=f"letters-{topic}",
            description=f"records of {topic} are set aside again and again; read {topics.dead_letter(topic)}",
            dimensions={TOPIC: topic},
            periods=TRICKLE_PERIODS,
        )
        for topic in read
    ]
    shares = [
        AlarmLimit(
            name=f"share-{topic}",
            description=f"more than {SHARE_PERCENT:g} % of {topic} is set aside: a producer writes what is not"
            f" understood; {topics.dead_letter(topic)} has the records and the reasons",
            dimensions={TOPIC: topic},
            statistic="Average",
            threshold=SHARE_PERCENT,
        )
        for topic in read
    ]
    return letters, shares


def sample_limits(settings: EnvironmentSettings) -> list[AlarmLimit]:
    """A series without news for longer than decisions trust the last, and decisions that do not come at all."""
    interval = max(settings.decisions.bin_seconds, MINIMUM_PERIOD_SECONDS)
    return [
        AlarmLimit(
            name="samples-old",
            description=f"a strategy's series has no sample newer than {settings.decisions.stale_after_seconds} s;"
            f" {SAMPLE_AGE.name} by series says which, and so does the log",
            dimensions={},
            statistic="Maximum",
            threshold=settings.decisions.stale_after_seconds,
            period_seconds=interval,
        ),
        AlarmLimit(
            name="silent",
            description=f"no decision was made for {SILENT_INTERVALS} intervals",
            dimensions={},
            statistic="SampleCount",
            silent_periods=SILENT_INTERVALS,
            period_seconds=interval,
        ),
    ]


def source_limits(settings: EnvironmentSettings) -> dict[Metric, AlarmLimit]:
    """A source that stays silent, and one that is taken to have gone."""
    interval = max(settings.decisions.bin_seconds, MINIMUM_PERIOD_SECONDS)
    return {
        SILENT_SOURCES: AlarmLimit(
            name="sources-silent",
            description="nothing is heard of a source, and its last share is held; the plan names it",
            dimensions={},
            statistic="Maximum",
            periods=TRICKLE_PERIODS,
            period_seconds=interval,
        ),
        RETIRED_SOURCES: AlarmLimit(
            name="sources-gone",
            description="a source was silent for so long that it is taken to have gone, and nothing is held for it;"
            " `quantos sources` retires those that went",
            dimensions={},
            statistic="Maximum",
            period_seconds=interval,
        ),
    }


def lag_seconds(settings: EnvironmentSettings, spec: FunctionSpec) -> int:
    """How far behind a function may be: a bin, or one call of it where that may take longer."""
    return max(settings.decisions.bin_seconds, spec.timeout_seconds)


def consumer_group(function_name: str, topic: str) -> str:
    """The consumer group as which a function reads a topic."""
    return f"{function_name}.{topic}"


def _outcomes(layer: ControlLayer) -> None:
    settings = layer.settings
    args = OutcomeAlarmsArgs(
        function_name=settings.names().function(functions.RESIZE),
        metric_namespace=settings.names().prefix,
        dimensions={SERVICE: functions.RESIZE},
        watched=WATCHED_OUTCOMES,
        interval_seconds=settings.decisions.bin_seconds,
        silent_intervals=SILENT_INTERVALS,
        alarm_topic_arn=layer.alarms.arn,
        tags=settings.tags(),
    )
    OutcomeAlarms("resize-outcomes", args)


def _measured(layer: ControlLayer, name: str, metric: Metric, *, limits: Sequence[AlarmLimit]) -> None:
    args = MeasureAlarmsArgs(
        function_name=layer.settings.names().function(name),
        metric_namespace=layer.settings.names().prefix,
        metric=metric.name,
        dimensions={SERVICE: name},
        limits=limits,
        alarm_topic_arn=layer.alarms.arn,
        tags=layer.settings.tags(),
    )
    MeasureAlarms(f"{name}-{metric.name}", args)


def _lag(layer: ControlLayer, spec: FunctionSpec) -> None:
    """By MSK's own estimate; where a group's metric ends, as while its members come and go, the alarm stays as it is.

    Source: https://docs.aws.amazon.com/msk/latest/developerguide/consumer-lag.html
    """
    names = layer.settings.names()
    function_name = names.function(spec.name)
    for stream in spec.streams:
        args = AlarmArgs(
            alarm_name=f"{function_name}-lag-{stream.topic}",
            description=f"{function_name} is behind on {stream.topic} by more than a bin or a call of it",
            namespace="AWS/Kafka",
            metric="EstimatedMaxTimeLag",
            dimensions={
                "Cluster Name": names.prefix,
                "Consumer Group": consumer_group(function_name, stream.topic),
                "Topic": stream.topic,
            },
            statistic="Maximum",
            threshold=lag_seconds(layer.settings, spec),
            missing="ignore",
            topic_arn=layer.alarms.arn,
            tags=layer.settings.tags(),
        )
        Alarm(f"{spec.name}-lag-{stream.topic}", args)
