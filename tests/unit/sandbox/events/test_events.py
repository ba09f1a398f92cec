"""Events and contexts have the shapes that AWS sends, as powertools reads them."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import KafkaEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantos.contracts.plan import DecisionRequest
from quantos.messaging.adapters.record import StoredRecord
from sandbox.errors import SandboxError
from sandbox.events.clock import ReplayClock
from sandbox.events.events import Account, LocalContext, local_context, msk_event, schedule_event

ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")


def record(partition: int, offset: int, value: bytes = b'{"a":1}') -> StoredRecord:
    return StoredRecord(
        topic="telemetry.market",
        partition=partition,
        offset=offset,
        timestamp_ms=1_700_000_000_123,
        key=b"k",
        value=value,
    )


def test_powertools_reads_a_batch_record_by_record() -> None:
    event = KafkaEvent(
        msk_event([record(0, 5), record(3, 0), record(0, 6)], account=ACCOUNT, bootstrap_servers="b:1,c:2")
    )
    assert event.event_source == "aws:kafka"
    assert event.event_source_arn is not None
    assert event.event_source_arn.startswith("arn:aws:kafka:us-east-1:123456789012:cluster/quantos-dev/")
    assert event.decoded_bootstrap_servers == ["b:1", "c:2"]
    read = [(one.topic, one.partition, one.offset, one.decoded_key, one.json_value) for one in event.records]
    assert read == [
        ("telemetry.market", 0, 5, b"k", {"a": 1}),
        ("telemetry.market", 0, 6, b"k", {"a": 1}),
        ("telemetry.market", 3, 0, b"k", {"a": 1}),
    ]


def test_batch_is_keyed_by_topic_and_partition_with_base64_inside() -> None:
    event = msk_event([record(3, 7, b"\xff\x00")], account=ACCOUNT, bootstrap_servers="b:1")
    assert event["records"] == {
        "telemetry.market-3": [
            {
                "topic": "telemetry.market",
                "partition": 3,
                "offset": 7,
                "timestamp": 1_700_000_000_123,
                "timestampType": "CREATE_TIME",
                "key": "aw==",
                "value": base64.b64encode(b"\xff\x00").decode(),
                "headers": [],
            }
        ]
    }


def test_schedule_input_is_a_decision_request_in_utc() -> None:
    event = schedule_event("dev-capacity", datetime(2026, 3, 3, 9, 5, tzinfo=timezone(timedelta(hours=2))))
    assert event == {"stack": "dev-capacity", "scheduled_time": "2026-03-03T07:05:00Z"}
    assert DecisionRequest.model_validate(event).scheduled_time == datetime(2026, 3, 3, 7, 5, tzinfo=UTC)


def test_context_counts_down_to_the_deadline_and_not_below_zero() -> None:
    now = [100.0]
    context = LocalContext("quantos-dev-resize", "arn", "id", 10.0, monotonic=lambda: now[0])
    assert context.get_remaining_time_in_millis() == 10_000
    now[0] = 109.5
    assert context.get_remaining_time_in_millis() == 500
    now[0] = 111.0
    assert context.get_remaining_time_in_millis() == 0


def test_context_is_enough_for_powertools() -> None:
    seen: list[str] = []
    logger = Logger(service="shape", level="CRITICAL")

    @logger.inject_lambda_context
    def handler(event: dict[str, object], context: LambdaContext) -> None:
        seen.extend((context.function_name, context.invoked_function_arn, str(context.memory_limit_in_mb)))

    context = local_context("ingest", account=ACCOUNT, invocation=3, timeout_seconds=60)
    handler({}, context.as_lambda_context())
    assert seen == ["quantos-dev-ingest", "arn:aws:lambda:us-east-1:123456789012:function:quantos-dev-ingest", "2048"]


def test_replay_clock_moves_forward_only() -> None:
    start = datetime(2026, 3, 3, 7, tzinfo=UTC)
    clock = ReplayClock(start)
    clock.move_to(start + timedelta(minutes=5))
    assert clock() == start + timedelta(minutes=5)
    with pytest.raises(SandboxError, match="asked back"):
        clock.move_to(start)
    assert clock() == start + timedelta(minutes=5)
