"""Commands on runs ask the API of the sandbox, and say what it answers."""

import json
import os
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from rich.console import Console

from cli.main import run
from lambdas.submit.routes import service
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol import dispatching, observing
from quantos.orchestration.protocol.rows import AttemptKey, Finished, RunKey, Submission, submission_key
from quantos.orchestration.protocol.steps import Now
from sandbox.api.gateway import serving
from sandbox.orchestration.record import ServiceRecord, own_mark
from tests.support.dags import stated
from tests.support.orchestration_account import NOW, Api, orchestration_api

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Api]:
    monkeypatch.setenv("QUANTOS_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("QUANTOS_SANDBOX", "1")
    monkeypatch.setenv("QUANTOS_TEAM", "research")
    monkeypatch.setenv("QUANTOS_SUBJECT", "ann")
    with orchestration_api(monkeypatch, tmp_path) as made, serving(made.gateway) as address:
        ServiceRecord("dev", address, own_mark()).write(tmp_path)
        yield made


@pytest.fixture
def ask(api: Api, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        lines = [line for line in captured.out.splitlines() if not line.startswith('{"')]
        return code, "\n".join(lines) + captured.err

    return asked


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "dag.json"
    path.write_text(json.dumps(stated([("a", "b")], nodes=["a", "b"])))
    return str(path)


def test_a_dag_is_submitted_under_an_id_and_stands_in_the_list(ask: Ask, file: str) -> None:
    code, said = ask("submit", "dev", file, "--id", "nightly-1", "--priority", "low")
    assert code == 0
    assert "nightly-1 run 1 accepted: feature, priority low, holds 1 CPU-hours" in said
    assert "as ann of research" in said
    code, said = ask("submissions", "dev")
    assert (code, said.count("nightly-1")) == (0, 1)
    code, said = ask("status", "dev", "nightly-1")
    assert (code, "waits: ready" in said, "waits: upstream" in said) == (0, True, True)


def test_a_dry_run_says_so_and_leaves_nothing(ask: Ask, file: str) -> None:
    assert "would be accepted" in ask("submit", "dev", file, "--id", "nightly-1", "--dry-run")[1]
    code, said = ask("status", "dev", "nightly-1")
    assert code == 1
    assert "404: the team research has no submission 'nightly-1'" in said


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Bad_ID!", "404: no submission can be called 'Bad_ID!'"), ("a/b", "404: Not Found"), ("", "404: Not Found")],
)
def test_an_id_that_no_submission_can_have_is_told_as_it_was_typed(ask: Ask, name: str, expected: str) -> None:
    code, said = ask("status", "dev", name)
    assert (code, expected in said, "`quantos submissions` lists" in said) == (1, True, True)


def test_a_pool_that_there_is_not_is_told_with_the_nearest(ask: Ask, file: str) -> None:
    code, said = ask("submit", "dev", file, "--id", "nightly-1", "--pool", "gpo")
    assert (code, "dev has no pool gpo for runs; did you mean gpu? Name one of cpu, " in said) == (1, True)


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("command", [["sandbox", "serve", "dev"], ["demo-orchestration"]])
def test_where_orchestration_runs_no_other_takes_its_place(
    ask: Ask, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("something was started")

    monkeypatch.setattr("cli.checkout.orchestration.find_engine", started)
    code, said = ask(*command)
    assert (code, f"the orchestration of dev runs in this sandbox, as process {os.getpid()}" in said) == (1, True)


def test_a_dag_without_an_id_is_refused_before_anything_is_asked(ask: Ask, file: str) -> None:
    code, said = ask("submit", "dev", file)
    assert (code, "--id" in said) == (1, True)


WRONG = """\
version: 1
pipeline_id: bars
pipeline_id: other
slo: {max_runtime: 2h}
nodes:
  - {id: a, kind: python_task, image: "team/a:1"}
edges: [{from: a, to: c}]
"""


def test_faults_of_a_dag_are_told_where_they_stand_in_its_file(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    code, said = ask("submit", "dev", str(path), "--id", "nightly-1")
    assert code == 1
    assert f"{path}: line 7, column 19: edges.0.to: there is no node c" in said
    assert f"{path}: line 3, column 1: pipeline_id: key 'pipeline_id' stands twice" in said


def test_faults_of_a_whole_submission_are_told_where_they_stand_in_its_file(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("params: {env: dev, submission_id: nightly-1}\ndag:\n" + textwrap.indent(WRONG, "  "))
    code, said = ask("submit", "dev", str(path))
    assert code == 1
    assert "line 9, column 21: dag.edges.0.to: there is no node c" in said
    code, said = ask("submit", "dev", str(path), "--priority", "low")
    assert code == 1
    assert f"{path}: line 5, column 3: dag.pipeline_id: key 'pipeline_id' stands twice" in said


def test_faults_of_options_are_told_without_a_line_of_what_nobody_wrote(ask: Ask, file: str) -> None:
    code, said = ask("submit", "dev", file, "--id", "nightly-1", "--priority", "lowest")
    assert code == 1
    assert "  params.priority: input should be 'low', 'normal' or 'high'" in said
    assert "line" not in said.split("params.priority")[0]


def test_a_run_is_cancelled_and_why_says_what_becomes_of_it(ask: Ask, file: str) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    assert "nightly-1 run 1: ending" in ask("cancel", "dev", "nightly-1")[1]
    assert "it was asked to end" in ask("why", "dev", "nightly-1")[1]
    code, said = ask("rerun", "dev", "nightly-1")
    assert (code, "409" in said) == (1, True)


def test_another_team_is_told_of_nothing(ask: Ask, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    monkeypatch.setenv("QUANTOS_TEAM", "risk")
    for command in (["status"], ["why"], ["lineage"], ["logs", "--node", "a"], ["cancel"], ["approve-burst"]):
        code, said = ask(command[0], "dev", "nightly-1", *command[1:])
        assert (code, "404" in said) == (1, True), command


def test_logs_that_are_not_there_yet_are_said_to_be(ask: Ask, file: str) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    code, said = ask("logs", "dev", "nightly-1", "--node", "a")
    assert (code, "so far: " in said) == (0, True)


def test_logs_of_all_nodes_that_have_begun_are_printed_where_none_is_named(ask: Ask, file: str, api: Api) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    assert "no node has begun" in ask("logs", "dev", "nightly-1")[1]
    attempt = failed("wrong")
    archive = WorkspaceArchive(boto3.client("s3", "us-east-1"), api.settings.names().bucket("artifacts"))
    archive.put_log(str(attempt), 0, part=b"loss 1.0\n")
    code, said = ask("logs", "dev", "nightly-1")
    assert (code, "a:" in said, "loss 1.0" in said, "b:" in said) == (0, True, True, False)
    code, said = ask("logs", "dev", "nightly-1", "--attempt", "1")
    assert (code, "--node NODE" in said) == (1, True)


def test_what_has_ended_is_neither_accepted_nor_cancelled_again(ask: Ask, file: str) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    ask("cancel", "dev", "nightly-1")
    composed, now = service().composed, Now("2026-11-20", round(NOW.timestamp() * 1000))
    key = RunKey("research", "nightly-1")
    composed.surroundings.run(dispatching.dispatch(key, now=now, rules=composed.rules))
    code, said = ask("submit", "dev", file, "--id", "nightly-1")
    assert (code, "nightly-1 run 1 was submitted before and has ended" in said) == (0, True)
    assert "None" not in said
    assert "nightly-1 run 1: cancelled" in ask("cancel", "dev", "nightly-1")[1]


def test_what_a_program_said_steers_no_terminal(ask: Ask, file: str, api: Api) -> None:
    """Title, clearing and a turned direction; and brackets that are markup elsewhere."""
    escapes = "\x1b]0;title\x07\x1b[2J\x9b2J\u202e"
    ask("submit", "dev", file, "--id", "nightly-1")
    attempt = failed(f"{escapes}[/red] :smile:")
    archive = WorkspaceArchive(boto3.client("s3", "us-east-1"), api.settings.names().bucket("artifacts"))
    archive.put_log(str(attempt), 0, part=f"{escapes}loss [bold]1.0 :smile:\n".encode())
    _, logged = ask("logs", "dev", "nightly-1", "--node", "a")
    assert "loss [bold]1.0 :smile:" in logged
    code, shown = ask("status", "dev", "nightly-1")
    assert (code, "[/red] :smile:" in shown) == (0, True)
    _, told = ask("why", "dev", "nightly-1")
    for said in (logged, shown, told):
        assert [sign for sign in escapes if unicodedata.category(sign) in {"Cc", "Cf"} and sign in said] == []


def test_where_a_node_ran_is_cut_in_a_pipe_and_whole_on_a_terminal(
    ask: Ask, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("submit", "dev", file, "--id", "nightly-1")
    failed("x" * 300)
    assert "x" * 99 + "…" in ask("status", "dev", "nightly-1")[1]
    monkeypatch.setattr("cli.runs.standing.out", Console(force_terminal=True, soft_wrap=True))
    assert "x" * 300 in ask("status", "dev", "nightly-1")[1]


def failed(detail: str) -> AttemptKey:
    """Have the first attempt of a run's node end for a reason."""
    composed, run, now_ms = service().composed, RunKey("research", "nightly-1"), round(NOW.timestamp() * 1000)
    composed.surroundings.run(dispatching.dispatch(run, now=Now("2026-11-20", now_ms), rules=composed.rules))
    (submission,) = composed.rows.load([submission_key(run)])
    assert isinstance(submission, Submission)
    attempt = composed.rows.load_nodes(run, submission.digest)[0].last_attempt
    used = (("2026-11-20", Amount(cpu_ms=1)),)
    end = Finished(attempt, "failure", used=used, started_ms=now_ms - 1, ended_ms=now_ms, detail=detail)
    composed.surroundings.run(observing.finished(end, now_ms=now_ms, opened=composed.rules.opened))
    return attempt


def test_without_a_service_the_way_to_start_one_is_said(ask: Ask, file: str, tmp_path: Path) -> None:
    (tmp_path / "orchestration.json").unlink()
    code, said = ask("status", "dev", "nightly-1")
    assert (code, "quantos sandbox serve dev" in said) == (1, True)
