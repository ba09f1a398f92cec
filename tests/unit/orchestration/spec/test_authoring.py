"""What is stated in Python is exactly what a file states."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from quantos.contracts.dag.spec import DagSpec, Requests, Retry, Slo
from quantos.errors import SettingsError
from quantos.orchestration.spec.authoring import Pipeline, pipeline, task
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE, dags

SLO = Slo(max_runtime="1h")


@task("trino_sql", params={"sql_uri": "s3://queries/bt_fetch.sql"}, outs=["dataset_uri"])
def fetch_data(): ...


@task(
    "python_task",
    image="ghcr.io/archetype/feature-kit:0.3.2",
    env={"FEATURE_VIEW": "xs_v2"},
    outs=["feature_table"],
)
def compute_features(dataset_uri): ...


@task(
    "ray_job",
    image="ghcr.io/archetype/trainers:0.8.1",
    params={"trainer": "bilstm", "epochs": 30},
    resources=Requests(gpu=1, cpu="8", mem="32Gi"),
    outs=["model_uri", "metrics_json"],
)
def train_model(feature_table): ...


def test_the_example_in_python_is_the_example() -> None:
    slo = Slo(max_runtime="2h", retry=Retry(max_attempts=2, backoff_sec=60), priority="normal", qos="spot_ok")

    @pipeline("bt_xs_bilstm_v1", slo=slo, default=Requests(cpu="4", mem="16Gi"))
    def backtest():
        train_model(compute_features(fetch_data().dataset_uri).feature_table)

    from_file = read_dag(EXAMPLE.encode(), shown="dag.yaml")
    assert backtest.dag == from_file
    assert backtest.dag.digest() == from_file.digest()
    assert read_dag(backtest.to_yaml().encode(), shown="again") == from_file


def test_the_program_in_the_documentation_prints_the_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documented = (Path(__file__).resolve().parents[4] / "docs" / "runs.md").read_text(encoding="utf-8")
    program = tmp_path / "program.py"
    program.write_text(documented.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    runpy.run_path(str(program))
    printed = capsys.readouterr().out
    assert read_dag(printed.encode(), shown="printed") == read_dag(EXAMPLE.encode(), shown="dag.yaml")


@given(dags())
def test_any_dag_comes_back_from_its_file(document: dict[str, Any]) -> None:
    dag = DagSpec.model_validate(document)
    again = read_dag(Pipeline(dag).to_yaml().encode(), shown="dag.yaml")
    assert again == dag
    assert again.digest() == dag.digest()


def test_order_without_data_is_stated_by_after_and_stands_once() -> None:
    @pipeline("p", slo=SLO)
    def ordered():
        data = fetch_data()
        compute_features(data.dataset_uri, after=[data])
        compute_features.named("wide", outs=["wide_table"])(data.dataset_uri)

    assert [(edge.source, edge.target) for edge in ordered.dag.edges] == [
        ("fetch_data", "compute_features"),
        ("fetch_data", "wide"),
    ]


def test_a_task_under_another_name_has_its_own_params() -> None:
    named = train_model.named("train_b", params={"trainer": "tcn"})
    assert (named.id, named.fields["params"]) == ("train_b", {"trainer": "tcn"})
    assert train_model.fields["params"] == {"trainer": "bilstm", "epochs": 30}


def test_what_is_wrong_is_told_as_with_a_file() -> None:
    with pytest.raises(SettingsError, match=r"pipeline p: line .*node fetch_data stands twice"):

        @pipeline("p", slo=SLO)
        def twice():
            fetch_data()
            fetch_data()


def test_an_output_that_a_task_does_not_give_is_told_with_what_is_meant() -> None:
    with pytest.raises(AttributeError, match="fetch_data gives no dataset_url; did you mean dataset_uri"):

        @pipeline("p", slo=SLO)
        def misspelt():
            compute_features(fetch_data().dataset_url)


def test_a_task_takes_as_many_inputs_as_its_function() -> None:
    with pytest.raises(SettingsError, match=r"takes 1 inputs \(dataset_uri\), and is given 0"):

        @pipeline("p", slo=SLO)
        def lacking():
            compute_features()


def test_a_task_is_called_within_a_pipeline_only() -> None:
    with pytest.raises(SettingsError, match="outside of a pipeline"):
        fetch_data()
    with pytest.raises(SettingsError, match="outside of a pipeline"):

        @pipeline("p", slo=SLO)
        def ended():
            raise SettingsError("outside of a pipeline, told by the function itself", remedy="none")

    with pytest.raises(SettingsError, match="outside of a pipeline"):
        fetch_data()
