"""Alarms watch what functions count: the documents are the handlers', the limits and alarms are the layer's own."""

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from types import ModuleType
from typing import get_args

import pytest

from lambdas.forecast import handler as forecast_handler
from lambdas.forecast.handler import handler as forecast
from lambdas.forecast.handler import service as decisions
from lambdas.ingest import handler as ingest_handler
from lambdas.ingest.handler import handler as ingest
from lambdas.runs import handler as runs_handler
from lambdas.sweep import handler as sweep_handler
from quantos.contracts import topics
from quantos.contracts.demand import DemandSample
from quantos.contracts.plan import OutcomeStatus
from quantos.contracts.strategy import Session, StrategyBook
from quantos.environment import functions
from quantos.environment.functions import function_table
from quantos.messaging.adapters.memory import MemoryBus
from quantos.messaging.ports import Message
from quantos.observability.metric_names import (
    ATTEMPTS_ENDED,
    DEAD_LETTER_SHARE,
    DEAD_LETTERS,
    FAULTS,
    METRICS,
    OLDEST_SAMPLE_AGE,
    RETIRED_SOURCES,
    SAMPLE_AGE,
    SILENT_SOURCES,
    SWEEP_FAILURES,
    UNDELIVERED_LINEAGE,
    Metric,
)
from sandbox.events.events import Account, local_context, msk_event, schedule_event
from stacks.control_alarms import (
    INTAKES,
    RUN_LIMITS,
    WATCHED_OUTCOMES,
    dead_letter_limits,
    lag_seconds,
    sample_limits,
    source_limits,
)
from tests.support.demand_cases import make_strategy
from tests.support.environments import make_settings
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 2, 14, 32, 7, tzinfo=UTC)
SETTINGS = make_settings()
PLACE = Account(environment="dev", account_id="123456789012", region="us-east-1")


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    with telemetry_account(monkeypatch, now=NOW) as found:
        yield found


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions print, as Lambda passes it on to CloudWatch Logs."""
    found = io.StringIO()
    for module in (ingest_handler, forecast_handler):
        monkeypatch.setattr(module.instruments.logger.registered_handler, "stream", found)
    return found


def context(name: str):
    return local_context(name, account=PLACE, invocation=1, timeout_seconds=60).as_lambda_context()


def counted(output: str, metric: Metric) -> list[tuple[dict[str, str], float]]:
    """What CloudWatch makes of the documents: dimensions, without the function's name, and values of a metric."""
    documents = [document for document in map(json.loads, output.splitlines()) if "_aws" in document]
    found: list[tuple[dict[str, str], float]] = []
    for document in documents:
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == SETTINGS.names().prefix
        if {"Name": metric.name, "Unit": metric.unit} in directive["Metrics"]:
            (keys,) = directive["Dimensions"]
            assert set(keys) == {"service", *metric.dimensions}
            dimensions = {key: document[key] for key in keys if key != "service"}
            values = document[metric.name]
            found += [(dimensions, value) for value in (values if isinstance(values, list) else [values])]
    return found


def tick(minutes: int) -> bytes:
    moment = (NOW - timedelta(minutes=minutes)).replace(second=0)
    return json.dumps({"series": "market/spy", "time": moment.isoformat(), "source": "feed", "value": 1.0}).encode()


def test_a_schema_that_nobody_understands_is_a_share_of_letters_above_the_limit(
    bus: MemoryBus, printed: io.StringIO
) -> None:
    topic = topics.TELEMETRY_MARKET
    bus.publish([Message(topic, f"k-{index}", b'{"schema_version": 2}') for index in range(4)])
    event = msk_event(bus.records(topic), account=PLACE, bootstrap_servers="b-1:9098")
    ingest(event, context("ingest"))
    (shares,) = (limit for limit in dead_letter_limits([topic])[1])
    assert counted(printed.getvalue(), DEAD_LETTERS) == [({"Topic": topic}, 4.0)]
    assert counted(printed.getvalue(), DEAD_LETTER_SHARE) == [(dict(shares.dimensions), 100.0)]
    assert shares.threshold < 100.0
    assert shares.periods * shares.period_seconds <= 300


def test_a_batch_that_is_understood_counts_as_none_set_aside(bus: MemoryBus, printed: io.StringIO) -> None:
    topic = topics.TELEMETRY_MARKET
    bus.publish([Message(topic, f"k-{index}", tick(5 * index)) for index in range(1, 4)])
    ingest(msk_event(bus.records(topic), account=PLACE, bootstrap_servers="b-1:9098"), context("ingest"))
    assert counted(printed.getvalue(), DEAD_LETTER_SHARE) == [({"Topic": topic}, 0.0)]


