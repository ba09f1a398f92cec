"""Errors as an HTTP API answers them: `application/problem+json`, RFC 9457, with the error's own code and remedy."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import JsonValue

from quantos.errors import (
    AccessError,
    LogsExpiredError,
    NotAdmittedError,
    PlanNotFoundError,
    QuantosError,
    RequestError,
    StackUnknownError,
    SubmissionClashError,
    SubmissionInvalidError,
    SubmissionUnknownError,
    UnplaceableError,
)
from quantos.faults import Fault

CONTENT_TYPE: Final = "application/problem+json"
_STATUSES: Final[Mapping[type[QuantosError], HTTPStatus]] = MappingProxyType(
    {
        AccessError: HTTPStatus.FORBIDDEN,
        RequestError: HTTPStatus.BAD_REQUEST,
        PlanNotFoundError: HTTPStatus.NOT_FOUND,
        StackUnknownError: HTTPStatus.NOT_FOUND,
        SubmissionUnknownError: HTTPStatus.NOT_FOUND,
        SubmissionClashError: HTTPStatus.CONFLICT,
        LogsExpiredError: HTTPStatus.GONE,
        SubmissionInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
        NotAdmittedError: HTTPStatus.UNPROCESSABLE_ENTITY,
        UnplaceableError: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What a caller caused; every other error is ours."""


def problem(error: QuantosError) -> Response[str]:
    """The answer to a request that ended in `error`. What went wrong on our side is logged, and not told outside."""
    status = _STATUSES.get(type(error))
    if status is None:
        return _answer(
            HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else HTTPStatus.INTERNAL_SERVER_ERROR,
            code=error.code,
            detail="the request could not be answered",
            remedy="try again, and give the platform team the request id",
        )
    if isinstance(error, SubmissionInvalidError):
        count = len(error.faults)
        detail = f"the submission has {count} fault{'' if count == 1 else 's'}"
        return _answer(status, code=error.code, detail=detail, remedy=error.remedy, faults=error.faults)
    return _answer(status, code=error.code, detail=error.what, remedy=error.remedy)


def no_such_route() -> Response[str]:
    """The answer to a method or path that the API does not have."""
    return _answer(
        HTTPStatus.NOT_FOUND, code="api.no-route", detail="there is nothing here", remedy="docs/api.md lists what is"
    )


def no_such_name(name: str) -> Response[str]:
    """The answer to a path of one of the API's routes that names what nothing can be called."""
    return _answer(
        HTTPStatus.NOT_FOUND,
        code="api.no-route",
        detail=f"nothing can be called {name[:80]!a}",
        remedy="docs/api.md tells what ids are made of",
    )


def _answer(status: HTTPStatus, *, code: str, detail: str, remedy: str, faults: Sequence[Fault] = ()) -> Response[str]:
    body: dict[str, JsonValue] = {
        "type": f"urn:quantos:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "remedy": remedy,
    }
    if faults:
        body["faults"] = [_fault(fault) for fault in faults]
    return Response(status_code=status.value, content_type=CONTENT_TYPE, body=json.dumps(body))


def _fault(fault: Fault) -> dict[str, JsonValue]:
    place: dict[str, JsonValue] = (
        {} if fault.place is None else {"line": fault.place.line, "column": fault.place.column}
    )
    return {"path": fault.field, "message": fault.message, **place}
