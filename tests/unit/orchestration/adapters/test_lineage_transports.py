"""Events reach whom a URL names as OpenLineage sends them, and what does not arrive is an error."""

import json
from pathlib import Path

import pytest

from quantos.errors import OrchestrationError, SettingsError
from quantos.orchestration.adapters import lineage_transports
from quantos.orchestration.adapters.lineage_transports import transport_from_url
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.support.lineage_runs import events_of, facts_of
from tests.support.loopback import loopback

EVENT = next(event for _, event in events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml"))))


def test_a_file_has_an_event_a_line(tmp_path: Path) -> None:
    transport = transport_from_url(f"file://{tmp_path}/events.jsonl")
    transport.send(EVENT)
    transport.send(EVENT)
    first, second = (json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines())
    assert first == second
    assert first["run"]["runId"] == EVENT.run.runId


def test_marquez_is_sent_an_event_as_json_where_it_takes_it() -> None:
    with loopback() as marquez:
        transport_from_url(marquez.url).send(EVENT)
    ((path, headers, body),) = marquez.requests
    assert path == "/api/v1/lineage"
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["job"]["name"] == "bt_xs_bilstm_v1.fetch_data"


@pytest.mark.parametrize("status", [400, 500, 503])
def test_a_refusal_is_an_error(status: int) -> None:
    with loopback(lambda path, body: (status, b"no")) as marquez, pytest.raises(OrchestrationError, match=str(status)):
        transport_from_url(marquez.url).send(EVENT)


def test_a_broker_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage_transports, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(OrchestrationError, match="kafka topic lineage did not take"):
        transport_from_url("kafka://127.0.0.1:1/lineage").send(EVENT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://a/b",
        "file://",
        "file://host/a",
        "http://",
        "kafka://broker:9092",
        "kafka:///t",
        "http://[",
        "https://ann:secret@marquez.example",
    ],
)
def test_what_names_nobody_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        transport_from_url(url)
