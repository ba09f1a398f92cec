"""What functions of orchestration are composed of, by what their process is told."""

import json
from pathlib import Path

import pytest

from lambdas import runtime
from lambdas.orchestration import Composed, compose
from quantos.environment.functions import RUNS
from quantos.errors import SettingsError
from quantos.orchestration.adapters.witness import RunWitness
from quantos.orchestration.lineage.delivery import Undelivered
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.support.lineage_runs import events_of, facts_of
from tests.support.orchestration_account import orchestration_api

ATTEMPT, EVENT = next(iter(events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml")))))


def composed(undelivered: list[Undelivered]) -> Composed:
    return compose(runtime.current(), function=RUNS, report=undelivered.append)


def deliver(functions: Composed) -> None:
    witness = functions.surroundings.witness
    assert isinstance(witness, RunWitness)
    witness.lineage.deliver(ATTEMPT, EVENT)


def test_everybody_whom_the_variable_names_is_sent_what_our_own_store_keeps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    monkeypatch.setenv("QUANTOS_LINEAGE", " ".join(f"file://{file}" for file in files))
    undelivered: list[Undelivered] = []
    with orchestration_api(monkeypatch, tmp_path):
        functions = composed(undelivered)
        deliver(functions)
        (kept,) = functions.lineage.events(ATTEMPT.run)
    assert undelivered == []
    for file in files:
        assert json.loads(file.read_text())["run"] == json.loads(kept)["run"]


def test_one_who_does_not_take_it_is_told_and_keeps_nothing_from_our_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUANTOS_LINEAGE", "http://127.0.0.1:9")
    undelivered: list[Undelivered] = []
    with orchestration_api(monkeypatch, tmp_path):
        functions = composed(undelivered)
        deliver(functions)
        assert len(functions.lineage.events(ATTEMPT.run)) == 1
    assert [(each.transport, each.about) for each in undelivered] == [("http://127.0.0.1:9", ATTEMPT)]


def test_a_url_that_names_nobody_stops_the_function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUANTOS_LINEAGE", "ftp://somewhere")
    with orchestration_api(monkeypatch, tmp_path), pytest.raises(SettingsError, match="names no transport"):
        composed([])
