"""DuckDB in Trino's place: a translated query, over the same snapshots of the lake, into a table of the lake."""

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.dataset as arrow_dataset

from quantos.errors import LakeError, OrchestrationError
from quantos.lake.ports import Lake
from quantos.lake.tables import Snapshot, TableName
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence
from quantos.orchestration.execution.sql.work import Made, Work, over
from quantos.orchestration.sql.pinning import pin_of
from quantos.orchestration.sql.translation import INPUTS, translated

BATCH_ROWS: Final = 100_000
_WIDER: Final = {"HUGEINT": "BIGINT", "TINYINT": "INTEGER", "SMALLINT": "INTEGER"}
"""Types that Trino's tables do not have, and what a result has in their place; what does not fit is an error."""
_NO_TYPE: Final = '"NULL"'
_SAFE: Final = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
EVIDENCE: Final = Evidence(
    engine="duckdb",
    version=duckdb.__version__,
    reality="translated",
    notes=("in Trino's place by sqlglot", "no trace from inside"),
)


@dataclass
class _Attempt:
    """A query that runs, and why it was ended or broke."""

    connection: duckdb.DuckDBPyConnection
    stopped: bool = False
    limit: str = ""
    failure: duckdb.Error | None = None

    def end(self, *, limit: str = "") -> None:
        """Interrupt it."""
        self.stopped, self.limit = not limit, limit
        self.connection.interrupt()


@dataclass(frozen=True)
class DuckDbEngine:
    """Runs in this process, and reads nothing but the snapshots that a query names.

    Attributes:
        scratch: a folder for copies of these snapshots, which go as the query ends.
    """

    lake: Lake
    scratch: Path
    _running: dict[str, _Attempt] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def run(self, work: Work) -> Made:
        """Make the table, or find the one that was made for the same work."""
        made = self.lake.stamped(work.target, work.stamp)
        if made is not None:
            return Made(facts=ExitFacts(exit_code=0), evidence=EVIDENCE, snapshot=made)
        try:
            text = self._translated(work)
        except OrchestrationError as exc:
            return Made(facts=ExitFacts(exit_code=1, said=exc.what), evidence=EVIDENCE)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder, duckdb.connect(config=dict(_SAFE)) as connection:
            attempt = _Attempt(connection)
            timer = threading.Timer(
                work.given.time_ms / 1000, attempt.end, kwargs={"limit": f"ran longer than {work.given.time_ms} ms"}
            )
            with self._lock:
                self._running[work.name] = attempt
            timer.start()
            try:
                self._prepare(connection, work, Path(folder))
                return self._made(work, attempt, text)
            except duckdb.Error as exc:
                return Made(facts=_facts(attempt, exc), evidence=EVIDENCE)
            finally:
                timer.cancel()
                with self._lock:
                    self._running.pop(work.name, None)

    def stop(self, name: str) -> None:
        """Interrupt the query of an attempt, where it runs."""
        with self._lock:
            if name in self._running:
                self._running[name].end()

    def _translated(self, work: Work) -> str:
        tables = {table: self.lake.schema(self._pinned(work, table)) for table in work.query.tables}
        inputs = {name: self.lake.schema(self._input(work, name)) for name in work.query.inputs}
        return translated(work.query, tables, inputs=inputs)

    def _pinned(self, work: Work, table: TableName) -> Snapshot:
        return self.lake.snapshot(table, pin_of(table, work.pins))

    def _input(self, work: Work, name: str) -> Snapshot:
        table, snapshot_id = work.inputs[name]
        return self.lake.snapshot(table, snapshot_id)

    def _prepare(self, connection: duckdb.DuckDBPyConnection, work: Work, folder: Path) -> None:
        """Views of the snapshots, and nothing else that could be read."""
        given = work.given
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET threads = {max(given.cores, 1)}")
        connection.execute(f"SET memory_limit = '{max(given.memory_bytes // 1024**2, 64)}MiB'")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        sources = [(table.namespace, table.table, self._pinned(work, table)) for table in work.query.tables]
        sources += [(INPUTS, name, self._input(work, name)) for name in work.query.inputs]
        for number, (namespace, name, snapshot) in enumerate(sources):
            self.lake.export(snapshot, folder / str(number))
            connection.register(f"source_{number}", arrow_dataset.dataset(folder / str(number), format="parquet"))
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{namespace}"')
            connection.execute(f'CREATE VIEW "{namespace}"."{name}" AS FROM source_{number}')

    def _made(self, work: Work, attempt: _Attempt, text: str) -> Made:
        relation = attempt.connection.sql(text)
        kinds = list(zip(relation.columns, map(str, relation.types), strict=True))
        if unknown := [name for name, kind in kinds if kind == _NO_TYPE]:
            said = f"column {unknown[0]} has no type; cast its NULL to one"
            return Made(facts=ExitFacts(exit_code=1, said=said), evidence=EVIDENCE)
        columns = ", ".join(f"{_quoted(name)}::{_WIDER.get(kind, kind)} AS {_quoted(name)}" for name, kind in kinds)
        reader = attempt.connection.sql(f"SELECT {columns} FROM ({text})").to_arrow_reader(BATCH_ROWS)  # noqa: S608
        bounded = pa.RecordBatchReader.from_batches(reader.schema, _bounded(reader, attempt))
        try:
            snapshot = self.lake.create(work.target, bounded, stamp=work.stamp)
        except LakeError:
            if attempt.failure is None and not attempt.limit:
                raise
            return Made(facts=_facts(attempt, attempt.failure), evidence=EVIDENCE)
        return Made(facts=ExitFacts(exit_code=0), evidence=EVIDENCE, snapshot=snapshot)


def _bounded(reader: pa.RecordBatchReader, attempt: _Attempt) -> Iterator[pa.RecordBatch]:
    """Batches of a result, until it is over a limit or its query fails."""
    rows, size_bytes = 0, 0
    try:
        for batch in reader:
            rows, size_bytes = rows + batch.num_rows, size_bytes + batch.nbytes
            attempt.limit = attempt.limit or over(rows, size_bytes)
            if attempt.limit:
                raise ValueError(attempt.limit)
            yield batch
    except (duckdb.Error, pa.ArrowException, OSError) as exc:
        attempt.failure = exc if isinstance(exc, duckdb.Error) else duckdb.Error(str(exc))
        raise


def _facts(attempt: _Attempt, error: duckdb.Error | None) -> ExitFacts:
    if attempt.stopped:
        return ExitFacts(stopped=True)
    return ExitFacts(limit=attempt.limit) if attempt.limit else ExitFacts(exit_code=1, said=str(error))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
