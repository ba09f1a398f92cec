"""The account of a trial, empty but for what the stacks make: tables, buckets, topics of one partition each."""

import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import boto3

from lambdas import runtime
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.contracts import topics
from quantos.environment.functions import topic_partitions
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.adapters.memory import MemoryBus
from quantos.orchestration.adapters.messages import decode
from quantos.orchestration.protocol.effects import Acknowledge, Create, Stop
from quantos.orchestration.protocol.rows import Finished, Started, Work
from sandbox.kill_sweep.account_gate import GatedServer, change
from sandbox.kill_sweep.moments import steady_name
from sandbox.kill_sweep.victim import HttpBus
from sandbox.moto_server import remember_hosts, remember_methods

if TYPE_CHECKING:
    from io import BytesIO
    from wsgiref.types import WSGIApplication, WSGIEnvironment

ENVIRONMENT: Final = "dev"
STARTED: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class TrialClock:
    """The time of a trial, which only moves when it is moved."""

    now: datetime = STARTED

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now

    @property
    def milliseconds(self) -> int:
        """Epoch milliseconds."""
        return round(self.now.timestamp() * 1000)


@dataclass(frozen=True)
class TrialAccount:
    """An account that is served on loopback, and emptied before each trial."""

    settings: EnvironmentSettings
    server: GatedServer
    clock: TrialClock
    folder: Path

    def empty(self) -> None:
        """Forget everything, and make what the stacks make."""
        empty(self.server)
        self.clock.now = STARTED
        names, region = self.settings.names(), self.settings.region
        dynamo, s3 = boto3.client("dynamodb", region), boto3.client("s3", region)
        for table in (names.orchestration_table, names.switch_table, names.audit_table):
            dynamo.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        s3.create_bucket(Bucket=names.bucket("artifacts"))
        s3.create_bucket(Bucket=names.bucket("audit"), ObjectLockEnabledForBucket=True)


def empty(server: GatedServer) -> None:
    """Forget everything, and pass no gate."""
    server.gate = None
    server.bus = one_partition_each()
    with urllib.request.urlopen(f"{server.url}/moto-api/reset", b""):  # noqa: S310  loopback
        pass


def one_partition_each() -> MemoryBus:
    """A bus with the topics of the environment, nothing on them."""
    return MemoryBus(dict.fromkeys(topic_partitions(), 1))


@contextmanager
def trial_account(folder: Path) -> Iterator[TrialAccount]:
    """Serve an account, and let functions of this process be composed over it."""
    catalog = load_catalog()
    settings = load_environment(ENVIRONMENT, root=runtime.ENVIRONMENTS, catalog=catalog)
    with served_account(settings.region) as server:
        account = TrialAccount(settings, server, TrialClock(), folder)
        use(settings, catalog, url=server.url, clock=account.clock)
        yield account


@contextmanager
def served_account(region: str) -> Iterator[GatedServer]:
    """An account and a bus behind an address, which AWS's clients of this process use from now on."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106  moto takes any
        AWS_DEFAULT_REGION=region,
        AWS_EC2_METADATA_DISABLED="true",
    )
    server = GatedServer(_moto(), one_partition_each())
    server.name_of = name_of
    os.environ["AWS_ENDPOINT_URL"] = server.url
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def use(settings: EnvironmentSettings, catalog: Catalog, *, url: str, clock: Callable[[], datetime]) -> None:
    """Compose functions over the account and the bus behind an address."""
    runtime.use(
        runtime.Runtime(settings=settings, catalog=catalog, publisher=HttpBus(url), clock=clock, wall_clock=clock)
    )


def name_of(environ: "WSGIEnvironment") -> str | None:
    """What a request changes; of a message also what it is about."""
    name = change(environ)
    topic = (name or "").removeprefix("publish ")
    if name is None or topic == name:
        return name
    said = json.loads(cast("BytesIO", environ["wsgi.input"]).getvalue())
    about = said["key"] if topic in topics.TELEMETRY else _about(said["value"].encode())
    return steady_name(f"{name} {about}")


def _about(value: bytes) -> str:
    stated = json.loads(value)
    if "record_id" in stated:
        return stated["record_id"]
    match decode(value):
        case Work(run):
            return f"work {run}"
        case Create(order):
            return f"create {order.node.last_attempt}"
        case Started() | Finished() | Stop() | Acknowledge() as message:
            return f"{type(message).__name__.lower()} {message.attempt}"


def _moto() -> "WSGIApplication":
    from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415  a second to import

    application = DomainDispatcherApplication(create_backend_app)
    remember_hosts(application)
    remember_methods()
    return application
