"""Runs the statement of an attempt: as it was read at admission, over the snapshots that were pinned then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.outputs import Output
from quantos.errors import LakeError, OrchestrationError
from quantos.lake.ports import Snapshots
from quantos.lake.tables import Snapshot, Stamp, TableName
from quantos.orchestration.execution.local import Ran, Statement
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.execution.sql.work import Made, SqlEngine, Work
from quantos.orchestration.sql.pinning import pin_of
from quantos.orchestration.sql.query import read_query


class StatementTexts(Protocol):
    """Statements as they were read at admission."""

    def text(self, digest: str) -> str:
        """The statement of a SHA-256. Raises OrchestrationError where it is not there."""
        ...


@dataclass(frozen=True)
class StatementRunner:
    """Runs statements on one engine.

    Attributes:
        namespace: of the lake, in which results lie.
    """

    engine: SqlEngine
    lake: Snapshots
    texts: StatementTexts
    namespace: str

    def run(self, statement: Statement, admission: Admission, *, traceparent: str = "") -> Ran:
        """Run a statement of a submission that was admitted. Key: the attempt's name.

        Raises:
            OrchestrationError: it was never admitted, or is none that the engine runs.
        """
        if statement.uri not in admission.statements:
            raise OrchestrationError(f"{statement.uri} was not read at admission", remedy="submit the run again")
        text = self.texts.text(admission.statements[statement.uri])
        inputs = {name.lower(): _table(name, output) for name, output in statement.tables.items()}
        query = read_query(text, statement.parameters, takes=inputs)
        work = Work(
            name=statement.name,
            query=query,
            pins=pins_of(admission),
            inputs=inputs,
            target=result_table(self.namespace, statement.name),
            stamp=_stamp(statement.name),
            given=statement.given,
            traceparent=traceparent,
        )
        try:
            made = self.engine.run(work)
        except LakeError as exc:
            raise OrchestrationError(exc.what, remedy=exc.remedy, retryable=exc.retryable) from exc
        return Ran(
            facts=made.facts,
            evidence=made.evidence,
            outputs=_outputs(statement.out, made.snapshot),
            io_bytes=self._io_bytes(work, made),
        )

    def _io_bytes(self, work: Work, made: Made) -> int:
        """Data files of the snapshots that it reads, whole, and of the table that it made."""
        read = [self.lake.snapshot(table, pin_of(table, work.pins)).size_bytes for table in work.query.tables]
        return sum(read) + (0 if made.snapshot is None else made.snapshot.size_bytes)

    def stop(self, name: str) -> None:
        """Have the attempt of a name end, where it runs."""
        self.engine.stop(name)


def pins_of(admission: Admission) -> dict[TableName, str]:
    """Snapshots by table."""
    return {TableName(*name.split(".", 1)): snapshot_id for name, snapshot_id in admission.snapshots.items()}


def table_output(snapshot: Snapshot) -> Output:
    """A table as it is now, as a node's output."""
    return Output(type="table", uri=snapshot.table.uri, snapshot_id=snapshot.id, size_bytes=snapshot.size_bytes)


def _outputs(name: str | None, snapshot: Snapshot | None) -> Mapping[str, Output]:
    return {} if name is None or snapshot is None else {name: table_output(snapshot)}


def _table(name: str, output: Output) -> tuple[TableName, str]:
    if output.type != "table" or output.snapshot_id is None:
        raise OrchestrationError(
            f"{name} is no table of the lake, and a statement reads nothing else", remedy="have it made by a statement"
        )
    return TableName.of_uri(output.uri), output.snapshot_id


def _stamp(attempt: str) -> Stamp:
    run, node, number = attempt.rsplit("/", 2)
    return Stamp(submission=run, node=node, attempt=number)
