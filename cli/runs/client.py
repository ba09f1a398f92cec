"""The HTTP API from the outside: what commands on runs ask, and how its problems are told."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from quantos.contracts.base import Contract
from quantos.errors import OrchestrationError
from quantos.translation import Vendor, translated

AnswerT = TypeVar("AnswerT", bound=Contract)
TIMEOUT_SECONDS: Final = 40.0
_HTTP: Final = Vendor(raises=(OSError,))


class _Fault(BaseModel):
    path: str
    message: str
    line: int | None = None
    column: int | None = None


class _Problem(BaseModel):
    detail: str = ""
    message: str = ""
    remedy: str = ""
    faults: tuple[_Fault, ...] = ()


@dataclass(frozen=True)
class ApiClient:
    """One API; `token` is who asks."""

    address: str
    token: str

    def get(self, path: str, answer: type[AnswerT], **query: str | int | None) -> AnswerT:
        """What a route answers. Raises OrchestrationError for a problem, or where nothing answers."""
        return self._ask("GET", path, answer, query=query)

    def post(
        self,
        path: str,
        answer: type[AnswerT],
        *,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
        as_written: bool = True,
    ) -> AnswerT:
        """What a route answers to a document. Raises OrchestrationError as `get`.

        Args:
            as_written: whether a person wrote the document, so that the places of its faults tell something.
        """
        return self._ask("POST", path, answer, query=query or {}, body=body, as_written=as_written)

    def _ask(
        self,
        method: str,
        path: str,
        answer: type[AnswerT],
        *,
        query: Mapping[str, str | int | None],
        body: bytes | None = None,
        as_written: bool = True,
    ) -> AnswerT:
        stated = {name: value for name, value in query.items() if value not in {None, ""}}
        url = f"{self.address}{path}" + (f"?{urllib.parse.urlencode(stated)}" if stated else "")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/yaml"}
        request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310  as configured
        remedy = "check QUANTOS_API, or with --sandbox that it runs: `quantos sandbox serve`"
        with translated(_HTTP, into=OrchestrationError, what=f"{self.address} does not answer", remedy=remedy):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                    content = response.read()
            except urllib.error.HTTPError as exc:
                raise _refusal(exc.code, exc.read(), as_written=as_written) from None
        try:
            return answer.model_validate_json(content)
        except ValidationError as exc:
            raise OrchestrationError(
                f"{path} answered what this release does not understand: {exc.errors()[0]['msg']}",
                remedy="use the release that the environment runs",
            ) from exc


def quoted(submission_id: str) -> str:
    """An id as a part of a path."""
    return urllib.parse.quote(submission_id, safe="")


def own_token() -> str:
    """The caller's token, of `QUANTOS_TOKEN`. Raises OrchestrationError where it is not set."""
    token = os.environ.get("QUANTOS_TOKEN", "")
    if not token:
        raise OrchestrationError(
            "QUANTOS_TOKEN is not set", remedy="log in at the environment's issuer and set it to the access token"
        )
    return token


def _refusal(status: int, content: bytes, *, as_written: bool) -> OrchestrationError:
    try:
        document: JsonValue = json.loads(content)
        problem = _Problem.model_validate(document)
    except (ValueError, ValidationError):
        problem = _Problem(detail=content.decode(errors="replace")[:300])
    faults = (_line(fault, as_written=as_written) for fault in problem.faults)
    lines = [f"{status}: {problem.detail or problem.message}", *faults]
    return OrchestrationError("\n".join(lines) if problem.faults else lines[0], remedy=problem.remedy or _hint(status))


def _line(fault: _Fault, *, as_written: bool) -> str:
    where = "" if fault.line is None or not as_written else f"line {fault.line}, column {fault.column}: "
    return f"  {where}{fault.path}: {fault.message}" if fault.path else f"  {where}{fault.message}"


def _hint(status: int) -> str:
    return {
        401: "ask for a new token",
        403: "ask for a token with the scope that docs/api.md names",
        404: "check the id: `quantos submissions` lists those of the team",
        429: "ask again a moment later",
    }.get(status, "try again, and give the platform team the request id")
