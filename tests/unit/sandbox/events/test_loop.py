"""The table of functions fits the bus and the code it names."""

import sys
from types import ModuleType

import pytest

from quantos.contracts import topics
from quantos.environment.functions import (
    AUDIT,
    FORECAST,
    INGEST,
    LEARN,
    RESIZE,
    FunctionSpec,
    function_table,
    topic_partitions,
)
from quantos.messaging.adapters.memory import discard_memory_bus
from sandbox.errors import SandboxError
from sandbox.events.bus import open_bus
from sandbox.events.loop import load_functions
from tests.support.environments import make_settings


def table() -> dict[str, FunctionSpec]:
    return {spec.name: spec for spec in function_table(make_settings())}


def test_every_topic_read_and_every_failure_topic_exists() -> None:
    partitions = topic_partitions()
    for spec in table().values():
        for stream in spec.streams:
            assert partitions[stream.topic] >= 1
            assert stream.failure_topic == topics.dead_letter(stream.topic)
            assert partitions[stream.failure_topic] >= 1
            assert stream.retries >= 1


def test_who_reads_what() -> None:
    specs = table()
    assert [stream.topic for stream in specs[INGEST].streams] == list(topics.TELEMETRY)
    assert [(stream.topic, stream.batch_size) for stream in specs[RESIZE].streams] == [(topics.CAPACITY_PLANS, 1)]
    assert [(stream.topic, stream.batch_size) for stream in specs[LEARN].streams] == [(topics.CAPACITY_LEARNING, 1)]
    assert [stream.topic for stream in specs[AUDIT].streams] == [topics.AUDIT_RECORDS]
    assert topic_partitions()[topics.AUDIT_RECORDS] == 1


def test_every_decision_bin_is_scheduled_for_the_capacity_stack() -> None:
    assert [(one.stack, one.interval_seconds) for one in table()[FORECAST].schedules] == [("dev-capacity", 300)]


def test_each_day_is_learnt_once_when_the_day_before_is_no_longer_late_and_before_the_decision_of_that_moment() -> None:
    (daily,) = table()[LEARN].schedules
    assert (daily.stack, daily.interval_seconds) == ("dev-capacity", 86_400)
    assert daily.offset_seconds == make_settings().decisions.stale_after_seconds == 1800
    assert list(table()).index(LEARN) < list(table()).index(FORECAST)


def test_no_function_may_run_longer_than_fourteen_minutes() -> None:
    assert max(spec.timeout_seconds for spec in table().values()) <= 840


def test_the_code_that_aws_would_run_is_loaded() -> None:
    (audit,) = load_functions([table()[AUDIT]])
    assert callable(audit.handler)
    assert audit.spec.module == "lambdas.audit.handler"


def test_a_module_without_a_handler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lambdas.empty", ModuleType("lambdas.empty"))
    monkeypatch.setitem(sys.modules, "lambdas.empty.handler", ModuleType("lambdas.empty.handler"))
    with pytest.raises(SandboxError, match=r"lambdas\.empty\.handler has no handler"):
        load_functions([FunctionSpec(name="empty", timeout_seconds=1)])


def test_a_memory_url_opens_the_bus_that_publishers_of_that_url_share() -> None:
    try:
        with open_bus("memory://table-test") as bus:
            stream = bus.open("group", topics.CAPACITY_PLANS)
            assert stream.pending() == 0
    finally:
        discard_memory_bus("table-test")
