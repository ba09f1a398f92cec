"""Events in the shapes AWS sends them, and the context that comes with them.

Sources: AWS Lambda developer guide, "Using Lambda with Amazon MSK" (event, on-failure invocation record), "Lambda
context object in Python"; EventBridge Scheduler user guide, "Context attributes".
"""

import base64
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, cast

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import JsonValue

from quantos.messaging.adapters.record import StoredRecord

Event: TypeAlias = dict[str, JsonValue]
Handler: TypeAlias = Callable[[Event, LambdaContext], object]


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the functions would run, for the names that events carry."""

    environment: str
    account_id: str
    region: str

    @property
    def cluster_arn(self) -> str:
        """ARN of the MSK cluster."""
        return (
            f"arn:aws:kafka:{self.region}:{self.account_id}:cluster/quantos-{self.environment}/"
            "00000000-0000-0000-0000-000000000000-1"
        )

    def function_name(self, name: str) -> str:
        """Name of a function in Lambda."""
        return f"quantos-{self.environment}-{name}"

    def function_arn(self, name: str) -> str:
        """ARN of a function."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name(name)}"


def msk_event(records: Sequence[StoredRecord], *, account: Account, bootstrap_servers: str) -> Event:
    """A batch of one topic as an MSK event source mapping hands it over; records keep their order per partition."""
    grouped: dict[str, list[JsonValue]] = {}
    for record in records:
        grouped.setdefault(f"{record.topic}-{record.partition}", []).append(_msk_record(record))
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": account.cluster_arn,
        "bootstrapServers": bootstrap_servers,
        "records": cast("JsonValue", grouped),
    }


def schedule_event(stack: str, scheduled_time: datetime) -> Event:
    """The input of a schedule, with the scheduled time as EventBridge Scheduler fills it in."""
    return {"stack": stack, "scheduled_time": scheduled_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def failure_record(event: Event, *, function: str, account: Account, attempts: int, error: str, now: datetime) -> Event:
    """The invocation record of a batch that failed for good: who failed, how often, why, and the whole event."""
    return {
        "version": "1.0",
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "functionArn": account.function_arn(function),
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": attempts,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error},
        "payload": event,
    }


@dataclass
class LocalContext:
    """What a handler is told of its invocation, and how much time it has left.

    `remaining_seconds` may be negative when the handler has overstayed; the handler then sees 0.
    """

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    timeout_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 2048
    log_stream_name: str = "sandbox"
    identity: None = None
    client_context: None = None
    tenant_id: None = None

    def __post_init__(self) -> None:
        self._started_seconds = self.monotonic()

    @property
    def log_group_name(self) -> str:
        """Log group of the function."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the function's timeout."""
        return self._started_seconds + self.timeout_seconds - self.monotonic()

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(int(self.remaining_seconds * 1000), 0)

    def as_lambda_context(self) -> LambdaContext:
        """This context under the type that handlers declare, which is a bare list of attributes."""
        return cast("LambdaContext", self)


def local_context(name: str, *, account: Account, invocation: int, timeout_seconds: float) -> LocalContext:
    """The context of the n-th invocation of a loop; the same n gives the same request id."""
    return LocalContext(
        function_name=account.function_name(name),
        invoked_function_arn=account.function_arn(name),
        aws_request_id=str(uuid.UUID(int=invocation, version=4)),
        timeout_seconds=timeout_seconds,
    )


def _msk_record(record: StoredRecord) -> JsonValue:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp_ms,
        "timestampType": "CREATE_TIME",
        "key": base64.b64encode(record.key).decode(),
        "value": base64.b64encode(record.value).decode(),
        "headers": [],
    }
