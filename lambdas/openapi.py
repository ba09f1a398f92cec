"""The HTTP API as an OpenAPI 3.1 document: made from the routes, the contracts and the problems that they answer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from lambdas.problems import CONTENT_TYPE
from quantos.contracts.dag.answers import (
    LineageAnswer,
    ListAnswer,
    LogsAnswer,
    StatusAnswer,
    SubmitAnswer,
    WhyAnswer,
)
from quantos.contracts.dag.submission import SUBMISSION_ID, SubmissionRequest
from quantos.contracts.plan import PlanDocument, ScalingPlan
from quantos.environment.functions import HTTP_ROUTES, HttpRoute

Document = dict[str, JsonValue]
_REFS: Final = "#/components/schemas/{model}"
_RUN: Final[Document] = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_FLAG: Final[Document] = {"type": "string", "enum": ["true", "false"]}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route takes and answers.

    Attributes:
        answers: by status, a model; None is a small document of texts.
        query: schemas of query parameters by name; those in `required` must be given.
        problems: statuses beside those of every route.
    """

    summary: str
    answers: Mapping[int, type[BaseModel] | None]
    query: Mapping[str, Document] | None = None
    required: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GET /api/health": Operation(summary="That the API runs", answers={200: None}),
    "GET /api/capacity/{stack}": Operation(
        summary="The applied plan document", answers={200: PlanDocument}, problems=(404,)
    ),
    "GET /api/capacity/{stack}/plans/{plan_id}": Operation(
        summary="A plan with its explanation", answers={200: ScalingPlan}, problems=(404,)
    ),
    "POST /api/orch/submit": Operation(
        summary="Submit a run; with dry_run only say what would be accepted",
        answers={200: SubmitAnswer, 202: SubmitAnswer},
        query={"dry_run": _FLAG},
        body=SubmissionRequest,
        problems=(400, 409, 422),
    ),
    "POST /api/orch/cancel/{id}": Operation(
        summary="Ask the last run under an id to end", answers={202: StatusAnswer}, problems=(404,)
    ),
    "POST /api/orch/rerun/{id}": Operation(
        summary="Begin the next run under an id whose last one ended without success",
        answers={202: StatusAnswer},
        problems=(404, 409, 422),
    ),
    "POST /api/orch/approve-burst/{id}": Operation(
        summary="Grant a waiting run what it misses, of the team's credit",
        answers={202: StatusAnswer},
        problems=(404, 409),
    ),
    "GET /api/orch/submissions": Operation(
        summary="Runs of the caller's team, the newest first",
        answers={200: ListAnswer},
        query={"limit": {"type": "integer", "minimum": 1, "maximum": 100}, "before": {"type": "string"}},
        problems=(400,),
    ),
    "GET /api/orch/status/{id}": Operation(
        summary="A run as it stands", answers={200: StatusAnswer}, query={"run": _RUN}, problems=(400, 404)
    ),
    "GET /api/orch/why/{id}": Operation(summary="Why a run does not go on", answers={200: WhyAnswer}, problems=(404,)),
    "GET /api/orch/logs/{id}": Operation(
        summary="A page of what a node's attempt wrote",
        answers={200: LogsAnswer},
        query={
            "node": {"type": "string", "minLength": 1},
            "run": _RUN,
            "attempt": {"type": "integer", "minimum": 1, "maximum": 1000},
            "cursor": {"type": "string"},
        },
        required=("node",),
        problems=(400, 404, 410),
    ),
    "GET /api/orch/lineage/{id}": Operation(
        summary="What a run took and gave", answers={200: LineageAnswer}, query={"run": _RUN}, problems=(400, 404)
    ),
}
"""By the route's key. Every route has one."""


def openapi() -> Document:
    """The document."""
    models = {model for operation in OPERATIONS.values() for model in _models(operation)}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=_REFS)
    paths: dict[str, JsonValue] = {}
    for route in HTTP_ROUTES:
        methods = paths.setdefault(route.path, {})
        if isinstance(methods, dict):
            methods[route.method.lower()] = _operation(route, OPERATIONS[route.key])
    return {
        "openapi": "3.1.0",
        "info": {"title": "quantos", "version": metadata.version("quantos"), "license": _license()},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _problem()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _models(operation: Operation) -> Iterator[type[BaseModel]]:
    yield from (model for model in operation.answers.values() if model is not None)
    if operation.body is not None:
        yield operation.body


def _operation(route: HttpRoute, operation: Operation) -> Document:
    document: Document = {
        "summary": operation.summary,
        "operationId": "-".join([route.method.lower(), *re.findall(r"[a-z_-]+", route.path)]),
        "parameters": [*_path_parameters(route), *_query_parameters(operation)],
        "security": [{"token": [route.scope] if route.scope else []}],
        "responses": {
            **{str(status): _answer(model) for status, model in operation.answers.items()},
            **{str(status): _refusal(status) for status in (401, 403, *operation.problems)},
        },
    }
    if operation.body is not None:
        schema: JsonValue = {"$ref": _REFS.format(model=operation.body.__name__)}
        content: Document = {kind: {"schema": schema} for kind in ("application/json", "application/yaml")}
        document["requestBody"] = {"required": True, "content": content}
    return document


def _path_parameters(route: HttpRoute) -> Iterator[JsonValue]:
    for part in route.path.split("/"):
        if part.startswith("{"):
            name = part[1:-1]
            schema: Document = {"type": "string", "minLength": 1}
            if name == "id":
                schema["pattern"] = f"^{SUBMISSION_ID.pattern}$"
            yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(operation: Operation) -> Iterator[JsonValue]:
    for name, schema in (operation.query or {}).items():
        yield {"name": name, "in": "query", "required": name in operation.required, "schema": schema}


def _answer(model: type[BaseModel] | None) -> JsonValue:
    schema: Document = {"type": "object", "additionalProperties": {"type": "string"}}
    if model is not None:
        schema = {"$ref": _REFS.format(model=model.__name__)}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _refusal(status: int) -> JsonValue:
    """The gateway's own are not problems of RFC 9457."""
    schema: Document = {"$ref": _REFS.format(model="Problem")}
    content: Document = {CONTENT_TYPE: {"schema": schema}}
    if status in {401, 403}:
        content["application/json"] = {"schema": {"type": "object", "required": ["message"]}}
    return {"description": "Refused", "content": content}


def _problem() -> Document:
    text: Document = {"type": "string"}
    fault: Document = {
        "type": "object",
        "required": ["path", "message"],
        "properties": {"path": text, "message": text, "line": {"type": "integer"}, "column": {"type": "integer"}},
    }
    return {
        "type": "object",
        "description": "RFC 9457, with the error's own code and remedy; of a document all that is wrong with it.",
        "required": ["type", "title", "status", "detail", "code", "remedy"],
        "properties": {
            **dict.fromkeys(("type", "title", "detail", "code", "remedy"), text),
            "status": {"type": "integer"},
            "faults": {"type": "array", "items": fault},
        },
    }


def _license() -> Document:
    return {"name": "Apache-2.0", "identifier": "Apache-2.0"}
