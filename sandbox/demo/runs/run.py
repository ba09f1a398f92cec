"""The example of the documentation through the API, on real engines, to its published model; and what proves it."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3
from pydantic import JsonValue, TypeAdapter

from quantos.audit.adapters.composition import compose_auditor, compose_store
from quantos.contracts.dag.answers import LineageAnswer, StatusAnswer, SubmitAnswer
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.evidence.balances import Balances, balances
from quantos.orchestration.protocol.rows import AccountRow, RunKey, account_key
from quantos.orchestration.tracing.identity import trace_id
from sandbox.demo.runs.result import LedgerCheck, PublishedObject, RunsResult
from sandbox.errors import SandboxError
from sandbox.orchestration.serving import Serving
from sandbox.tracing.tree import Branch, spans_of, tree_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from sandbox.demo.run import Clockwork

SUBMISSION_ID: Final = "demo-1"
LONGEST_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.25
SETTLED_SECONDS: Final = 10.0
"""How long records and spans may take that follow a run's end."""
_DONE: Final = frozenset({"succeeded", "failed", "cancelled", "expired"})
_METRICS: Final = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class ExampleRun:
    """Asks the API as anybody does; `submit`, `status` and `lineage` are its routes."""

    submit: Callable[[bytes], SubmitAnswer]
    status: Callable[[str], StatusAnswer]
    lineage: Callable[[str], LineageAnswer]


@contextmanager
def stepping(serving: Serving) -> Iterator[None]:
    """Let orchestration run on beside the block. Raises SandboxError where it stopped by itself."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            serving.service.run(ended.is_set)
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=run, name="orchestration", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if failures:
            raise SandboxError(f"orchestration stopped: {failures[0]!r}", remedy="see its log") from failures[0]


def run_example(
    asked: ExampleRun, document: bytes, *, settings: EnvironmentSettings, serving: Serving, clockwork: "Clockwork"
) -> RunsResult:
    """Submit, follow to the end, and gather what proves it."""
    with clockwork.stage("submit"):
        submitted = asked.submit(document)
    status = _followed(asked, clockwork)
    with clockwork.stage("read back, verify, recompute"):
        run = RunKey(status.team, status.submission_id, status.run)
        trace = _trace(serving, run)
        day = submitted.hold.day or ""
        check, recorded = _recomputed(settings, team=status.team, day=day)
        verdict = compose_auditor(settings).verify()
        published = _published(settings, status)
        lineage = asked.lineage(status.submission_id)
    return RunsResult(
        submitted=submitted,
        status=status,
        lineage=lineage,
        trace=trace,
        published=tuple(item for item, _ in published),
        metrics=_metrics(published),
        ledger=(check,),
        balance_faults=recorded.faults,
        audit_links=verdict.links,
        audit_problem="" if verdict.intact else verdict.sentence,
        stages=tuple(clockwork.rows),
    )


def _followed(asked: ExampleRun, clockwork: "Clockwork") -> StatusAnswer:
    """The run once it has ended; each node is a stage of its own as it goes."""
    deadline = time.monotonic() + LONGEST_SECONDS
    with clockwork.stage("run") as tell:
        while True:
            status = asked.status(SUBMISSION_ID)
            done = sum(node.state == "succeeded" for node in status.nodes)
            going = [f"{node.id} {node.reason or node.state}" for node in status.nodes if node.state != "succeeded"]
            tell(", ".join(going) or "closing", done, len(status.nodes))
            if status.state in _DONE:
                return status
            if time.monotonic() > deadline:
                raise SandboxError(
                    f"the run did not end within {LONGEST_SECONDS:.0f} s: {', '.join(going)}",
                    remedy="see the log of orchestration, and `quantos logs` of its nodes",
                )
            time.sleep(POLL_SECONDS)


def _trace(serving: Serving, run: RunKey) -> tuple[Branch, ...]:
    """The run's trace, once its own span has come, which comes last."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        tree = tree_of(spans_of(serving.engines.traces, trace_id(run)))
        if len(tree) == 1 or time.monotonic() > deadline:
            return tree
        time.sleep(POLL_SECONDS)


def _recomputed(settings: EnvironmentSettings, *, team: str, day: str) -> tuple[LedgerCheck, Balances]:
    """An account and what the chain's records come to, once these have all come."""
    deadline = time.monotonic() + SETTLED_SECONDS
    names = settings.names()
    rows = DynamoRows(client=boto3.client("dynamodb", region_name=settings.region), table=names.orchestration_table)
    while True:
        links = compose_store(settings).links(names.audit_chain)
        recorded = balances(link.record for link in links)
        (row,) = rows.load([account_key(team, day)])
        if not isinstance(row, AccountRow):
            raise SandboxError(f"{team} has no account of {day}", remedy="see the log of orchestration")
        check = LedgerCheck(kept=row.account, recomputed=recorded.accounts.get((team, day)))
        if (check.agrees and not recorded.faults) or time.monotonic() > deadline:
            return check, recorded
        time.sleep(POLL_SECONDS)


def _published(settings: EnvironmentSettings, status: StatusAnswer) -> list[tuple[PublishedObject, bytes]]:
    """Model and report, as far as they are there."""
    client: S3Client = boto3.client("s3", region_name=settings.region)
    bucket = settings.names().bucket("artifacts")
    prefixes = (f"models/{status.pipeline_id}/", f"reports/{status.team}/{status.submission_id}/")
    objects: list[tuple[PublishedObject, bytes]] = []
    for prefix in prefixes:
        for item in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            content = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            objects.append((PublishedObject(key=item["Key"], hash=digest, size_bytes=len(content)), content))
    return objects


def _metrics(published: list[tuple[PublishedObject, bytes]]) -> dict[str, JsonValue]:
    """What the report says."""
    for item, content in published:
        if item.key.endswith("metrics.json"):
            return _METRICS.validate_json(content)
    return {}
