"""A function of an image, run as Lambda would run it, behind AWS's emulator; each of its calls and its memory told.

The emulator is read from this machine and lies in no image. It counts in the container's memory, some 15 MiB.
"""

import http.client
import json
import os
import re
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from images.bases.archive import read_saved
from images.bases.base import unpack
from images.errors import ImageError
from images.layers.store import cache_named
from images.oci import archived_digest
from images.oci_documents import Config, Manifest, RunConfig
from images.running.bundle import Limits, Start
from images.running.container import Container, Memory, create
from images.running.emulator import emulator
from images.running.network import LOOPBACK
from sandbox.engine.progress import Reporter

PORT: Final = 8080
EMULATOR: Final = "/dev/emulator/aws-lambda-rie"
AWS_PORT: Final = 4566
"""Where a function finds the stand-in for AWS, on its own loopback."""
_CALL: Final = "/2015-03-31/functions/function/invocations"
_START_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02
_INIT: Final = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")


@dataclass(frozen=True, kw_only=True)
class UnpackedImage:
    """An image's files, not to be written, and what a container of it starts with."""

    root: Path
    run: RunConfig
    digest: str


@dataclass(frozen=True, kw_only=True)
class FunctionSetting:
    """How a function runs.

    `aws_port` is the stand-in for AWS on this machine's loopback; `readable` are further files that it may read.
    """

    name: str
    handler: str
    memory_mib: int
    timeout_seconds: int
    variables: Mapping[str, str]
    aws_port: int
    readable: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call came to: the function's answer, or its error's type and message; and how long it took."""

    value: JsonValue
    error: str
    seconds: float


@dataclass(frozen=True)
class RunningFunction:
    """A function whose container has started; it is initialised by the first call."""

    container: Container
    timeout_seconds: int

    def call(self, event: Mapping[str, JsonValue]) -> Answer:
        """Hand an event to the function.

        Raises:
            ImageError: it gives no answer; the end of its log is told.
        """
        started = time.monotonic()
        try:
            status, content = self._post(json.dumps(event).encode())
            value: JsonValue = json.loads(content) if content else None
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise self._silent(str(exc)) from exc
        if status != http.client.OK:
            raise self._silent(f"status {status}")
        error = ""
        if isinstance(value, dict) and "errorType" in value:
            error = f"{value['errorType']}: {value.get('errorMessage')}"
        return Answer(value=value, error=error, seconds=time.monotonic() - started)

    def init_seconds(self) -> float:
        """How long its first initialisation took: from its process' start to its first question for an event."""
        reported = _INIT.search(self.log())
        if reported is None:
            raise self._silent("it was never initialised")
        return float(reported[1]) / 1000

    def memory(self) -> Memory:
        """The most that it has taken."""
        return self.container.memory()

    def log(self) -> str:
        """What it and the emulator wrote."""
        return self.container.log.read_text(encoding="utf-8", errors="replace")

    def _post(self, content: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, PORT, timeout=self.timeout_seconds)
        connection.sock = self._connected()
        connection.sock.settimeout(self.timeout_seconds + _START_SECONDS)
        try:
            connection.request("POST", _CALL, content)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return self.container.network.connect(PORT)
            except OSError:
                if time.monotonic() > deadline or not self.container.running():
                    raise
                time.sleep(_POLL_SECONDS)

    def _silent(self, reason: str) -> ImageError:
        return ImageError(
            f"{self.container.name} gives no answer ({reason}): {self.log()[-1500:]}", remedy="read what it wrote"
        )


def unpacked(archive: Path, *, environ: Mapping[str, str]) -> UnpackedImage:
    """The image of an archive, unpacked once a digest.

    Raises:
        ImageError: it is none of ours.
    """
    digest = archived_digest(archive)
    cache = cache_named(environ, "unpacked")
    folder = cache.folder(digest.replace(":", "-"))
    if not folder.is_dir():
        with cache.lock(Reporter()), cache.staging() as staging:
            layout = staging / "layout"
            layout.mkdir()
            unpack([archive], layout)
            saved = read_saved(layout, name=archive.name)
            unpack([layer.blob for layer in saved.layers], staging / "rootfs")
            manifest = Manifest.model_validate_json((layout / "blobs" / digest.replace(":", "/")).read_bytes())
            shutil.copy(layout / "blobs" / manifest.config.digest.replace(":", "/"), staging / "config.json")
            shutil.rmtree(layout)
            cache.publish(staging, folder.name)
    config = Config.model_validate_json((folder / "config.json").read_bytes())
    return UnpackedImage(root=folder / "rootfs", run=config.config, digest=digest)


@contextmanager
def running(image: UnpackedImage, setting: FunctionSetting, *, environ: Mapping[str, str]) -> Iterator[RunningFunction]:
    """A function in a container that goes away afterwards.

    Raises:
        ImageError: no container can be made: not root, no runc, or no cgroups of version 1.
    """
    name = f"quantos-{setting.name}-{uuid.uuid4().hex[:8]}"
    start = Start(
        root=image.root,
        arguments=[EMULATOR, *(image.run.entrypoint or ()), setting.handler],
        environment={**_variables(setting), **setting.variables},
        readable={EMULATOR: emulator(environ), **setting.readable},
        cgroup=f"/quantos-images/{name}",
    )
    with tempfile.TemporaryDirectory(prefix="quantos-image-") as text:
        container = create(Path(text), image.run, name=name, start=start, limits=Limits(memory_mib=setting.memory_mib))
        try:
            forwarding = container.network.forward(AWS_PORT, to=setting.aws_port)
            try:
                container.start()
                yield RunningFunction(container, setting.timeout_seconds)
            finally:
                forwarding.close()
        finally:
            container.remove()


def _variables(setting: FunctionSetting) -> dict[str, str]:
    """What Lambda tells a function, and credentials that only a stand-in takes."""
    return {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{AWS_PORT}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": setting.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(setting.timeout_seconds),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(setting.memory_mib),
        "AWS_LAMBDA_LOG_STREAM_NAME": "emulator",
        "AWS_XRAY_SDK_ENABLED": "false",
    }


def may_run() -> str:
    """Why no container can be run here; empty where one can."""
    if os.geteuid() != 0:
        return "containers are run by root only"
    if shutil.which("runc") is None:
        return "runc is not installed"
    if not Path("/sys/fs/cgroup/memory").is_dir():
        return "memory is read of cgroups of version 1"
    return ""
