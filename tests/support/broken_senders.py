"""Calls of the adapters that tell others of runs, each made where nobody takes it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from quantos.orchestration.adapters import lineage_transports
from quantos.orchestration.adapters.clickhouse_http import ClickHouseHttp
from quantos.orchestration.adapters.http_post import post
from quantos.orchestration.adapters.lineage_transports import transport_from_url
from quantos.orchestration.adapters.otlp_http import OtlpHttp
from quantos.orchestration.spec.reading import read_dag
from quantos.orchestration.tracing.spans import submission_span
from tests.support.dags import EXAMPLE
from tests.support.faulty_aws import Call
from tests.support.lineage_runs import events_of, facts_of
from tests.support.runs import submission


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
    span = submission_span(submission(ended="failed", ended_ms=1))
    for endpoint in ("http://127.0.0.1:1", "nowhere", "http://[", "", "http://a b"):
        exporter = OtlpHttp(endpoint=endpoint, environment="dev", timeout_seconds=0.3)
        calls[f"orchestration.otlp_http:OtlpHttp.export, {endpoint}"] = partial(exporter.export, [span])
        clickhouse = ClickHouseHttp(url=endpoint, timeout_seconds=0.3)
        calls[f"orchestration.clickhouse_http:ClickHouseHttp.run, {endpoint}"] = partial(clickhouse.run, "SELECT 1")
        calls[f"orchestration.http_post:post, {endpoint}"] = partial(
            post, endpoint, b"", headers={}, timeout_seconds=0.3
        )
    calls["orchestration.lineage_transports:transport_from_url"] = partial(transport_from_url, "ftp://a")
    return calls
