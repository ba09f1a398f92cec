"""How long a submission takes through the API, and a large DAG to check, each beside a peer in the same run.

A submission's peer is what any service would have to do of it against the same store: one read and one transaction of
as many items. A DAG's peer is PyYAML reading the same text, which says nothing of what is wrong with it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import yaml
from pydantic import JsonValue

from benchmarks.measurement import Figure, Report, median_figure, now
from lambdas import runtime
from quantos.catalog.catalog import load_catalog
from quantos.clock import utc_now
from quantos.environment.functions import ORCH_SUBMIT, SUBMIT, function_table, topic_partitions
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import OrchestrationError
from quantos.messaging.adapters.memory import MemoryBus
from quantos.orchestration.spec.reading import read_dag
from sandbox.api.gateway import Gateway, serving
from sandbox.api.tokens import open_issuer
from sandbox.events.events import Account
from sandbox.events.loop import load_functions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BENCHMARK: Final = "orchestration"
NODES: Final = 2_000
SUBMISSIONS: Final = 100
WARM: Final = 5
CLIENTS: Final = 2
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Api:
    """The API of `dev` before the submit function, over moto."""

    address: str
    token: str
    client: "DynamoDBClient"
    table: str

    def submit(self, connection: HTTPConnection, name: str) -> float:
        """Seconds from asking to the answer. Raises OrchestrationError where it was not accepted."""
        body = json.dumps({"dag": _dag(3), "params": {"submission_id": name, "env": "dev"}})
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        started = time.perf_counter()
        connection.request("POST", "/api/orch/submit", body=body, headers=headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            raise OrchestrationError(f"{answer.status}: {said[:300]!r}", remedy="mend the submit function")
        return time.perf_counter() - started

    def bare(self, name: str) -> float:
        """Seconds of one read and one transaction of seven items."""
        items = [
            {"Put": {"TableName": self.table, "Item": {"pk": {"S": f"peer/{name}/{n}"}, "sk": {"S": "-"}}}}
            for n in range(7)
        ]
        started = time.perf_counter()
        self.client.get_item(TableName=self.table, Key={"pk": {"S": f"peer/{name}/0"}, "sk": {"S": "-"}})
        self.client.transact_write_items(TransactItems=items)
        return time.perf_counter() - started


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Check a DAG, then submit many. Raises QuantosError where either is refused."""
    text = yaml.safe_dump(_dag(NODES), sort_keys=False).encode()
    checks: list[tuple[float, float]] = []
    for number in range(rounds):
        tell(f"checking {number + 1} of {rounds}")
        checks.append((_timed(lambda: read_dag(text, shown="dag")), _timed(lambda: yaml.safe_load(text))))
    with (
        tempfile.TemporaryDirectory() as name,
        moto_account(Path(name)) as settings,
        _api(settings, Path(name)) as api,
    ):
        tell("submitting, one at a time")
        alone, peers = _alone(api)
        tell(f"submitting, {CLIENTS} clients")
        a_second = _together(api)
    ordered = sorted(alone)
    figures = (
        median_figure("check_over_yaml", [ours / peer for ours, peer in checks], unit="time / PyYAML reading the text"),
        median_figure("check_seconds", [ours for ours, _ in checks], unit=f"s for a DAG of {NODES:,} nodes"),
        Figure("submit_over_store", statistics.median(alone) / statistics.median(peers), "median / a bare write's"),
        Figure("submit_p50_ms", 1000 * statistics.median(alone), "ms, one client"),
        Figure("submit_p99_ms", 1000 * ordered[int(0.99 * len(ordered))], "ms, one client"),
        Figure("submissions_per_second", a_second, f"{CLIENTS} clients, one function, moto beside them"),
    )
    return Report(
        BENCHMARK, command, f"{SUBMISSIONS} submissions of three nodes over loopback and moto", figures, now()
    )


def _alone(api: Api) -> tuple[list[float], list[float]]:
    connection = HTTPConnection(urlsplit(api.address).netloc)
    for number in range(WARM):
        api.submit(connection, f"warm-{number}")
    pairs = [(api.submit(connection, f"alone-{n}"), api.bare(f"alone-{n}")) for n in range(SUBMISSIONS)]
    return [ours for ours, _ in pairs], [peer for _, peer in pairs]


def _together(api: Api) -> float:
    def some(client: int) -> None:
        connection = HTTPConnection(urlsplit(api.address).netloc)
        for number in range(SUBMISSIONS // CLIENTS):
            api.submit(connection, f"together-{client}-{number}")

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(some, range(CLIENTS)))
    return SUBMISSIONS / (time.perf_counter() - started)


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _dag(count: int) -> dict[str, JsonValue]:
    """Programs in layers of fifty, each taking what two of the layer before gave."""
    nodes: list[JsonValue] = []
    edges: list[JsonValue] = []
    for number in range(count):
        before = sorted({number - 50, number - 49}) if number >= 50 else []
        node: dict[str, JsonValue] = {"id": f"n{number}", "kind": "python_task", "image": "ghcr.io/team/a:1"}
        ins: list[JsonValue] = [f"out{each}" for each in before]
        nodes.append({**node, "ins": ins, "outs": [f"out{number}"], "resources": {"cpu": "10m"}})
        edges.extend({"from": f"n{each}", "to": f"n{number}"} for each in before)
    return {"version": 1, "pipeline_id": "bench", "slo": {"max_runtime": "1m"}, "nodes": nodes, "edges": edges}


@contextmanager
def moto_account(folder: Path) -> Iterator[EnvironmentSettings]:
    """The account of `dev` on a moto of its own process, with the tables and buckets that runs need."""
    root = Path(__file__).resolve().parents[1]
    settings = load_environment("dev", root=root / "stacks" / "environments", catalog=load_catalog())
    port_file = folder / "moto.port"
    command = [sys.executable, "-m", "sandbox.moto_server", str(port_file)]
    with subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}) as server:
        while not port_file.exists() and server.poll() is None:
            time.sleep(0.05)
        endpoint = f"http://127.0.0.1:{int(port_file.read_text(encoding='utf-8'))}"
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        regions = {"AWS_DEFAULT_REGION": settings.region, "AWS_REGION": settings.region}
        try:
            with patch.dict(os.environ, {"AWS_ENDPOINT_URL": endpoint, **keys, **regions}):
                _make(settings)
                yield settings
        finally:
            server.terminate()


def _make(settings: EnvironmentSettings) -> None:
    names = settings.names()
    client, s3 = boto3.client("dynamodb"), boto3.client("s3")
    for table in (names.orchestration_table, names.switch_table, names.audit_table):
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
    s3.create_bucket(Bucket=names.bucket("artifacts"))
    s3.create_bucket(Bucket=names.bucket("audit"), ObjectLockEnabledForBucket=True)


@contextmanager
def _api(settings: EnvironmentSettings, folder: Path) -> Iterator[Api]:
    bus = MemoryBus(topic_partitions())
    runtime.use(
        runtime.Runtime(settings=settings, catalog=load_catalog(), publisher=bus, clock=utc_now, wall_clock=utc_now)
    )
    (function,) = load_functions(spec for spec in function_table(settings) if spec.name == SUBMIT)
    issuer = open_issuer(folder, settings.api)
    account = Account(environment="dev", account_id=settings.account_id, region=settings.region)
    gateway = Gateway(functions={SUBMIT: function}, issuer=issuer, account=account, clock=utc_now)
    token = issuer.token("research", "bench", scopes=[ORCH_SUBMIT])
    with serving(gateway) as address:
        yield Api(address, token, boto3.client("dynamodb"), settings.names().orchestration_table)
