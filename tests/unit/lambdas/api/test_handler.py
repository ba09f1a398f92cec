"""The HTTP API over an account on moto, asked as API Gateway asks: payload format 2.0 of an HTTP API."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest

from lambdas.api.handler import app, handler
from quantos.capacity.adapters.s3_plans import S3PlanArchive, S3PlanLedger, floors_document
from quantos.capacity.adapters.stores import compose_bucket
from quantos.contracts.plan import PlanDocument, ScalingPlan
from quantos.environment.functions import API, CAPACITY_READ, HTTP_ROUTES
from sandbox.events.events import Account, local_context
from tests.support.environments import make_settings
from tests.support.plan_cases import make_plan
from tests.support.telemetry_account import telemetry_account

ACCOUNT = Account(environment="dev", account_id="123456789012", region="us-east-1")
CONTEXT = local_context("api", account=ACCOUNT, invocation=1, timeout_seconds=10).as_lambda_context()
STACK = "dev-capacity"
CURRENT, PLAN = "GET /api/capacity/{stack}", "GET /api/capacity/{stack}/plans/{plan_id}"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with telemetry_account(monkeypatch, now=datetime(2026, 3, 2, tzinfo=UTC)):
        yield


def ask(path: str, *, key: str, scopes: list[str] | None, claims: dict[str, str] | None = None) -> dict[str, Any]:
    """What the gateway sends for a request whose token has these scopes; with None, for a route without authorizer."""
    context: dict[str, Any] = {
        "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "10.0.0.1", "userAgent": "test"},
        "requestId": "r-1",
        "routeKey": key,
        "stage": "$default",
    }
    if scopes is not None:
        context["authorizer"] = {"jwt": {"claims": {"sub": "ada", **(claims or {})}, "scopes": scopes or None}}
    event = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "application/json"},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    return handler(event, CONTEXT)


def problem(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    body = json.loads(answer["body"])
    assert body["status"] == answer["statusCode"]
    assert body["title"] == HTTPStatus(body["status"]).phrase
    assert body["type"] == f"urn:quantos:problem:{body['code']}"
    assert body["detail"]
    assert body["remedy"]
    return body


def keep(plan: ScalingPlan) -> None:
    S3PlanArchive(compose_bucket(make_settings())).put(plan)


def test_every_declared_route_and_no_other_is_answered() -> None:
    answered = {
        f"{route.method} {route.path.replace('<', '{').replace('>', '}')}"
        for route in app._static_routes + app._dynamic_routes
    }
    assert answered == {route.key for route in HTTP_ROUTES if route.function == API}


def test_health_answers_to_any_valid_token() -> None:
    answer = ask("/api/health", key="GET /api/health", scopes=[])
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok", "environment": "dev"})


def test_before_the_first_plan_the_stack_stands_on_the_floors() -> None:
    answer = ask(f"/api/capacity/{STACK}", key=CURRENT, scopes=[CAPACITY_READ])
    document = PlanDocument.model_validate_json(answer["body"])
    assert answer["statusCode"] == 200
    assert document == floors_document(make_settings(), stack=STACK)


def test_the_applied_document_is_answered_whole() -> None:
    settings = make_settings()
    document = make_plan().document().model_copy(update={"stack": STACK})
    S3PlanLedger(compose_bucket(settings), settings, STACK).replace(document, expected_version=None)
    answer = ask(f"/api/capacity/{STACK}", key=CURRENT, scopes=["other", CAPACITY_READ])
    assert PlanDocument.model_validate_json(answer["body"]) == document


def test_a_plan_is_answered_with_its_explanation() -> None:
    plan = make_plan().identified()
    keep(plan)
    answer = ask(f"/api/capacity/{STACK}/plans/{plan.plan_id}", key=PLAN, scopes=[CAPACITY_READ])
    assert ScalingPlan.model_validate_json(answer["body"]) == plan
    assert json.loads(answer["body"])["explanation"]["sentence"]


@pytest.mark.parametrize("plan_id", ["f" * 64, "f" * 63, "current", "%2e%2e"])
def test_a_plan_that_is_not_there_is_not_found(plan_id: str) -> None:
    answer = ask(f"/api/capacity/{STACK}/plans/{plan_id}", key=PLAN, scopes=[CAPACITY_READ])
    assert (problem(answer)["code"], answer["statusCode"]) == ("capacity.plan-not-found", 404)


def test_an_id_that_only_begins_like_a_plans_is_not_found() -> None:
    plan = make_plan().identified()
    keep(plan)
    answer = ask(f"/api/capacity/{STACK}/plans/{plan.plan_id[:12]}", key=PLAN, scopes=[CAPACITY_READ])
    assert problem(answer)["code"] == "capacity.plan-not-found"


@pytest.mark.parametrize("stack", ["prod-capacity", "dev-foundation"])
def test_a_stack_of_another_environment_or_layer_is_not_found(stack: str) -> None:
    answer = ask(f"/api/capacity/{stack}", key=CURRENT, scopes=[CAPACITY_READ])
    assert (problem(answer)["code"], answer["statusCode"]) == ("capacity.stack-unknown", 404)


@pytest.mark.parametrize("scopes", [None, [], ["capacity:write"], ["capacity:read "]])
def test_without_the_scope_nothing_is_read(scopes: list[str] | None) -> None:
    answer = ask(f"/api/capacity/{STACK}", key=CURRENT, scopes=scopes)
    assert (problem(answer)["code"], answer["statusCode"]) == ("access.refused", 403)


def test_a_route_without_authorizer_stays_shut_even_where_no_scope_is_needed() -> None:
    answer = ask("/api/health", key="GET /api/health", scopes=None)
    assert problem(answer)["code"] == "access.refused"


@pytest.mark.parametrize(
    ("path", "key"), [("/api/nothing", "$default"), ("/api/health", "$default"), ("/api/nothing", "GET /api/health")]
)
def test_a_path_that_is_not_declared_is_not_found(path: str, key: str) -> None:
    answer = ask(path, key=key, scopes=[CAPACITY_READ])
    assert (problem(answer)["code"], answer["statusCode"]) == ("api.no-route", 404)


def test_what_went_wrong_on_our_side_is_not_told_outside() -> None:
    compose_bucket(make_settings()).put("current.json", b"no document")
    answer = ask(f"/api/capacity/{STACK}", key=CURRENT, scopes=[CAPACITY_READ])
    assert answer["statusCode"] == 500
    assert "current.json" not in json.dumps(problem(answer))
