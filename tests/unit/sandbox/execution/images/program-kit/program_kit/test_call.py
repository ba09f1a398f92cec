"""A program reads what it was given by the paths in its variables."""

import json
from pathlib import Path

import pytest
from program_kit.call import Call, RefusedError


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.json").write_text('{"epochs": 3}')
    (tmp_path / "inputs.json").write_text(json.dumps({"data": {"path": "/there", "output": {}}}))
    names = {"QUANTOS_PARAMS": "params.json", "QUANTOS_INPUTS": "inputs.json", "QUANTOS_OUTPUTS": "outputs.json"}
    return Call({name: str(tmp_path / path) for name, path in names.items()})


def test_params_and_inputs_are_read(call: Call) -> None:
    assert call.params() == {"epochs": 3}
    assert call.input_path("data") == Path("/there")


def test_an_input_that_is_missing_is_said_with_those_that_are_there(call: Call) -> None:
    with pytest.raises(RefusedError, match="the input bars is missing; given are: data"):
        call.input_path("bars")


def test_outputs_are_named_by_their_paths_in_the_workspace(call: Call, tmp_path: Path) -> None:
    call.give({"model": Path("out/model.bin"), "whole": tmp_path / "file"})
    assert json.loads((tmp_path / "outputs.json").read_text()) == {"model": "out/model.bin", "whole": "file"}
