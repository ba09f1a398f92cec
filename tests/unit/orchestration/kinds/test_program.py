"""What every kind that runs an image's program asks for, hands over and takes back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quantos.contracts.dag.outputs import Output
from quantos.contracts.dag.spec import Node
from quantos.orchestration.execution.classify import ExitFacts, classify
from quantos.orchestration.execution.local import Evidence, Given, LocalAttempt, Program, Ran, Statement
from quantos.orchestration.kinds import python_task, ray_job
from quantos.orchestration.kinds.kind import Kind

TABLE = Output(type="table", uri="iceberg://lake/data", snapshot_id="7", size_bytes=10)


class OneProgram:
    """Engines whose programs all do the same."""

    def __init__(self, does: Callable[[Program], None], exit_code: int = 0) -> None:
        self.does = does
        self.exit_code = exit_code

    def fetch(self, output: Output, place: Path) -> Path:
        return place

    def run_program(self, program: Program) -> Ran:
        self.does(program)
        evidence = Evidence(engine="python", version="3", reality="real")
        return Ran(facts=ExitFacts(exit_code=self.exit_code), evidence=evidence)

    def run_ray_job(self, program: Program) -> Ran:
        return self.run_program(program)

    def run_statement(self, statement: Statement) -> Ran:
        raise NotImplementedError


def attempt(kind: Kind, workspace: Path, engines: OneProgram) -> LocalAttempt:
    fields = {"id": "a", "kind": kind.name, "image": "a:1", "params": {"epochs": 3}, "outs": ["model_uri"]}
    return LocalAttempt(
        name="alpha/bt-1/1/a/1",
        team="alpha",
        submission_id="bt-1",
        node=Node.model_validate(fields),
        workspace=workspace,
        inputs={"data": TABLE},
        variables={"VIEW": "v2"},
        secrets=workspace / "secrets",
        given=Given(cores=1, memory_bytes=2**30, gpus=0, time_ms=60_000),
        engines=engines,
    )


def gives_what_it_was_given(program: Program) -> None:
    params = Path(program.variables["QUANTOS_PARAMS"]).read_text()
    inputs = json.loads(Path(program.variables["QUANTOS_INPUTS"]).read_text())
    (program.folder / "model.json").write_text(json.dumps([json.loads(params), inputs, program.variables["VIEW"]]))
    Path(program.variables["QUANTOS_OUTPUTS"]).write_text('{"model_uri": "model.json"}')


KINDS = pytest.mark.parametrize("kind", [python_task.KIND, ray_job.KIND], ids=lambda kind: kind.name)


@KINDS
def test_a_program_is_in_an_image_and_its_params_are_its_own(kind: Kind) -> None:
    fields = {"id": "a", "kind": kind.name, "params": {"anything": [{"deep": None}]}}
    with_image = Node.model_validate({**fields, "image": "a:1"})
    without = Node.model_validate(fields)
    assert [fault for check in kind.checks for fault in check(with_image)] == []
    ((path, message),) = (fault for check in kind.checks for fault in check(without))
    assert path == ("image",)
    assert message.startswith(f"is missing: a {kind.name} runs a program of an image")


@KINDS
def test_a_program_reads_params_and_inputs_and_its_outputs_are_taken(kind: Kind, tmp_path: Path) -> None:
    ran = kind.run_locally(attempt(kind, tmp_path, OneProgram(gives_what_it_was_given)))
    assert classify(ran.facts) == ("succeeded", "")
    assert ran.outputs == {"model_uri": tmp_path / "model.json"}
    inputs = {"data": {"path": str(tmp_path / "inputs/data"), "output": TABLE.model_dump(mode="json")}}
    assert json.loads((tmp_path / "model.json").read_text()) == [{"epochs": 3}, inputs, "v2"]


@KINDS
def test_a_program_that_gives_not_what_it_should_has_failed(kind: Kind, tmp_path: Path) -> None:
    def gives_another(program: Program) -> None:
        Path(program.variables["QUANTOS_OUTPUTS"]).write_text('{"another": "params.json"}')

    ran = kind.run_locally(attempt(kind, tmp_path, OneProgram(gives_another)))
    end, why = classify(ran.facts)
    assert (end, ran.outputs) == ("failure", {})
    assert "model_uri is missing" in why
    assert "'another' is given, and not declared" in why


@KINDS
def test_of_a_program_that_failed_nothing_is_taken(kind: Kind, tmp_path: Path) -> None:
    ran = kind.run_locally(attempt(kind, tmp_path, OneProgram(gives_what_it_was_given, exit_code=3)))
    assert (classify(ran.facts)[0], ran.outputs) == ("failure", {})
