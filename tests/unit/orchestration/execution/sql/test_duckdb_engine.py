"""Translated statements over a real lake, by DuckDB: they make a table once, read what was pinned, and end in time."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quantos.contracts.dag.outputs import Output
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.orchestration.execution.classify import ExitFacts, classify
from quantos.orchestration.execution.local import Ran
from quantos.orchestration.execution.sql import work
from quantos.orchestration.execution.sql.duckdb_engine import DuckDbEngine
from quantos.orchestration.execution.sql.statements import StatementRunner
from tests.support.lakes import file_lake
from tests.support.statements import FAILING, GIVEN, ROWS, TABLE, Texts, admitted, seeded, statement

ENDLESS = "SELECT count(*) AS n FROM " + ", ".join(f"m.t AS t{number}" for number in range(14))


@pytest.fixture
def lake(tmp_path: Path) -> IcebergLake:
    return file_lake(tmp_path)


@pytest.fixture
def snapshot(lake: IcebergLake) -> Snapshot:
    return seeded(lake)


def runner(lake: IcebergLake, scratch: Path, text: str) -> StatementRunner:
    return StatementRunner(DuckDbEngine(lake, scratch), lake, Texts(text), namespace="runs")


def table_of(output: Output) -> Snapshot:
    assert output.snapshot_id is not None
    return Snapshot(TableName.of_uri(output.uri), output.snapshot_id, rows=0, size_bytes=0)


def output_of(ran: Ran) -> Output:
    assert classify(ran.facts) == ("succeeded", "")
    output = ran.outputs["table"]
    assert isinstance(output, Output)
    return output


def test_a_statement_makes_one_table_however_often_it_is_run(
    lake: IcebergLake, snapshot: Snapshot, tmp_path: Path
) -> None:
    run = runner(lake, tmp_path, "SELECT s, sum(i) AS total FROM m.t GROUP BY s")
    first = run.run(statement("alpha/x/1/fetch/1"), admitted(snapshot))
    again = run.run(statement("alpha/x/1/fetch/1"), admitted(snapshot))
    other = run.run(statement("alpha/x/1/fetch/2"), admitted(snapshot))
    assert output_of(first) == output_of(again) != output_of(other)
    assert (first.evidence.engine, first.evidence.reality) == ("duckdb", "translated")
    assert str(first.evidence).endswith(" translated in Trino's place by sqlglot; no trace from inside")
    assert lake.stamped(table_of(output_of(first)).table, Stamp("alpha/x/1", "fetch", "1")) is not None


def test_it_reads_what_was_pinned_and_not_what_came_later(
    lake: IcebergLake, snapshot: Snapshot, tmp_path: Path
) -> None:
    import pyarrow as pa

    lake.append(TABLE, pa.Table.from_pylist(ROWS, schema=lake.schema(snapshot)), stamp=Stamp("x", "y", "1"))
    ran = runner(lake, tmp_path, "SELECT count(*) AS n FROM m.t").run(statement("a/x/1/n/1"), admitted(snapshot))
    lake.export(table_of(output_of(ran)), tmp_path / "out")
    assert pq.read_table(tmp_path / "out").to_pylist() == [{"n": len(ROWS)}]


def test_an_input_is_read_under_its_name(lake: IcebergLake, snapshot: Snapshot, tmp_path: Path) -> None:
    made = runner(lake, tmp_path, "SELECT s, i FROM m.t WHERE i = 7").run(statement("a/x/1/n/1"), admitted(snapshot))
    tables = {"chosen": output_of(made)}
    joined = runner(lake, tmp_path, "SELECT t.d, chosen.s FROM chosen JOIN m.t ON t.i = chosen.i").run(
        statement("a/x/1/o/1", tables=tables), admitted(snapshot)
    )
    lake.export(table_of(output_of(joined)), tmp_path / "out")
    assert pq.read_table(tmp_path / "out").to_pylist() == [{"d": ROWS[0]["d"], "s": "a"}]


@pytest.mark.parametrize("text", FAILING)
def test_a_statement_that_fails_on_trino_fails_here(
    lake: IcebergLake, snapshot: Snapshot, tmp_path: Path, text: str
) -> None:
    ran = runner(lake, tmp_path, text).run(statement("a/x/1/n/1"), admitted(snapshot))
    assert classify(ran.facts)[0] == "failure"
    assert ran.outputs == {}


def test_what_is_over_time_ends(lake: IcebergLake, snapshot: Snapshot, tmp_path: Path) -> None:
    short = statement("a/x/1/n/1", given=replace(GIVEN, time_ms=300))
    started = time.monotonic()
    ran = runner(lake, tmp_path, ENDLESS).run(short, admitted(snapshot))
    assert ran.facts == ExitFacts(limit="ran longer than 300 ms")
    assert time.monotonic() - started < 5


def test_what_is_stopped_ends(lake: IcebergLake, snapshot: Snapshot, tmp_path: Path) -> None:
    run = runner(lake, tmp_path, ENDLESS)
    threading.Timer(0.5, run.stop, ["a/x/1/n/1"]).start()
    ran = run.run(statement("a/x/1/n/1"), admitted(snapshot))
    assert ran.facts == ExitFacts(stopped=True)
    run.stop("a/x/1/n/1")


def test_a_result_has_a_limit(
    monkeypatch: pytest.MonkeyPatch, lake: IcebergLake, snapshot: Snapshot, tmp_path: Path
) -> None:
    monkeypatch.setattr(work, "MOST_ROWS", 3)
    ran = runner(lake, tmp_path, "SELECT s FROM m.t").run(statement("a/x/1/n/1"), admitted(snapshot))
    assert ran.facts == ExitFacts(limit="its result has more than 3 rows")
    assert ran.outputs == {}


def test_what_does_not_translate_fails_and_says_why(lake: IcebergLake, snapshot: Snapshot, tmp_path: Path) -> None:
    text = "SELECT approx_distinct(s) AS n FROM m.t"
    ran = runner(lake, tmp_path, text).run(statement("a/x/1/n/1"), admitted(snapshot))
    end, detail = classify(ran.facts)
    assert end == "failure"
    assert "not run on DuckDB in Trino's place: the function of APPROX_DISTINCT" in detail
