"""Runs in an account on moto, by each function's own composition: submitted, dispatched, observed, swept, looked at."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import boto3
import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog

from lambdas import runtime
from lambdas.orchestration import Composed, compose
from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.outputs import Output, Outputs
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.environment import functions
from quantos.environment.settings.functions import FunctionName
from quantos.orchestration.adapters.rules import most_of_a_day
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.adapters.s3_statements import S3Admissions
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.protocol import observing
from quantos.orchestration.protocol.dispatching import dispatch
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Outgoing, RunKey, Started, Work
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.submission.desk import Desk
from quantos.orchestration.submission.pins import tag_name
from quantos.orchestration.submission.ports import Caller
from quantos.orchestration.sweeping import Cleared
from tests.support import dags
from tests.support.runs import node, submission
from tests.support.telemetry_account import create_table

CALLER = Caller("research", "ada")
STATEMENTS, STATEMENT = "queries", "bt_fetch.sql"
TABLE = "prices"
At = Callable[[str], AbstractContextManager[None]]
"""Who is at work within; nobody for the empty name."""


def create_orchestration_aws(warehouse: Path) -> None:
    """What the layers below and the executor make; tables of the lake have their files in a folder."""
    settings = runtime.current().settings
    names, region = settings.names(), settings.region
    for table in (names.orchestration_table, names.switch_table):
        create_table(table, region=region)
    s3 = boto3.client("s3", region)
    for bucket in (names.bucket("artifacts"), STATEMENTS):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=STATEMENTS, Key=STATEMENT, Body=b"SELECT 1 AS n")
    catalog = _catalog(warehouse)
    catalog.create_namespace(names.lake_database)
    rows = pa.table({"n": [1]})
    catalog.create_table((names.lake_database, TABLE), schema=rows.schema).append(rows)


@dataclass(frozen=True)
class ReadAndTagged:
    """Inputs whose one statement is kept under its digest, and whose one table is tagged."""

    objects: S3Objects
    warehouse: Path

    def check(self, team: str, request: SubmissionRequest) -> None:
        del team, request
        S3Objects(self.objects.client, STATEMENTS).read(STATEMENT)

    def pin(self, run: RunKey, request: SubmissionRequest) -> Mapping[str, str]:
        key = f"statements/{hashlib.sha256(b'SELECT 1 AS n').hexdigest()}.sql"
        self.objects.put_once(key, b"SELECT 1 AS n")
        self.objects.read(key)
        S3Admissions(self.objects).keep(run.team, request.digest(), Admission())
        table = _catalog(self.warehouse).load_table((runtime.current().settings.names().lake_database, TABLE))
        snapshot = table.current_snapshot()
        assert snapshot is not None
        name = f"{run.team}-{run.submission_id}"
        table.manage_snapshots().create_tag(snapshot.snapshot_id, name).commit()
        return {TABLE: str(snapshot.snapshot_id)}


def orchestrate(at: At, *, warehouse: Path) -> None:
    """Every function does all it ever does with runs."""
    composed = cache(_composed)
    with at(functions.SUBMIT):
        submit = composed(functions.SUBMIT)
        desk = _desk(submit, warehouse)
        for name in ("x", "x", "y"):
            desk.submit(_request(name), CALLER)
    done, late = RunKey("research", "x"), RunKey("research", "y")
    for run in (done, late):
        with at(functions.DISPATCH):
            _dispatch(composed(functions.DISPATCH), run)
        with at(functions.RUNS):
            composed(functions.RUNS).surroundings.run(
                observing.started(Started(_train(run), submit.now().milliseconds))
            )
    with at(""):
        _give(submit.objects, _train(done))
    with at(functions.RUNS):
        for _ in range(2):
            _finish(composed(functions.RUNS), _train(done))
    with at(functions.DISPATCH):
        _dispatch(composed(functions.DISPATCH), done)
        _dispatch(composed(functions.DISPATCH), late, after=timedelta(hours=2))
    with at(functions.SUBMIT):
        desk.submit(_request("z"), CALLER)
        _look(desk, submit, done)
    with at(""):
        submit.rows.commit([Write(Outgoing(id="left", message=Work(done)), new=True)], ())
        _leave(submit, RunKey("research", "w"), warehouse)
    with at(functions.SWEEP):
        _sweep(composed(functions.SWEEP))


def _composed(function: FunctionName) -> Composed:
    def fail(undelivered: object) -> None:
        raise AssertionError(undelivered)

    return compose(runtime.current(), function=function, report=fail)


def _desk(composed: Composed, warehouse: Path) -> Desk:
    settings = composed.current.settings
    return Desk(
        environment=settings.name,
        urgent={},
        budget=lambda team: most_of_a_day(settings, team),
        offers=composed.offers,
        rules=composed.rules,
        surroundings=composed.surroundings,
        index=composed.rows,
        specs=composed.specs,
        inputs=ReadAndTagged(composed.objects, warehouse),
        clock=composed.current.clock,
    )


def _catalog(warehouse: Path) -> GlueCatalog:
    client = boto3.client("glue", runtime.current().settings.region)
    return GlueCatalog("glue", client, warehouse=f"file://{warehouse}")


def _request(submission_id: str, *, nodes: Sequence[object] = ()) -> SubmissionRequest:
    train = dags.task("train", outs=["model_uri", "metrics_json"])
    dag = {**dags.stated((), nodes=()), "pipeline_id": "p", "nodes": list(nodes) or [train]}
    return SubmissionRequest.model_validate({"dag": dag, "params": {"submission_id": submission_id, "env": "dev"}})


def _train(run: RunKey) -> AttemptKey:
    return AttemptKey(run, "train", 1)


def _dispatch(composed: Composed, run: RunKey, *, after: timedelta = timedelta()) -> None:
    now = composed.now()
    later = Now(day=now.day, milliseconds=now.milliseconds + round(after.total_seconds() * 1000))
    composed.surroundings.run(dispatch(run, now=later, rules=composed.rules))


def _give(objects: S3Objects, attempt: AttemptKey) -> None:
    """What the executor puts before it says that an attempt has succeeded."""
    outputs = {}
    for name, content in {"model_uri": b"model", "metrics_json": b"{}"}.items():
        key = f"workspaces/{attempt}/files/{name}"
        objects.put_once(key, content)
        outputs[name] = Output(
            type="object",
            uri=f"s3://{objects.bucket}/{key}",
            hash=f"sha256:{hashlib.sha256(content).hexdigest()}",
            size_bytes=len(content),
        )
    objects.put_once(f"workspaces/{attempt}/outputs.json", Outputs(outputs=outputs).model_dump_json().encode())
    objects.put_once(f"workspaces/{attempt}/log/000000.txt", b"epoch 1\n")


def _finish(composed: Composed, attempt: AttemptKey) -> None:
    now_ms = composed.now().milliseconds
    message = Finished(attempt, "succeeded", started_ms=now_ms - 1000, ended_ms=now_ms, evidence="python 3.11 real")
    assert composed.surroundings.run(observing.finished(message, now_ms=now_ms, opened=composed.rules.opened))


def _look(desk: Desk, composed: Composed, run: RunKey) -> None:
    for submission_id in ("x", "z"):
        desk.status(CALLER, submission_id)
        desk.why(CALLER, submission_id)
    desk.runs(CALLER)
    desk.cancel(CALLER, "y")
    assert composed.lineage.events(run)
    assert composed.objects.read(f"workspaces/{_train(run)}/log/000000.txt")


def _sweep(composed: Composed) -> None:
    swept = composed.sweep(lambda: 60.0).run()
    assert (swept.sent, swept.failed) == (1, 0)
    assert swept.runs > 0
    assert composed.announcement(lambda: 60.0).publish(composed.now().milliseconds)
    assert composed.clearing(lambda: 60.0).run() == Cleared(runs=1, failures=())


def _leave(composed: Composed, run: RunKey, warehouse: Path) -> None:
    """A run that ended long ago, and all that such a one leaves."""
    names, catalog = composed.current.settings.names(), _catalog(warehouse)
    statement = {"id": "fetch", "kind": "trino_sql", "params": {"sql_uri": f"s3://{STATEMENTS}/{STATEMENT}"}}
    request = _request(run.submission_id, nodes=[{**statement, "outs": ["table"]}])
    snapshot = catalog.load_table((names.lake_database, TABLE)).current_snapshot()
    assert snapshot is not None
    read, snapshot_id = f"{names.lake_database}.{TABLE}", str(snapshot.snapshot_id)
    admission = Admission(statements={f"s3://{STATEMENTS}/{STATEMENT}": "a" * 64}, snapshots={read: snapshot_id})
    composed.specs.put(run.team, request)
    S3Admissions(composed.objects).keep(run.team, request.digest(), admission)
    tag = tag_name(run, table=read, snapshot_id=snapshot_id)
    catalog.load_table((names.lake_database, TABLE)).manage_snapshots().create_tag(snapshot.snapshot_id, tag).commit()
    attempt, rows = AttemptKey(run, "fetch", 1), pa.table({"n": [1]})
    made = result_table(names.results_database, str(attempt))
    catalog.create_namespace(made.namespace)
    catalog.create_table((made.namespace, made.table), schema=rows.schema).append(rows)
    composed.objects.put_once(f"workspaces/{attempt}/log/000000.txt", b"a line")
    row = submission(run=run, digest=request.digest())
    composed.rows.put_nodes([node("fetch", run=run, digest=row.digest, attempt=1, state="failed")])
    composed.rows.commit([Write(row, new=True)], ())
    composed.rows.commit([Write(replace(row, version=1, ended="failed", ended_ms=0))], ())
