"""The lake as an executor of this machine asks for it: tables as files, statements on Trino or in its place."""

from dataclasses import dataclass
from pathlib import Path

from quantos.contracts.dag.outputs import Output
from quantos.errors import LakeError, OrchestrationError
from quantos.lake.ports import Lake
from quantos.lake.tables import TableName
from quantos.orchestration.adapters.s3_statements import S3Admissions
from quantos.orchestration.execution.local import Ran, Statement
from quantos.orchestration.execution.sql.statements import StatementRunner
from quantos.orchestration.execution.sql.work import SqlEngine


@dataclass(frozen=True, kw_only=True)
class MachineLake:
    """What one attempt asks of the lake.

    Attributes:
        results: namespace of what statements make.
        digest: of the submission that the attempt is of, under which lies what was admitted.
        traceparent: the attempt's place in its trace.
    """

    lake: Lake
    engine: SqlEngine
    admissions: S3Admissions
    results: str
    digest: str
    traceparent: str = ""

    def export(self, table: Output, folder: Path) -> None:
        """Write exactly a snapshot as Parquet files into a folder. Raises OrchestrationError."""
        try:
            self.lake.export(self.lake.snapshot(TableName.of_uri(table.uri), table.snapshot_id), folder)
        except LakeError as exc:
            raise OrchestrationError(exc.what, remedy=exc.remedy, retryable=exc.retryable) from exc

    def run(self, statement: Statement) -> Ran:
        """Run a statement as it was admitted. Raises OrchestrationError."""
        admission = self.admissions.find(statement.team, self.digest)
        if admission is None:
            raise OrchestrationError(
                f"nothing was admitted for {statement.name}", remedy="submit the run again under a new id"
            )
        runner = StatementRunner(self.engine, self.lake, self.admissions, namespace=self.results)
        return runner.run(statement, admission, traceparent=self.traceparent)


def sql_engine(lake: Lake, *, trino: str, scratch: Path) -> SqlEngine:
    """A Trino at `host:port`; DuckDB where `trino` is empty. Raises OrchestrationError where that is neither."""
    if not trino:
        from quantos.orchestration.execution.sql.duckdb_engine import DuckDbEngine  # noqa: PLC0415  where none is needed

        return DuckDbEngine(lake, scratch)
    host, _, port = trino.rpartition(":")
    if not host or not port.isdecimal():
        raise OrchestrationError(f"{trino!r} is no host:port of a Trino", remedy="write it as 127.0.0.1:8080")
    from quantos.orchestration.execution.sql.trino_engine import TrinoEngine  # noqa: PLC0415  likewise

    return TrinoEngine(host, int(port), lake)
