"""The lake as a worker asks for it: opened when it is first asked, since most attempts need none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from quantos.contracts.dag.outputs import Output
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.execution.local import Ran, Statement
from quantos.orchestration.protocol.rows import Order
from quantos.orchestration.tracing.identity import traceparent

if TYPE_CHECKING:
    from quantos.lake.ports import Lake
    from quantos.orchestration.attempt.machine_lake import MachineLake


@dataclass(frozen=True, kw_only=True)
class AttemptLake:
    """Of one attempt.

    Attributes:
        opened: the lake. Raises OrchestrationError where there is none.
        archive: of the bucket in which what was admitted lies.
        results: namespace of the lake, in which statements make their tables.
        trino: `host:port` of the Trino over that lake; "" where DuckDB takes its place.
    """

    opened: "Callable[[], Lake]"
    order: Order
    archive: WorkspaceArchive
    results: str
    trino: str
    scratch: Path

    def export(self, table: Output, folder: Path) -> None:
        """Write exactly a snapshot as Parquet files into a folder, which is made."""
        self._lake.export(table, folder)

    def run(self, statement: Statement) -> Ran:
        """Run a statement as it was admitted."""
        return self._lake.run(statement)

    @cached_property
    def _lake(self) -> "MachineLake":
        from quantos.orchestration.adapters.s3_objects import S3Objects  # noqa: PLC0415
        from quantos.orchestration.adapters.s3_statements import S3Admissions  # noqa: PLC0415
        from quantos.orchestration.attempt.machine_lake import (  # noqa: PLC0415  seconds to import
            MachineLake,
            sql_engine,
        )

        lake = self.opened()
        self.scratch.mkdir(exist_ok=True)
        return MachineLake(
            lake=lake,
            engine=sql_engine(lake, trino=self.trino, scratch=self.scratch),
            admissions=S3Admissions(S3Objects(self.archive.client, self.archive.bucket)),
            results=self.results,
            digest=self.order.node.digest,
            traceparent=traceparent(self.order.node.last_attempt),
        )
