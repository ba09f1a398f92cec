"""The API of runs: what it publishes of itself holds for every answer, and each team sees and touches its own only."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance as beyond_schemas

from lambdas.openapi import OPERATIONS, openapi
from quantos.environment.functions import HTTP_ROUTES, SUBMIT
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import Submission
from sandbox.api.gateway import serving
from scripts.json_schemas import FOLDER, openapi_text
from tests.support.dags import stated
from tests.support.orchestration_account import NOW, Api, orchestration_api

ROUTES = [route for route in HTTP_ROUTES if route.function == SUBMIT]


def body(name: str = "nightly-1", **params: object) -> bytes:
    dag = stated([("a", "b")], nodes=["a", "b"])
    return json.dumps({"dag": dag, "params": {"submission_id": name, "env": "dev", **params}}).encode()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Api]:
    with orchestration_api(monkeypatch, tmp_path) as made:
        yield made


def test_the_published_document_is_the_apis() -> None:
    assert (FOLDER / "openapi.json").read_text(encoding="utf-8") == openapi_text(), (
        "run `python -m scripts.json_schemas`"
    )


def test_every_route_is_described() -> None:
    assert set(OPERATIONS) == {route.key for route in HTTP_ROUTES}
    paths = openapi()["paths"]
    assert isinstance(paths, dict)
    assert set(paths) == {route.path for route in HTTP_ROUTES}


def test_a_submission_is_202_and_its_status_tells_it(api: Api) -> None:
    answer = api.ask("POST", "/api/orch/submit", body=body())
    assert answer.status == 202
    assert json.loads(answer.body)["hold"]["state"] == "held"
    standing = json.loads(api.ask("GET", "/api/orch/status/nightly-1").body)
    assert (standing["state"], standing["submitted_by"]) == ("running", "ann")
    assert [node["reason"] for node in standing["nodes"]] == ["ready", "upstream"]


def test_a_run_whose_ttl_is_over_says_so_for_its_logs_and_when_it_was_cleared(api: Api) -> None:
    api.ask("POST", "/api/orch/submit", body=body(ttl_days=5))
    rows = DynamoRows(client=boto3.client("dynamodb", "us-east-1"), table=api.settings.names().orchestration_table)
    (row,) = rows.load(["submission/research/nightly-1/1"])
    assert isinstance(row, Submission)
    day_ms, now_ms = 86_400_000, round(NOW.timestamp() * 1000)
    ended = replace(row, ended="cancelled", hold=None, ended_ms=now_ms - 5 * day_ms)
    rows.commit([Write(ended)], ())
    assert api.ask("GET", "/api/orch/logs/nightly-1?node=a").status == 200
    late = replace(ended, version=row.version + 1, ended_ms=now_ms - 6 * day_ms, cleared_ms=now_ms - day_ms)
    rows.commit([Write(late)], ())
    answer = api.ask("GET", "/api/orch/logs/nightly-1?node=a")
    assert (answer.status, json.loads(answer.body)["code"]) == (410, "orchestration.logs-expired")
    detail = json.loads(answer.body)["detail"]
    assert detail == (
        "the logs of research/nightly-1/1 are kept no more: its ttl of 5 days was over at 2026-11-19T12:00:00+00:00"
    )
    assert api.ask("GET", "/api/orch/logs/nightly-1?node=none").status == 404
    standing = json.loads(api.ask("GET", "/api/orch/status/nightly-1").body)
    assert standing["cleared_at"] == "2026-11-19T12:00:00Z"


def test_a_dry_run_is_200_and_leaves_nothing(api: Api) -> None:
    assert api.ask("POST", "/api/orch/submit?dry_run=true", body=body()).status == 200
    assert api.ask("GET", "/api/orch/status/nightly-1").status == 404


def test_all_that_is_wrong_with_a_submission_is_a_problem_with_places(api: Api) -> None:
    dag = stated([("a", "b"), ("b", "a")], nodes=["a", "b"]) | {"nodez": []}
    text = json.dumps({"dag": dag, "params": {"submission_id": "X", "env": "dev"}}, indent=1).encode()
    answer = api.ask("POST", "/api/orch/submit", body=text)
    problem = json.loads(answer.body)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert {fault["path"] for fault in problem["faults"]} >= {"dag.edges.0", "dag.nodez", "params.submission_id"}
    assert all(fault["line"] > 1 for fault in problem["faults"])


def test_another_body_under_an_id_is_409(api: Api) -> None:
    api.ask("POST", "/api/orch/submit", body=body())
    answer = api.ask("POST", "/api/orch/submit", body=body(priority="low"))
    assert answer.status == 409
    assert "params.priority: nothing -> 'low'" in json.loads(answer.body)["detail"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_foreign_team_finds_nothing_and_changes_nothing_on_any_route(api: Api, route) -> None:
    api.ask("POST", "/api/orch/submit", body=body())
    before = json.loads(api.ask("GET", "/api/orch/status/nightly-1").body)
    target = route.path.replace("{id}", "nightly-1") + ("?node=a" if "logs" in route.path else "")
    answer = api.ask(route.method, target, team="risk", subject="eve", body=body() if "submit" in target else b"")
    if route.path == "/api/orch/submissions":
        assert json.loads(answer.body)["runs"] == []
    elif route.path == "/api/orch/submit":
        assert answer.status == 403, "the pipeline is the other team's"
    else:
        assert answer.status == 404
    assert json.loads(api.ask("GET", "/api/orch/status/nightly-1").body) == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_no_route_opens_without_its_scope_or_a_team(api: Api, route) -> None:
    target = route.path.replace("{id}", "nightly-1")
    others = [scope for scope in ("orch:submit", "orch:read", "orch:approve") if scope != route.scope]
    assert api.ask(route.method, target, scopes=others).status == 403
    assert api.ask(route.method, target, team="nobody").status == 403
    assert api.ask(route.method, target, headers={"authorization": "Bearer x"}).status == 401


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=1e2", "limit=x", "limit="])
def test_a_wrong_number_is_400(api: Api, query: str) -> None:
    assert api.ask("GET", f"/api/orch/submissions?{query}").status == 400


def test_runs_are_listed_page_by_page(api: Api) -> None:
    for number in range(5):
        api.ask("POST", "/api/orch/submit", body=body(f"run-{number}"))
    names, before = [], ""
    while before is not None:
        page = json.loads(api.ask("GET", f"/api/orch/submissions?limit=2&before={before}").body)
        names += [run["submission_id"] for run in page["runs"]]
        before = page["next"]
    assert names == [f"run-{number}" for number in reversed(range(5))]


def test_whatever_is_asked_the_answer_is_as_the_document_says(api: Api) -> None:
    api.ask("POST", "/api/orch/submit", body=body())
    document = openapi()
    paths = document["paths"]
    assert isinstance(paths, dict)
    document["paths"] = {path: item for path, item in paths.items() if path.startswith("/api/orch/")}
    token = api.issuer.token("research", "ann", scopes=["orch:submit", "orch:read", "orch:approve"])
    with serving(api.gateway) as address:
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict({"base-url": address}))

        operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]

        @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
        @given(data=st.data())
        def conforms(data: st.DataObject) -> None:
            operation = data.draw(st.sampled_from(operations))
            case = data.draw(operation.as_strategy())
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=[beyond_schemas])

        conforms()


@pytest.mark.parametrize(
    ("part", "name"), [("Bad_ID%21", "'Bad_ID!'"), ("a%20b", "'a b'"), ("%22%3F", "'\"?'"), ("%2521", "'%21'")]
)
def test_an_id_that_no_submission_can_have_is_404_as_it_was_meant(api: Api, part: str, name: str) -> None:
    answer = api.ask("GET", f"/api/orch/status/{part}")
    assert answer.status == 404
    assert f"can be called {name}" in json.loads(answer.body)["detail"]


def test_an_encoded_id_is_the_id(api: Api) -> None:
    api.ask("POST", "/api/orch/submit", body=body())
    assert api.ask("GET", "/api/orch/status/%6Eightly%2D1").status == 200
    assert api.ask("GET", "/api/orch/status/nightly%2F1").status == 404


def test_a_foreign_environment_is_told_with_all_else(api: Api) -> None:
    problem = json.loads(api.ask("POST", "/api/orch/submit", body=body("X", env="prod")).body)
    assert {fault["path"] for fault in problem["faults"]} == {"params.submission_id", "params.env"}


@pytest.mark.parametrize(("query", "status"), [("cursor=x", 400), ("attempt=1000", 404), ("attempt=1", 404)])
def test_a_log_that_never_was_is_not_there(api: Api, query: str, status: int) -> None:
    api.ask("POST", "/api/orch/submit", body=body())
    assert api.ask("GET", f"/api/orch/logs/nightly-1?node=b&{query}").status == status


def test_a_run_of_more_cores_than_32_bits_hold_is_422(api: Api) -> None:
    dag = stated([], nodes=[f"n{number}" for number in range(600)])
    for node in dag["nodes"]:
        node["resources"] = {"cpu": "4096"}
    document = {"dag": dag, "params": {"submission_id": "x", "env": "dev"}}
    assert api.ask("POST", "/api/orch/submit", body=json.dumps(document).encode()).status == 422
