"""A real Trino over a lake of its own: its tables are pyiceberg's too, and DuckDB answers as it does."""

from __future__ import annotations

import gzip
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from trino import dbapi

from quantos.contracts.dag.outputs import Output
from quantos.errors import OrchestrationError
from quantos.lake.adapters.composition import open_embedded_lake
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.place import EmbeddedLake
from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.orchestration.execution.classify import ExitFacts, classify
from quantos.orchestration.execution.local import Ran, Statement
from quantos.orchestration.execution.sql import work
from quantos.orchestration.execution.sql.duckdb_engine import DuckDbEngine
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.execution.sql.statements import StatementRunner
from quantos.orchestration.execution.sql.trino_engine import TrinoEngine
from quantos.orchestration.execution.sql.work import SqlEngine
from sandbox.lake.trino import TraceReceiver, start_trino
from sandbox.lake.trino_files import missing_tools
from tests.support.lakes import moto_endpoint
from tests.support.statements import ALIKE, FAILING, GIVEN, ROWS, TABLE, Texts, admitted, seeded, statement

pytestmark = pytest.mark.services
ENDLESS = "SELECT count(*) AS n FROM " + ", ".join(f"m.t AS t{number}" for number in range(16))


@dataclass
class Place:
    """Both engines over one lake, the table that they read, and the spans that Trino sent."""

    trino: TrinoEngine
    lake: IcebergLake
    duckdb: DuckDbEngine
    snapshot: Snapshot
    spans: SpanServer


class SpanServer(ThreadingHTTPServer):
    """Keeps what is sent to it by OTLP over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}
        super().__init__(("127.0.0.1", 0), SpanHandler)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.names.setdefault(span.trace_id.hex(), set()).add(span.name)


class SpanHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, SpanServer)
        self.server.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the name is the base class's


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if missing := missing_tools(dict(os.environ)):
        pytest.skip(f"Trino needs {' and '.join(missing)}, not installed here")
    with moto_endpoint() as endpoint, SpanServer() as spans:
        threading.Thread(target=spans.serve_forever, daemon=True).start()
        stated = EmbeddedLake(
            "", warehouse="s3://lake/warehouse", s3_endpoint=endpoint, access_key="test", secret_key="test"
        )
        receiver = TraceReceiver(f"http://127.0.0.1:{spans.server_port}/v1/traces", "http/protobuf")
        with start_trino(stated, traces=receiver) as trino:
            lake = open_embedded_lake(trino.lake)
            engine = TrinoEngine(trino.host, trino.port, lake)
            yield Place(engine, lake, DuckDbEngine(lake, tmp_path_factory.mktemp("scratch")), seeded(lake), spans)
        spans.shutdown()


def run(place: Place, engine: SqlEngine, statement: Statement, *, text: str, traceparent: str = "") -> Ran:
    """Under a namespace of its own for each engine, so that neither finds the other's."""
    runner = StatementRunner(engine, place.lake, Texts(text), namespace=type(engine).__name__.lower())
    return runner.run(statement, admitted(place.snapshot), traceparent=traceparent)


def rows(place: Place, ran: Ran, folder: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    assert classify(ran.facts) == ("succeeded", "")
    output = ran.outputs["table"]
    assert isinstance(output, Output)
    assert output.snapshot_id is not None
    place.lake.export(Snapshot(TableName.of_uri(output.uri), output.snapshot_id, rows=0, size_bytes=0), folder)
    table = pq.read_table(folder)
    kinds = [f"{field.name}: {str(field.type).removeprefix('large_')}" for field in table.schema]
    values = [tuple(row.values()) for row in table.to_pylist()]
    return kinds, sorted(values, key=lambda row: [(value is None, str(value)) for value in row])


def alike(first: object, second: object) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=1e-12) or (math.isnan(first) and math.isnan(second))
    return first == second


@pytest.mark.parametrize("number", range(len(ALIKE)))
def test_both_engines_answer_alike(place: Place, tmp_path: Path, number: int) -> None:
    name, text = f"alpha/x/1/alike{number}/1", ALIKE[number]
    real = run(place, place.trino, statement(name, text=text), text=text)
    translated = run(place, place.duckdb, statement(name, text=text), text=text)
    assert (real.evidence.engine, real.evidence.reality) == ("trino", "real")
    assert translated.evidence.reality == "translated"
    kinds, expected = rows(place, real, tmp_path / "real")
    answered, actual = rows(place, translated, tmp_path / "translated")
    assert answered == kinds
    wrong = [pair for pair in zip(expected, actual, strict=True) if not all(map(alike, *pair))]
    assert wrong == []


