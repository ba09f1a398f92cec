"""What functions tell: lines and metrics of one call, joined by the decision that they are about."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lambdas.instruments import Instruments, positions
from quantos.observability.metric_names import DEAD_LETTERS, OLDEST_SAMPLE_AGE, PLANS
from sandbox.events.events import Account, local_context
from tests.support.environments import make_settings
from tests.support.telemetry_account import telemetry_account

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
PLACE = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("ingest", account=PLACE, invocation=1, timeout_seconds=60).as_lambda_context()


class Record:
    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic, self.partition, self.offset = topic, partition, offset


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def instruments(monkeypatch: pytest.MonkeyPatch, printed: io.StringIO) -> Iterator[Instruments]:
    with telemetry_account(monkeypatch, now=NOW):
        made = Instruments("ingest")
        monkeypatch.setattr(made.logger.registered_handler, "stream", printed)
        yield made


def lines(printed: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def test_metrics_of_one_call_are_one_document_for_each_set_of_dimensions(
    instruments: Instruments, printed: io.StringIO
) -> None:
    @instruments
    def handler(event, context):
        instruments.count(PLANS, 1, Status="applied")
        instruments.count(PLANS, 1, Status="applied")
        instruments.count(PLANS, 1, Status="failed")
        instruments.count(OLDEST_SAMPLE_AGE, 7.0)
        return event

    assert handler({"a": 1}, CONTEXT) == {"a": 1}
    applied, failed, age = lines(printed)
    assert (applied["Status"], applied["service"], applied["Plans"]) == ("applied", "ingest", [1.0, 1.0])
    assert (failed["Status"], failed["Plans"]) == ("failed", [1.0])
    assert age["OldestNewestSampleAge"] == [7.0]
    (directive,) = age["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == make_settings().names().prefix
    assert directive["Dimensions"] == [["service"]]


def test_more_values_than_a_document_holds_are_several_documents(
    instruments: Instruments, printed: io.StringIO
) -> None:
    @instruments
    def handler(event, context):
        for number in range(250):
            instruments.count(OLDEST_SAMPLE_AGE, number)

    handler({}, CONTEXT)
    values = [line["OldestNewestSampleAge"] for line in lines(printed)]
    assert [len(each) for each in values] == [99, 99, 52]
    assert [number for each in values for number in each] == list(range(250))


def test_metrics_of_a_call_that_fails_are_written_and_do_not_reach_the_next(
    instruments: Instruments, printed: io.StringIO
) -> None:
    @instruments
    def handler(event, context):
        if event:
            instruments.count(OLDEST_SAMPLE_AGE, 7.0)
            raise KeyError("no")
        return

    with pytest.raises(KeyError):
        handler({"a": 1}, CONTEXT)
    handler({}, CONTEXT)
    assert [line["OldestNewestSampleAge"] for line in lines(printed) if "_aws" in line] == [[7.0]]


def test_a_metric_is_counted_with_its_own_dimensions_only(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="DeadLetters has the dimensions"):
        instruments.count(DEAD_LETTERS, 1)
    with pytest.raises(ValueError, match="OldestNewestSampleAge"):
        instruments.count(OLDEST_SAMPLE_AGE, 1, Topic="x")


def test_lines_about_a_decision_carry_its_id_and_no_other_line_does(
    instruments: Instruments, printed: io.StringIO
) -> None:
    @instruments
    def handler(event, context):
        with instruments.about("dev-capacity", 1_795_963_800, plan_id="abc"):
            instruments.logger.info("inside")
        instruments.logger.info("outside")

    handler({}, CONTEXT)
    inside, outside = lines(printed)
    assert {key: inside[key] for key in ("correlation_id", "stack", "sequence", "plan_id")} == {
        "correlation_id": "dev-capacity/1795963800",
        "stack": "dev-capacity",
        "sequence": 1_795_963_800,
        "plan_id": "abc",
    }
    assert not {"correlation_id", "stack", "sequence", "plan_id"} & {key for key, value in outside.items() if value}


def test_where_records_stand_is_told_by_partition() -> None:
    records = [Record("t", 1, 9), Record("t", 0, 5), Record("t", 1, 7), Record("s", 0, 2)]
    assert positions(records) == ["s/0@2-2", "t/0@5-5", "t/1@7-9"]
