"""Calls of the adapters that keep submissions, for the contract that every adapter is held to."""

import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path

import boto3

from quantos.contracts.dag.admission import Admission
from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.s3_lineage import S3Lineage
from quantos.orchestration.adapters.s3_logs import S3Logs, end_key, part_key
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.s3_statements import S3Admissions, S3Statements
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.protocol.effects import Write
from quantos.orchestration.protocol.rows import Identity, Node, RunKey
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE, submission
from tests.support.faulty_aws import REGION, Call, create_table
from tests.support.lineage_runs import events_of, facts_of


def orchestration() -> dict[str, Call]:
    """Rows of a table; what is written is another row each time."""
    create_table("orchestration", "pk", "sk")
    rows = DynamoRows(client=boto3.client("dynamodb", REGION), table="orchestration")
    run, numbers = RunKey("alpha", "x"), count()

    def identity() -> Write:
        return Write(Identity(team="alpha", submission_id=f"x{next(numbers)}", digest="d"), new=True)

    def node() -> Node:
        requests = Requests(cpu="1", mem="1Gi", gpu=0)
        name = f"n{next(numbers)}"
        return Node(run=run, digest="d", id=name, upstream=(), requests=requests, expected_ms=1, max_attempts=1)

    return {
        **_artifacts(),
        **_workspaces(),
        "orchestration.dynamo_rows:DynamoRows.load": lambda: rows.load(["identity/alpha/x"]),
        "orchestration.dynamo_rows:DynamoRows.load_nodes": lambda: rows.load_nodes(run, "d"),
        "orchestration.dynamo_rows:DynamoRows.commit": lambda: rows.commit([identity()], []),
        "orchestration.dynamo_rows:DynamoRows.put_nodes": lambda: rows.put_nodes([node()]),
        "orchestration.dynamo_rows:DynamoRows.open_runs": lambda: list(rows.open_runs()),
        "orchestration.dynamo_rows:DynamoRows.due_runs": lambda: list(rows.due_runs(1)),
        "orchestration.dynamo_rows:DynamoRows.outgoing": lambda: list(rows.outgoing()),
        "orchestration.dynamo_rows:DynamoRows.runs_of": lambda: rows.runs_of("alpha", before="", most=5),
    }


def _workspaces() -> dict[str, Call]:
    """Calls of the archive of workspaces; none of its files are larger than a part of a log."""
    client, folder, numbers = boto3.client("s3", REGION), Path(tempfile.mkdtemp()), count(1)
    client.create_bucket(Bucket="workspaces")
    archive = WorkspaceArchive(client, "workspaces")
    file = folder / "model.bin"
    file.write_bytes(b"model")
    output = archive.put_output("a/x/1/n/1", "model_uri", file=file)
    archive.put_outputs("a/x/1/n/1", {"model_uri": output})
    request = SubmissionRequest.model_validate(submission())
    S3Specs(S3Objects(client, "workspaces")).put("alpha", request)
    calls: dict[str, Call] = {
        "request": lambda: archive.request("alpha", request.digest()),
        "outputs": lambda: archive.outputs("a/x/1/n/1"),
        "fetch": lambda: archive.fetch(output, folder / "fetched"),
        "put_output": lambda: archive.put_output("a/x/1/n/2", "model_uri", file=file),
        "put_outputs": lambda: archive.put_outputs("a/x/1/n/2", {}),
        "begin": lambda: archive.begin(f"a/x/1/b/{next(numbers)}", "pod"),
        "put_log": lambda: archive.put_log("a/x/1/n/2", 0, part=b"a line"),
        "log_parts": lambda: archive.log_parts("a/x/1/n/1"),
        "finish_log": lambda: archive.finish_log(f"a/x/1/m/{next(numbers)}", log=file, end="failure"),
    }
    return {f"orchestration.workspace_archive:WorkspaceArchive.{name}": call for name, call in calls.items()}


def _artifacts() -> dict[str, Call]:
    client, numbers = boto3.client("s3", REGION), count(1)
    quiet = boto3.Session().client("s3", REGION)
    client.create_bucket(Bucket="artifacts")
    store = S3Lineage(S3Objects(client, "artifacts"))
    attempt, event = next(events_of(facts_of(read_dag(EXAMPLE.encode(), shown="dag.yaml"))))
    store.put(attempt, event)
    logs = S3Logs(S3Objects(client, "artifacts"))
    client.put_object(Bucket="artifacts", Key=part_key(attempt, 0), Body=b"a line")
    client.put_object(Bucket="artifacts", Key=end_key(attempt), Body=b'{"end": "succeeded", "parts": 1}')
    admissions, digests = S3Admissions(S3Objects(client, "artifacts")), count(1)
    text = admissions.keep_text("SELECT 1 AS a")
    objects, specs = S3Objects(client, "artifacts"), S3Specs(S3Objects(client, "artifacts"))
    request = SubmissionRequest.model_validate(submission())
    specs.put("alpha", request)

    def remove() -> None:
        quiet.put_object(Bucket="artifacts", Key="gone/x", Body=b"x")
        objects.remove_folder("gone")

    def another() -> SubmissionRequest:
        return SubmissionRequest.model_validate(submission(labels={"n": str(next(numbers))}))

    return {
        "orchestration.s3_objects:S3Objects.read": lambda: objects.read(part_key(attempt, 0)),
        "orchestration.s3_objects:S3Objects.keys": lambda: objects.keys("workspaces/"),
        "orchestration.s3_objects:S3Objects.remove_folder": remove,
        "orchestration.s3_objects:S3Objects.put_once": lambda: objects.put_once(f"some/{next(numbers)}", b"x"),
        "orchestration.s3_objects:S3Specs.put": lambda: specs.put("alpha", another()),
        "orchestration.s3_objects:S3Specs.get": lambda: specs.get("alpha", request.digest()),
        "orchestration.s3_statements:S3Statements.read": lambda: S3Statements(client).read(
            "artifacts", f"statements/{text}.sql", most_bytes=100
        ),
        "orchestration.s3_statements:S3Admissions.keep_text": lambda: admissions.keep_text("SELECT 2 AS a"),
        "orchestration.s3_statements:S3Admissions.text": lambda: admissions.text(text),
        "orchestration.s3_statements:S3Admissions.keep": lambda: admissions.keep("a", str(next(digests)), Admission()),
        "orchestration.s3_statements:S3Admissions.find": lambda: admissions.find("a", "1"),
        "orchestration.s3_logs:S3Logs.part": lambda: logs.part(attempt, 0),
        "orchestration.s3_logs:S3Logs.end": lambda: logs.end(attempt),
        "orchestration.s3_lineage:S3Lineage.put": lambda: store.put(replace(attempt, attempt=next(numbers)), event),
        "orchestration.s3_lineage:S3Lineage.events": lambda: store.events(attempt.run),
    }
