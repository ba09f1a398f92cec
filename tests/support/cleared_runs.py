"""Runs in an account on moto and a lake on SQLite, some of which are due, with all that they and others left."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.lake.adapters.iceberg import IcebergLake
from quantos.lake.tables import TableName
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.run_cleaner import RunCleaner
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.s3_statements import S3Admissions, S3Statements
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.execution.sql.results import result_table
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import Message, Node, RunKey, Submission, submission_key
from quantos.orchestration.protocol.running import Surroundings
from quantos.orchestration.protocol.steps import Now
from quantos.orchestration.submission.pins import PinnedInputs
from quantos.orchestration.sweeping import Cleared, Clearing
from tests.support.faulty_aws import REGION, create_table
from tests.support.lakes import BARS, STAMP, file_lake, rows
from tests.support.runs import node, submission, terms

NOW = datetime(2026, 12, 31, tzinfo=UTC)
BUCKET, QUERIES, TABLE, RESULTS = "artifacts", "queries", "orchestration", "results"


class Died(BaseException):
    """Whoever was at work is gone: nothing catches it."""


@dataclass
class DyingLake:
    """A lake of which whoever asks is gone before or after its call of a number; 0 for never."""

    lake: IcebergLake
    calls: "Calls"

    def drop(self, table: TableName) -> None:
        self.calls.before()
        self.lake.drop(table)
        self.calls.after()

    def untag(self, table: TableName, name: str) -> None:
        self.calls.before()
        self.lake.untag(table, name)
        self.calls.after()


@dataclass
class Calls:
    """Counts calls, and ends whoever makes the one of a number, before it is done or after."""

    dies_at: int = 0
    done: bool = False
    count: int = 0

    def before(self) -> None:
        self.count += 1
        if self.count == self.dies_at and not self.done:
            raise Died

    def after(self) -> None:
        if self.count == self.dies_at and self.done:
            raise Died


@dataclass
class Sent:
    """A bus that takes messages down."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.messages.append(message)


class ClearedAccount:
    """The account; within `mock_aws`."""

    def __init__(self, folder: Path) -> None:
        self.calls, self.bus, self.lake = Calls(), Sent(), file_lake(folder)
        create_table(TABLE, "pk", "sk")
        self.s3, self.dynamo = boto3.client("s3", REGION), boto3.client("dynamodb", REGION)
        session = boto3.Session()
        session.events.register("before-call.*", lambda **_: self.calls.before())
        session.events.register("after-call.*", lambda **_: self.calls.after())
        self.dying_s3, self.dying_dynamo = session.client("s3", REGION), session.client("dynamodb", REGION)
        for bucket in (BUCKET, QUERIES):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=QUERIES, Key="a.sql", Body=b"SELECT * FROM market.bars")
        self.lake.create(BARS, rows(1.0), stamp=STAMP)
        self.rows, self.objects = DynamoRows(client=self.dynamo, table=TABLE), S3Objects(self.s3, BUCKET)
        self.specs, self.admissions = S3Specs(self.objects), S3Admissions(self.objects)

    def left(self, run: RunKey, *, ended: timedelta | None, statements: bool = True, attempts: int = 2) -> Submission:
        """A run with a ttl of 7 days that ended so long ago, and all that it left."""
        request = _request(run.submission_id, statements=statements)
        self.specs.put(run.team, request)
        self._inputs().pin(run, request)
        row = submission(run=run, digest=request.digest(), terms=terms(ttl_days=7))
        self.rows.put_nodes([_node(row, name, attempts) for name in ("fetch", "train")])
        self.rows.commit([Write(row, new=True)], ())
        for number in range(1, attempts + 1):
            if statements:
                self.lake.create(result_table(RESULTS, f"{run}/fetch/{number}"), rows(1.0), stamp=STAMP)
            for name in ("outputs.json", "files/model_uri", "log/000000.txt", "log/end.json"):
                self.objects.put_once(f"workspaces/{run}/train/{number}/{name}", f"{name} of {run}".encode())
        for key in (f"models/p/{run.submission_id}/model.bin", f"lineage/{run}/train/1.json"):
            self.objects.put_once(key, b"for good")
        if ended is not None:
            ended_ms = round((NOW - ended).timestamp() * 1000)
            row = replace(row, version=1, ended="failed", ended_ms=ended_ms)
            self.rows.commit([Write(row)], ())
        return row

    def clear(self, *, left_seconds: Any = lambda: 60.0, lake: Any = None) -> Cleared:
        """Clear what is due, with a client that dies as `calls` say."""
        objects, kept = S3Objects(self.dying_s3, BUCKET), DynamoRows(client=self.dying_dynamo, table=TABLE)
        opened: Any = lake or (lambda: DyingLake(self.lake, self.calls))
        cleaner = RunCleaner(
            objects=objects, specs=S3Specs(objects), admissions=S3Admissions(objects), results=RESULTS, lake=opened
        )
        unasked: Any = None
        surroundings = Surroundings(
            rows=kept,
            executor=unasked,
            bus=self.bus,
            switch=unasked,
            witness=unasked,
            cleaner=cleaner,
            recorder=lambda commit: moved(commit, actor="sweep", at=NOW, chain="dev"),
        )
        now = Now(NOW.date().isoformat(), round(NOW.timestamp() * 1000))
        return Clearing(index=kept, surroundings=surroundings, now=lambda: now, left_seconds=left_seconds).run()

    def row(self, run: RunKey) -> Submission:
        (row,) = self.rows.load([submission_key(run)])
        assert isinstance(row, Submission)
        return row

    def stands(self) -> Mapping[str, object]:
        """All there is: objects, items, tags and tables."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        items = self.dynamo.scan(TableName=TABLE)["Items"]
        tables = [self.lake.catalog.list_tables(space) for (space,) in self.lake.catalog.list_namespaces()]
        return {
            **{key: self.objects.read(key) for key in keys},
            **{f"{item['pk']['S']} {item['sk']['S']}": item for item in items},
            **{f"tag {name}": ref for name, ref in self.lake.catalog.load_table(("market", "bars")).refs().items()},
            **{f"table {name}": self.lake.find(TableName(*name)) for some in tables for name in some},
        }

    def _inputs(self) -> PinnedInputs:
        prefixes = [f"s3://{QUERIES}/"]
        return PinnedInputs(
            lake=self.lake,
            source=S3Statements(self.s3),
            store=self.admissions,
            prefixes=lambda team: prefixes,
            results="results",
            clock=lambda: NOW,
        )


def _request(submission_id: str, *, statements: bool) -> SubmissionRequest:
    train = {"id": "train", "kind": "python_task", "image": "ghcr.io/a/b:1", "outs": ["model_uri"]}
    fetch = {"id": "fetch", "kind": "trino_sql", "params": {"sql_uri": f"s3://{QUERIES}/a.sql"}, "outs": ["table"]}
    nodes = [fetch, train] if statements else [{**train, "id": "fetch", "outs": ["rows"]}, train]
    dag = {"version": 1, "pipeline_id": "p", "slo": {"max_runtime": "1h"}, "nodes": nodes}
    params = {"submission_id": submission_id, "env": "dev", "ttl_days": 7}
    return SubmissionRequest.model_validate({"dag": dag, "params": params})


def _node(row: Submission, name: str, attempts: int) -> Node:
    return node(name, run=row.run, digest=row.digest, attempt=attempts, state="failed")
