"""What a program finds: its inputs, its variables, the secrets of its scope, and nothing of its caller."""

import json
from pathlib import Path

import pytest

from quantos.orchestration.protocol.rows import AttemptKey, RunKey
from quantos.orchestration.tracing.identity import traceparent
from tests.support.executors import ExecutorCase, give_input, order_of, put_request
from tests.support.script_image import gives, script

KEY = AttemptKey(RunKey("alpha", "bt-1"), "a", 1)


def told_by_program(
    executor: ExecutorCase, expression: str, *, secrets_scope: str | None = None, **more: object
) -> object:
    """What a program says of where it is."""
    node = script(gives("said", f"json.dumps({expression})"), outs=["said"], **more)
    order = order_of(put_request(executor, node, secrets_scope=secrets_scope), "a")
    (finished,) = executor.ended(order)
    assert finished.end == "succeeded", finished
    return json.loads(executor.body(executor.outputs(order)["said"].uri.removeprefix("s3://artifacts/")))


def test_variables_are_the_nodes_own_and_the_platforms(executor: ExecutorCase) -> None:
    variables = told_by_program(executor, "dict(os.environ)", env={"VIEW": "v2", "HOME": "/root"})
    assert isinstance(variables, dict)
    workspace = Path(variables["QUANTOS_PARAMS"]).parent
    stated = {"QUANTOS_TEAM": "alpha", "QUANTOS_SUBMISSION_ID": "bt-1", "QUANTOS_NODE": "a", "QUANTOS_ATTEMPT": "1"}
    assert {name: variables[name] for name in stated} == stated
    assert (variables["VIEW"], variables["HOME"]) == ("v2", str(workspace / "home"))
    assert variables["TRACEPARENT"] == traceparent(KEY)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in variables
    assert [name for name in variables if name.startswith(("AWS_", "UV_", "XDG_"))] == []


def put_secret(executor: ExecutorCase, scope: str, text: str) -> None:
    folder = executor.state / "secrets" / scope
    folder.mkdir(parents=True)
    (folder / "token").write_text(text)


def test_secrets_are_those_of_its_scope(executor: ExecutorCase) -> None:
    for scope, text in (("alpha/research/bars", "ours"), ("alpha/live", "of live"), ("beta/research/bars", "theirs")):
        put_secret(executor, scope, text)
    files = "pathlib.Path(os.environ['QUANTOS_SECRETS']).iterdir()"
    read = f"[(file.name, file.read_text(), file.stat().st_mode & 0o777) for file in {files}]"
    assert told_by_program(executor, read, secrets_scope="research/bars") == [["token", "ours", 0o600]]


@pytest.mark.parametrize("scope", ["beta", "beta/live"])
def test_a_scope_of_another_team_is_none_of_its_own(executor: ExecutorCase, scope: str) -> None:
    put_secret(executor, "beta", "theirs")
    put_secret(executor, "beta/live", "theirs")
    order = order_of(put_request(executor, script("pass"), secrets_scope=scope), "a")
    (finished,) = executor.ended(order)
    assert (finished.end, finished.detail) == ("infrastructure", f"there are no secrets of scope {scope}")


def test_without_a_scope_there_are_no_secrets(executor: ExecutorCase) -> None:
    assert told_by_program(executor, "os.listdir(os.environ['QUANTOS_SECRETS'])") == []


def test_a_scope_that_is_not_there_is_told(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(order_of(put_request(executor, script("pass"), secrets_scope="gamma"), "a"))
    assert finished.end == "infrastructure"
    assert "there are no secrets of scope gamma" in finished.detail


def test_inputs_are_what_the_attempts_before_it_gave(executor: ExecutorCase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of another")
    upstream = {"id": "before", "kind": "python_task", "image": "a:1", "outs": ["data"]}
    code = "name = json.loads(open(os.environ['QUANTOS_INPUTS']).read())['data']\n"
    node = script(
        code + gives("said", "open(name['path']).read() + name['output']['type']"), ins=["data"], outs=["said"]
    )
    digest = put_request(executor, upstream, node, edges=[{"from": "before", "to": "a"}])
    give_input(executor, "before", "data", file=tmp_path / "file")
    order = order_of(digest, "a", inputs=["before"])
    (finished,) = executor.ended(order)
    assert finished.end == "succeeded"
    output = executor.outputs(order)["said"]
    assert executor.body(output.uri.removeprefix("s3://artifacts/")) == b"of anotherobject"


def test_an_input_that_nobody_gave_is_said(executor: ExecutorCase) -> None:
    upstream = {"id": "before", "kind": "python_task", "image": "a:1", "outs": ["data"]}
    digest = put_request(executor, upstream, script("pass", ins=["data"]), edges=[{"from": "before", "to": "a"}])
    (finished,) = executor.ended(order_of(digest, "a"))
    assert (finished.end, finished.detail) == ("infrastructure", "no attempt gave data")


def test_a_table_is_refused_where_there_is_no_lake(executor: ExecutorCase) -> None:
    node = {"id": "a", "kind": "trino_sql", "params": {"sql_uri": "s3://queries/a.sql"}, "outs": ["data"]}
    (finished,) = executor.ended(order_of(put_request(executor, node), "a"))
    assert finished.end == "infrastructure"
    assert "this machine has no lake" in finished.detail
