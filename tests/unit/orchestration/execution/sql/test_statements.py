"""A statement is run as it was admitted, on tables only."""

from dataclasses import dataclass, field

import pytest

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.outputs import Output
from quantos.errors import LakeError, OrchestrationError
from quantos.lake.tables import Snapshot, TableName
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.execution.sql.statements import StatementRunner
from quantos.orchestration.execution.sql.work import Made, Work
from tests.support.statements import URI, Texts, statement

ADMITTED = Admission(statements={URI: "a" * 64}, snapshots={"m.t": "11"})


@dataclass
class Engine:
    """Makes what it is asked for, at once."""

    error: Exception | None = None
    asked: list[Work] = field(default_factory=list)

    def run(self, work: Work) -> Made:
        self.asked.append(work)
        if self.error:
            raise self.error
        made = Snapshot(work.target, "5", rows=1, size_bytes=10)
        evidence = Evidence(engine="e", version="1", reality="simulated")
        return Made(facts=ExitFacts(exit_code=0), evidence=evidence, snapshot=made)

    def stop(self, name: str) -> None: ...


class Sizes:
    """Every snapshot has a hundred bytes."""

    def snapshot(self, table: TableName, snapshot_id: str | None = None) -> Snapshot:
        return Snapshot(table, snapshot_id or "1", rows=1, size_bytes=100)


def runner(engine: Engine, text: str) -> StatementRunner:
    return StatementRunner(engine, Sizes(), Texts(text), namespace="runs")


def test_an_attempt_makes_a_table_of_its_own_with_its_stamp() -> None:
    engine = Engine()
    ran = runner(engine, "SELECT * FROM m.t").run(statement("alpha/x/2/fetch/3"), ADMITTED, traceparent="00-1-2-01")
    (work,) = engine.asked
    assert work.stamp.properties == {
        "quantos.submission": "alpha/x/2",
        "quantos.node": "fetch",
        "quantos.attempt": "3",
    }
    assert work.target == result_table("runs", "alpha/x/2/fetch/3") != result_table("runs", "alpha/x/2/fetch/4")
    assert (work.pins, work.traceparent) == ({TableName("m", "t"): "11"}, "00-1-2-01")
    assert ran.outputs["table"] == Output(type="table", uri=work.target.uri, snapshot_id="5", size_bytes=10)
    assert ran.io_bytes == 110, "what it read, and what it made"


def test_what_was_not_admitted_is_not_run() -> None:
    engine = Engine()
    with pytest.raises(OrchestrationError, match="was not read at admission"):
        StatementRunner(engine, Sizes(), Texts("SELECT 1 AS a"), namespace="runs").run(
            statement("a/x/1/n/1"), Admission()
        )
    assert engine.asked == []


def test_an_object_is_no_table() -> None:
    output = Output(type="object", uri="s3://a/b", size_bytes=1)
    with pytest.raises(OrchestrationError, match="prices is no table"):
        runner(Engine(), "SELECT * FROM prices").run(statement("a/x/1/n/1", tables={"prices": output}), ADMITTED)


def test_what_the_lake_cannot_do_is_told_with_whether_it_may_later() -> None:
    lost = LakeError("gone", remedy="wait", retryable=True)
    with pytest.raises(OrchestrationError, match="gone") as caught:
        StatementRunner(Engine(lost), Sizes(), Texts("SELECT 1 AS a"), namespace="runs").run(
            statement("a/x/1/n/1"), ADMITTED
        )
    assert caught.value.retryable
