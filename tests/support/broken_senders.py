"""Calls of the adapters that tell others of runs, each made where nobody takes it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from quantos.orchestration.adapters import lineage_transports
from quantos.orchestration.adapters.lineage_transports import transport_from_url
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE
from tests.support.faulty_aws import Call
from tests.support.lineage_runs import events_of, facts_of


def senders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Call]:
    monkeypatch.setattr(lineage_transports, "TIMEOUT_SECONDS", 0.3)
    _, event = next(events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml"))))
    transports = {
        "a folder": f"file://{folder}",
        "no folder": f"file://{folder}/nothing/events.jsonl",
        "nobody there": "http://127.0.0.1:1",
        "no broker": "kafka://127.0.0.1:1/lineage",
    }
    calls: dict[str, Call] = {
        f"orchestration.lineage_transports:OpenLineageTransport.send, {name}": partial(
            transport_from_url(url).send, event
        )
        for name, url in transports.items()
    }
    calls["orchestration.lineage_transports:transport_from_url"] = partial(transport_from_url, "ftp://a")
    return calls
