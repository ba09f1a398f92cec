"""The bucket and the bus of a trial, and whose gate a request has to pass."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3

from quantos.contracts import topics
from quantos.messaging.adapters.memory import MemoryBus
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.attempt.folder import folder_of
from sandbox.execution.images import Images
from sandbox.kill_sweep.account_gate import BUS, GatedServer
from sandbox.kill_sweep.executor.story import BEGAN, IMAGE, submission, write_image
from sandbox.kill_sweep.executor.watch import Watch
from sandbox.kill_sweep.gate import Gate
from sandbox.kill_sweep.runs.account import empty, served_account

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from mypy_boto3_s3 import S3Client

BUCKET: Final = "artifacts"
REGION: Final = "us-east-1"
_WORKER: Final = "worker"
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class StoryAccount:
    """An account that is served on loopback, and emptied before each trial; `folder` holds what trials share."""

    server: GatedServer
    client: "S3Client"
    folder: Path

    @property
    def images(self) -> Path:
        """This process's folder of the image of the story's programs; its environment is shared."""
        return self.folder / f"images-{os.getpid()}"

    @property
    def bus(self) -> MemoryBus:
        """The bus."""
        return self.server.bus

    def empty(self) -> str:
        """Forget everything, keep what was submitted, and return its digest."""
        empty(self.server)
        self.server.bus = MemoryBus({topics.ORCH_ATTEMPTS: 1, topics.ORCH_EVENTS: 1, BEGAN: 1})
        self.client.create_bucket(Bucket=BUCKET)
        request = submission(f"{self.server.url}{BUS}")
        S3Specs(S3Objects(self.client, BUCKET)).put("research", request)
        return request.digest()

    def environ(self) -> dict[str, str]:
        """What workers are told; by it their requests name them."""
        return {**os.environ, "AWS_SDK_UA_APP_ID": _WORKER, "XDG_CACHE_HOME": str(self.folder / "cache")}

    def keys(self, prefix: str) -> list[str]:
        """Objects of the bucket."""
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return sorted(entry.get("Key", "") for entry in listed)

    def body(self, key: str) -> bytes:
        """An object."""
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@contextmanager
def story_account(folder: Path) -> Iterator[StoryAccount]:
    """Serve an account, with the environment of the story's programs built in a folder."""
    with served_account(REGION) as server:
        account = StoryAccount(server, boto3.client("s3"), folder)
        write_image(account.images)
        Images(account.environ(), account.images).environment(IMAGE)
        yield account


@dataclass
class Requests:
    """Whose gate a request passes: the executor's, or that of the worker which has the attempt.

    Attributes:
        executor: pid of the executor that runs.
        asked: how often an executor has looked for orders.
    """

    state: Path
    watch: Watch
    executor: int = 0
    asked: int = 0

    def gate_of(self, environ: "WSGIEnvironment") -> Gate | None:
        """The gate; None for what changes nothing, and for what programs say."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method in _READS:
            self.asked += path == f"{BUS}{topics.ORCH_ATTEMPTS}"
            return None
        if path == f"{BUS}{BEGAN}":
            return None
        if f"app/{_WORKER}" not in environ.get("HTTP_USER_AGENT", ""):
            return self.watch.gates.get(self.executor)
        attempt = "/".join(path.split("/")[3:8])
        claim = folder_of(self.state, attempt).claimed()
        return None if claim is None or claim.process is None else self.watch.gates.get(claim.process.pid)


def began(bus: MemoryBus) -> list[str]:
    """The nodes of the programs that said that they run, each as often as it said so."""
    return [record.key.decode() for record in bus.records(BEGAN)]
