"""The lake as a worker asks for it: opened when it is first asked, since most attempts need none."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from quantos.contracts.dag.outputs import Output
from quantos.errors import OrchestrationError
from quantos.orchestration.execution.local import Ran, Statement
from quantos.orchestration.protocol.rows import Order
from quantos.orchestration.tracing.identity import traceparent
from sandbox.execution.place import Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from sandbox.lake.machine import MachineLake


@dataclass(frozen=True)
class AttemptLake:
    """Of one attempt. Raises OrchestrationError where this machine has no lake."""

    place: Place
    order: Order
    client: "S3Client"
    scratch: Path

    def export(self, table: Output, folder: Path) -> None:
        """Write exactly a snapshot as Parquet files into a folder, which is made."""
        self._opened.export(table, folder)

    def run(self, statement: Statement) -> Ran:
        """Run a statement as it was admitted."""
        return self._opened.run(statement)

    @cached_property
    def _opened(self) -> "MachineLake":
        from quantos.lake.adapters.composition import open_embedded_lake  # noqa: PLC0415  seconds to import
        from quantos.orchestration.adapters.s3_objects import S3Objects  # noqa: PLC0415
        from quantos.orchestration.adapters.s3_statements import S3Admissions  # noqa: PLC0415
        from sandbox.lake.machine import MachineLake, sql_engine  # noqa: PLC0415

        if self.place.lake is None:
            raise OrchestrationError(
                "this machine has no lake, and no node can run on one", remedy="start the executor with a lake"
            )
        lake = open_embedded_lake(self.place.lake)
        self.scratch.mkdir(exist_ok=True)
        return MachineLake(
            lake=lake,
            engine=sql_engine(lake, trino=self.place.trino, scratch=self.scratch),
            admissions=S3Admissions(S3Objects(self.client, self.place.bucket)),
            results=self.place.results,
            digest=self.order.node.digest,
            traceparent=traceparent(self.order.node.last_attempt),
        )
