"""`quantos dag`: what is said of a DAG that is right, of one that is not, and of none."""

import io
import sys
from pathlib import Path

import pytest

from cli.checkout import dag
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.unit.cli.conftest import Command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dag.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def test_a_dag_that_is_right_is_said_to_be_with_its_digest(quantos: Command, file: Path) -> None:
    said = quantos("dag", "check", str(file))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("bt_xs_bilstm_v1: 3 nodes (python_task, ray_job, trino_sql), 2 edges")
    assert read_dag(EXAMPLE.encode(), shown="").digest() in said.out


def test_a_dag_may_come_by_standard_input(quantos: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(EXAMPLE.replace("3.2", "3.2 ").encode())))
    assert quantos("dag", "check", "-").code == 0
    monkeypatch.setattr(dag.sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[]")))
    said = quantos("dag", "check", "-")
    assert said.code == 1
    assert "standard input: holds no fields, but a list" in said.err


def test_what_is_wrong_is_told_by_file_line_and_column(quantos: Command, file: Path) -> None:
    file.write_text(EXAMPLE.replace("from: fetch_data", "from: fetch_dat"), encoding="utf-8")
    said = quantos("dag", "check", str(file))
    assert said.code == 1
    assert f"{file}: line 21, column 6: edges.0.from: there is no node fetch_dat" in said.err


@pytest.mark.parametrize("arguments", [("check", "/nowhere.yaml"), ("draw", "/nowhere.yaml"), ("check", "/")])
def test_a_file_that_cannot_be_read_is_told(quantos: Command, arguments: tuple[str, ...]) -> None:
    said = quantos("dag", *arguments)
    assert said.code == 1
    assert "cannot be read" in said.err


def test_a_picture_goes_where_it_is_asked_for(quantos: Command, file: Path, tmp_path: Path) -> None:
    assert quantos("dag", "draw", str(file)).out.splitlines()[1] == (
        "  2  compute_features (python_task)  after fetch_data  gives feature_table"
    )
    assert quantos("dag", "draw", str(file), "--out", str(tmp_path / "dag.svg")).code == 0
    assert (tmp_path / "dag.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert "cannot be written" in quantos("dag", "draw", str(file), "--out", str(tmp_path / "no" / "dag.svg")).err