@pytest.mark.parametrize(("silent_minutes", "alarms"), [(0, False), (90, True)])
def test_the_newest_sample_of_a_series_ages_while_its_session_is_open(
    bus: MemoryBus, printed: io.StringIO, silent_minutes: int, alarms: bool
) -> None:
    session = Session(opens=time(10), closes=time(16))
    last = NOW.replace(minute=30, second=0) - timedelta(minutes=silent_minutes)
    moments = [last - timedelta(minutes=5 * index) for index in range(1, 5 * 288)]
    decisions().history.add(
        [
            DemandSample(series="workload/orders", time=moment, source="gw", value=400.0)
            for moment in moments
            if session.is_open(moment, bin_seconds=300)
        ]
    )
    decisions().registry.replace(StrategyBook(strategies=(make_strategy(session=session),)))
    forecast(schedule_event("dev-capacity", NOW), context("forecast"))
    assert counted(printed.getvalue(), SAMPLE_AGE) == [({"Series": "workload/orders"}, 60.0 * silent_minutes)]
    assert counted(printed.getvalue(), OLDEST_SAMPLE_AGE) == [({}, 60.0 * silent_minutes)]
    ((_, silent),) = counted(printed.getvalue(), SILENT_SOURCES)
    assert (silent > source_limits(SETTINGS)[SILENT_SOURCES].threshold) is alarms
    assert counted(printed.getvalue(), RETIRED_SOURCES) == [({}, 0.0)]
    old = next(limit for limit in sample_limits(SETTINGS) if limit.name == "samples-old")
    assert (60 * silent_minutes > old.threshold) is alarms


def test_a_decision_without_strategies_speaks_too_so_that_silence_means_no_decision(
    bus: MemoryBus, printed: io.StringIO
) -> None:
    forecast(schedule_event("dev-capacity", NOW), context("forecast"))
    assert counted(printed.getvalue(), OLDEST_SAMPLE_AGE) == [({}, 0.0)]
    silent = next(limit for limit in sample_limits(SETTINGS) if limit.silent_periods)
    assert silent.statistic == "SampleCount"


def test_every_function_that_sets_records_aside_has_limits_for_each_topic_it_reads() -> None:
    specs = {spec.name: spec for spec in function_table(SETTINGS)}
    for name, read in INTAKES.items():
        assert {stream.topic for stream in specs[name].streams} == set(read)
        names = [limit.name for limits in dead_letter_limits(read) for limit in limits]
        assert len(names) == 2 * len(read) == len(set(names))


def test_functions_that_take_runs_on_from_topics_are_watched_for_letters() -> None:
    assert (INTAKES[functions.DISPATCH], INTAKES[functions.RUNS]) == ((topics.ORCH_JOBS,), (topics.ORCH_EVENTS,))


@pytest.mark.parametrize(
    ("handled_by", "metric", "counted_value", "dimensions"),
    [
        (sweep_handler, SWEEP_FAILURES, 2, {}),
        (runs_handler, UNDELIVERED_LINEAGE, 1, {}),
        (runs_handler, ATTEMPTS_ENDED, 1, {"Status": "unknown"}),
    ],
    ids=["sweep", "lineage", "unknown"],
)
def test_what_of_runs_a_person_has_to_look_at_exceeds_a_limit(
    bus: MemoryBus,
    monkeypatch: pytest.MonkeyPatch,
    handled_by: ModuleType,
    metric: Metric,
    counted_value: int,
    dimensions: dict[str, str],
) -> None:
    instruments, output = handled_by.instruments, io.StringIO()
    monkeypatch.setattr(instruments.logger.registered_handler, "stream", output)
    instruments(lambda event, context: instruments.count(metric, counted_value, **dimensions))({}, context("runs"))
    ((found, value),) = counted(output.getvalue(), metric)
    (service,) = {json.loads(line)["service"] for line in output.getvalue().splitlines()}
    (limit, *others) = RUN_LIMITS[service, metric]
    assert (dict(limit.dimensions), limit.statistic) == (found, "Sum")
    assert value > limit.threshold
    assert [each.statistic for each in others] == (["SampleCount"] if metric is SWEEP_FAILURES else [])


def test_alarms_of_a_function_have_names_of_their_own() -> None:
    names = defaultdict[str, list[str]](list)
    for name, read in INTAKES.items():
        names[name] += [limit.name for limits in dead_letter_limits(read) for limit in limits]
    for (name, _), limits in RUN_LIMITS.items():
        names[name] += [limit.name for limit in limits]
        assert all(limit.description for limit in limits)
    assert all(len(set(each)) == len(each) for each in names.values())


def test_every_outcome_is_watched_or_is_no_fault() -> None:
    assert {metric.name for metric in FAULTS.values()} == {each.metric for each in WATCHED_OUTCOMES}
    assert set(get_args(OutcomeStatus)) - set(FAULTS) == {"applied", "unchanged", "observed", "paused"}


def test_metrics_are_told_apart_by_their_names() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("status", ["busy", "stale"])
def test_what_is_no_fault_once_is_one_when_it_comes_again_and_again(status: str) -> None:
    (alarm,) = (each for each in WATCHED_OUTCOMES if each.metric == FAULTS[status].name)
    assert alarm.in_a_row > 1
    assert [other for other, metric in FAULTS.items() if metric.name == alarm.metric] == [status]


def test_lag_of_one_call_is_no_fault() -> None:
    for spec in function_table(SETTINGS):
        assert lag_seconds(SETTINGS, spec) >= spec.timeout_seconds
    assert function_table(SETTINGS)[0].name == functions.INGEST