@pytest.mark.parametrize("text", FAILING)
def test_what_fails_fails_on_both(place: Place, text: str) -> None:
    for engine in (place.trino, place.duckdb):
        ran = run(place, engine, statement(f"alpha/x/1/failing{FAILING.index(text)}/1"), text=text)
        assert classify(ran.facts)[0] == "failure"
        assert ran.outputs == {}


def test_a_retry_finds_the_table_that_is_there(place: Place) -> None:
    first, again = (run(place, place.trino, statement("alpha/x/1/retry/1"), text="SELECT s FROM m.t") for _ in range(2))
    assert again.outputs == first.outputs != {}
    assert str(again.evidence) == str(first.evidence)
    assert first.evidence.notes[0].startswith("query 20")


def test_a_statement_whose_answer_is_lost_is_looked_up(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    fetch = dbapi.Cursor.fetchall

    def lost(cursor: dbapi.Cursor) -> list[list[object]]:
        rows = fetch(cursor)
        if "CREATE TABLE" in (cursor.query or ""):
            raise ConnectionError("reset")
        return rows

    monkeypatch.setattr(dbapi.Cursor, "fetchall", lost)
    ran = run(place, place.trino, statement("alpha/x/1/lost/1"), text="SELECT s FROM m.t")
    assert classify(ran.facts) == ("succeeded", "")
    assert ran.outputs


def test_it_reads_what_was_pinned_and_not_what_came_later(place: Place, tmp_path: Path) -> None:
    data = pa.Table.from_pylist(ROWS, schema=place.lake.schema(place.snapshot))
    place.lake.append(TABLE, data, stamp=Stamp("later", "y", "1"))
    ran = run(place, place.trino, statement("alpha/x/1/pinned/1"), text="SELECT count(*) AS n FROM m.t")
    assert rows(place, ran, tmp_path / "out")[1] == [(len(ROWS),)]


def test_an_input_is_read_under_its_name(place: Place, tmp_path: Path) -> None:
    text = "SELECT s, i FROM m.t WHERE i = 7"
    output = run(place, place.trino, statement("alpha/x/1/chosen/1"), text=text).outputs["table"]
    assert isinstance(output, Output)
    joined = statement("alpha/x/1/joined/1", tables={"chosen": output})
    ran = run(place, place.trino, joined, text="SELECT t.d, chosen.s FROM chosen JOIN m.t ON t.i = chosen.i")
    assert rows(place, ran, tmp_path / "out")[1] == [(ROWS[0]["d"], "a")]


def test_what_is_over_time_or_stopped_ends_and_makes_nothing(place: Place) -> None:
    short = statement("alpha/x/1/short/1", given=replace(GIVEN, time_ms=2000))
    over = run(place, place.trino, short, text=ENDLESS)
    assert "exceeded" in over.facts.limit.lower()
    threading.Timer(3, place.trino.stop, ["alpha/x/1/stopped/1"]).start()
    stopped = run(place, place.trino, statement("alpha/x/1/stopped/1"), text=ENDLESS)
    assert stopped.facts == ExitFacts(stopped=True)
    for name in ("alpha/x/1/short/1", "alpha/x/1/stopped/1"):
        assert place.lake.find(result_table("trinoengine", name)) is None


def test_a_result_over_its_limit_is_not_kept(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setattr(work, "MOST_ROWS", 3)
    ran = run(place, place.trino, statement("alpha/x/1/limit/1"), text="SELECT s FROM m.t")
    assert ran.facts == ExitFacts(limit="its result has more than 3 rows")
    assert place.lake.find(result_table("trinoengine", "alpha/x/1/limit/1")) is None


def test_spans_from_inside_the_engine_belong_to_the_attempt(place: Place) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    run(
        place,
        place.trino,
        statement("alpha/x/1/traced/1"),
        text="SELECT s FROM m.t",
        traceparent=f"00-{trace}-b7ad6b7169203331-01",
    )
    deadline = time.monotonic() + 20
    while trace not in place.spans.names and time.monotonic() < deadline:
        time.sleep(0.1)
    assert {"trino-planner", "query"} & place.spans.names[trace]


def test_no_trino_is_an_error_that_says_where(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OrchestrationError, match=f"127.0.0.1:{port} does not answer") as caught:
            run(place, TrinoEngine("127.0.0.1", port, place.lake), statement("alpha/x/1/n/1"), text="SELECT 1 AS a")
    assert caught.value.retryable
