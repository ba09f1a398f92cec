"""An executor of this machine over a bucket that moto keeps, and orders for it."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app

from quantos.contracts.dag.outputs import Output
from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.protocol.rows import AttemptKey, Finished, Message, Node, Order, RunKey, Started
from sandbox.execution.attempts import Attempts
from sandbox.execution.composition import shut_down, supervisor_of
from sandbox.execution.images import IMAGES
from sandbox.execution.machine import Machine, Room
from sandbox.execution.place import Place
from sandbox.execution.supervisor import Supervisor
from sandbox.moto_server import KeptAliveHandler, KeptAliveServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "artifacts"
MACHINE = Machine(room=Room(milli_cores=16_000, memory_bytes=64 * 2**30, gpus=2), resource_scale=0.25)


@dataclass
class Heard:
    """A sender that keeps what it was given."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.messages.append(message)

    def ends(self) -> dict[str, Finished]:
        return {str(message.attempt): message for message in self.messages if isinstance(message, Finished)}

    def starts(self) -> list[str]:
        return [str(message.attempt) for message in self.messages if isinstance(message, Started)]


@dataclass
class ExecutorCase:
    """An executor with a folder of its own; `environ` is its workers'."""

    state: Path
    client: "S3Client"
    environ: Mapping[str, str]
    machine: Machine = MACHINE
    images: Path = IMAGES
    otlp_endpoint: str = ""
    heard: Heard = field(default_factory=Heard)

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.state / "attempts.sqlite")

    @property
    def archive(self) -> WorkspaceArchive:
        return WorkspaceArchive(self.client, BUCKET)

    def supervisor(self) -> Supervisor:
        place = Place(
            state=self.state, bucket=BUCKET, machine=self.machine, images=self.images, otlp_endpoint=self.otlp_endpoint
        )
        return supervisor_of(place, sender=self.heard, archive=self.archive, environ=self.environ)

    def run(self, until: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Step a supervisor until something holds."""
        supervisor = self.supervisor()
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, self.told()
            supervisor.step(now_ms=now_ms())
            time.sleep(0.05)

    def ended(self, *orders: Order, seconds: float = 60.0) -> list[Finished]:
        """Run orders to their ends, which are acknowledged."""
        names = [str(order.node.last_attempt) for order in orders]
        for order in orders:
            self.attempts.create(order)
        self.run(lambda: all(name in self.heard.ends() for name in names), seconds=seconds)
        return [self.heard.ends()[name] for name in names]

    def told(self) -> str:
        logs = [path.read_text(errors="replace") for path in self.state.glob("**/log.txt")]
        return "\n".join([*map(str, self.attempts.open()), *logs])

    def log(self, order: Order) -> str:
        prefix = f"workspaces/{order.node.last_attempt}/log/"
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        keys = sorted(entry["Key"] for entry in listed if entry["Key"].endswith(".txt"))
        return b"".join(self.body(key) for key in keys).decode()

    def body(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def outputs(self, order: Order) -> dict[str, Output]:
        return self.archive.outputs(str(order.node.last_attempt)).outputs

    def close(self) -> None:
        shut_down(self.supervisor())


@contextmanager
def own_account(cache: Path) -> Iterator[dict[str, str]]:
    """What workers are told: an account of moto's own, and where environments are kept."""
    application = DomainDispatcherApplication(create_backend_app)
    server = KeptAliveServer(("127.0.0.1", 0), partial(KeptAliveHandler, application=application))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    try:
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "the caller's",
            "AWS_DEFAULT_REGION": "us-east-1",
            "XDG_CACHE_HOME": str(cache),
        }
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def client_of(environ: Mapping[str, str]) -> "S3Client":
    """A client of such an account, whose bucket is made."""
    client = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        region_name=environ["AWS_DEFAULT_REGION"],
    )
    client.create_bucket(Bucket=BUCKET)
    return client


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def put_request(
    case: ExecutorCase,
    *nodes: Mapping[str, object],
    edges: Sequence[Mapping[str, str]] = (),
    secrets_scope: str | None = None,
) -> str:
    """Keep what was submitted, and return its digest."""
    fields = {
        "dag": {
            "version": 1,
            "pipeline_id": "p",
            "slo": {"max_runtime": "1h"},
            "nodes": list(nodes),
            "edges": list(edges),
        },
        "params": {"submission_id": "bt-1", "env": "dev", "secrets_scope": secrets_scope},
    }
    request = SubmissionRequest.model_validate(fields)
    S3Specs(S3Objects(case.client, BUCKET)).put("alpha", request)
    return request.digest()


def order_of(
    digest: str,
    node: str,
    *,
    limit_ms: int = 60_000,
    attempt: int = 1,
    requests: Mapping[str, object] = MappingProxyType({}),
    inputs: Sequence[str] = (),
) -> Order:
    """An order for an attempt of a node of what has a digest; it takes what the first attempts of others gave."""
    asked = Requests.model_validate({"cpu": "4", "mem": "4Gi", "gpu": 0, **requests})
    row = Node(
        run=RunKey("alpha", "bt-1"), digest=digest, id=node, upstream=(), requests=asked, expected_ms=1000,
        max_attempts=1, attempt=attempt, limit_ms=limit_ms,
    )  # fmt: skip
    return Order(node=row, inputs=tuple(AttemptKey(RunKey("alpha", "bt-1"), name, 1) for name in inputs))


def give_input(case: ExecutorCase, node: str, name: str, *, file: Path) -> None:
    """Keep a file as what the first attempt of a node gave."""
    attempt = f"alpha/bt-1/1/{node}/1"
    case.archive.put_outputs(attempt, {name: case.archive.put_output(attempt, name, file=file)})
