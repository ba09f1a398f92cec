"""AWS that fails: real clients and real parsing, the wire below them replaced. Everything else is moto's answer."""

import json
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import boto3
import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.parsers import ResponseParserError
from moto import mock_aws

REGION = "us-east-1"
CODES = {
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "ExpiredToken": 403,
    "InternalError": 500,
    "NoSuchBucket": 404,
    "ProvisionedThroughputExceededException": 400,
    "ResourceNotFoundException": 404,
    "SlowDown": 503,
    "ThrottlingException": 400,
    "ValidationException": 400,
}
RETRYABLE_CODES = {
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "ThrottlingException",
    "ServiceUnavailable",
} | {code for code, status in CODES.items() if status >= 500}


Call = Callable[[], object]


class Fault(Protocol):
    """What happens to one call: it raises, answers in AWS's place, or leaves the call alone (None)."""

    def __call__(self, request: AWSPreparedRequest, *, event_name: str) -> AWSResponse | None: ...


@dataclass
class Wire:
    """The requests of every client made in the block; the one numbered `failing`, from 1, meets `fault`."""

    fault: Fault | None = None
    failing: int = 0
    seen: int = 0
    canned: dict[str, bytes] = field(default_factory=dict)

    def before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        self.seen += 1
        if self.fault is not None and self.seen == self.failing:
            return self.fault(request, event_name=event_name)
        body = self.canned.get(event_name.rpartition(".")[2])
        return None if body is None else answer(request, body=body)

    def arm(self, fault: Fault | None, *, failing: int = 1) -> None:
        self.fault, self.failing, self.seen = fault, failing, 0


class Body:
    """What urllib3 gives botocore to read."""

    def __init__(self, content: bytes, error: Exception | None = None) -> None:
        self._content, self._error = content, error

    def read(self, amount: int | None = None) -> bytes:
        if self._error is not None:
            raise self._error
        content, self._content = self._content, b""
        return content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def faulty_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """An account on moto, and the wire to it; nothing is tried twice."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with mock_aws():
        session = boto3.Session()
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        wire = Wire()
        session.events.register_first("before-send", wire.before_send)
        yield wire


def create_table(name: str, hash_key: str, range_key: str) -> None:
    boto3.client("dynamodb", REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in (hash_key, range_key)],
        BillingMode="PAY_PER_REQUEST",
    )


def answer(
    request: AWSPreparedRequest, *, body: bytes, status: int = 200, error: Exception | None = None
) -> AWSResponse:
    return AWSResponse(request.url, status, {"content-length": str(len(body))}, Body(body, error))


def raising(error: Exception) -> Fault:
    def fault(request: AWSPreparedRequest, *, event_name: str) -> AWSResponse | None:
        raise error

    return fault


def refusing(code: str, status: int) -> Fault:
    """The service's own refusal, in its own protocol."""

    def fault(request: AWSPreparedRequest, *, event_name: str) -> AWSResponse | None:
        service = event_name.split(".")[1]
        if service == "s3":
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        elif service == "sts":
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        elif service == "ec2":
            body = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
        else:
            body = json.dumps({"__type": code, "code": code, "message": "no"})
        return answer(request, body=body.encode(), status=status)

    return fault


def saying(body: bytes, *, status: int) -> Fault:
    """Somebody on the way, such as a proxy, who answers in AWS's place."""

    def fault(request: AWSPreparedRequest, *, event_name: str) -> AWSResponse | None:
        return answer(request, body=body, status=status)

    return fault


def breaking_off(error: Exception | None) -> Fault:
    """An answer whose body cannot be read to its end; only streamed bodies are read outside the SDK's own guard."""

    def fault(request: AWSPreparedRequest, *, event_name: str) -> AWSResponse | None:
        if not request.stream_output:
            return None
        broken = answer(request, body=b"abc", error=error)
        broken.headers["content-length"] = "1000"
        return broken

    return fault


def sdk_exceptions() -> dict[str, Exception]:
    """One of every exception class that botocore declares on its own root."""
    found = [
        kind
        for kind in vars(botocore.exceptions).values()
        if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError)
    ]
    return {kind.__name__: kind(**_fields(kind)) for kind in found}


def _fields(kind: type[botocore.exceptions.BotoCoreError]) -> Mapping[str, object]:
    named = (name.partition(".")[0].partition("[")[0] for _, name, _, _ in string.Formatter().parse(kind.fmt) if name)
    fields: dict[str, object] = dict.fromkeys(named, "x")
    if kind is botocore.exceptions.WaiterError:
        fields["last_response"] = {}
    return fields


ON_THE_WAY: Mapping[str, Fault] = {
    "connection reset": raising(ConnectionResetError(104, "reset")),
    "time-out of the system": raising(TimeoutError("timed out")),
    "no token file": raising(FileNotFoundError(2, "No such file", "/var/run/token")),
    "unreadable token file": raising(PermissionError(13, "Permission denied", "/var/run/token")),
    "urllib3": raising(urllib3.exceptions.ProtocolError("broken")),
    "unparsable": raising(ResponseParserError("not XML")),
    "gateway": saying(b"<html>bad gateway</html>", status=502),
    "login page": saying(b"<html><p>log in</html>", status=200),
    "empty": saying(b"", status=200),
    "body cut off": breaking_off(None),
    "body times out": breaking_off(urllib3.exceptions.ReadTimeoutError(None, "/", "slow")),  # type: ignore[arg-type]
    "body resets": breaking_off(urllib3.exceptions.ProtocolError("reset")),
    "body's cipher": breaking_off(urllib3.exceptions.SSLError("bad record")),
    "body's encoding": breaking_off(urllib3.exceptions.DecodeError("gzip")),
}
REFUSALS: Mapping[str, Fault] = {code: refusing(code, status) for code, status in CODES.items()}
RAISED: Mapping[str, Fault] = {name: raising(error) for name, error in sdk_exceptions().items()}
MAY_PASS = {"login page", "empty", *(name for name in ON_THE_WAY if name.startswith("body"))}
"""Faults that an operation without an answer to read, or without a streamed one, cannot see."""
