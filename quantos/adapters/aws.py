"""What AWS's SDK raises, for every adapter that calls it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import botocore.exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from quantos.errors import SettingsError
from quantos.translation import Vendor, translated

THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Codes by which services say that they were asked too often.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

_TOO_MANY_REQUESTS: Final = 429
_SERVERS_FAULT: Final = 500
_ON_THE_WAY: Final = (
    sdk.ConnectionError,
    sdk.HTTPClientError,
    sdk.IncompleteReadError,
    ResponseParserError,
    HTTPError,
    ConnectionError,
    TimeoutError,
)


def error_code(error: sdk.ClientError) -> str:
    """The code by which a service names why it refused; empty where it names none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_transient(error: Exception) -> bool:
    if isinstance(error, sdk.ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return status == _TOO_MANY_REQUESTS or status >= _SERVERS_FAULT or error_code(error) in THROTTLED
    return isinstance(error, _ON_THE_WAY)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the answer lacks {error.args[0]}"
    return " ".join(str(error).split()) or type(error).__name__


AWS: Final = Vendor(
    raises=(
        sdk.BotoCoreError,
        sdk.ClientError,
        ResponseParserError,
        HTTPError,
        OSError,
        KeyError,
        json.JSONDecodeError,
    ),
    reason=_reason,
    transient=_is_transient,
)
"""A call and the reading of its answer: a body may break off, an answer may lack what it must have (KeyError) or hold a
document that is none. Credentials are read from files at the first call, hence OSError.
"""

_CLIENT: Final = Vendor(raises=(*AWS.raises, ValueError), reason=_reason)


@contextmanager
def making_clients() -> Iterator[None]:
    """For the making of clients: raises SettingsError where profile, configuration file or endpoint are no good."""
    with translated(
        _CLIENT,
        into=SettingsError,
        what="no client of AWS can be made",
        remedy="correct the AWS profile, configuration file or endpoint that the process environment names",
    ):
        yield
