"""The Ray of this machine: one head, started when the first job needs it, and found again by its file."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter

from quantos.deployment.adapters.processes import LocalProcesses, mark
from quantos.deployment.holders import ProcessMark
from quantos.errors import OrchestrationError
from quantos.orchestration.attempt.ending import end_below
from quantos.orchestration.attempt.environment import Environment
from quantos.orchestration.attempt.launching import LAUNCHER_FILES, Launch
from quantos.translation import Vendor, translated

START_SECONDS: Final = 120.0
CALL_SECONDS: Final = 90.0
"""Ray itself waits up to a minute for an agent before it refuses a job."""

OBJECT_STORE_BYTES: Final = 256 * 2**20
_START: Final = 'log=$1; shift; "$@" >>"$log" 2>&1 & echo $!'
"""Starts a command as nobody's child, so that it outlives who needs it first, and says its pid."""

_HTTP: Final = Vendor(raises=(OSError, ValueError))
_REMEDY: Final = "see ray.log in the executor's folder"


@dataclass(frozen=True, kw_only=True)
class RayHead:
    """A head that runs. Whoever has its token may run anything there.

    Attributes:
        folder: its temporary files; a short path, as sockets lie in it.
    """

    process: ProcessMark
    url: str
    token: str
    folder: str

    def call(self, method: str, path: str, *, body: JsonValue = None) -> dict[str, JsonValue]:
        """Ask its job API (`/api/…`). Raises OrchestrationError; `retryable` where nobody answered."""
        request = urllib.request.Request(  # noqa: S310  our own loopback
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self.token}"},
        )
        what = f"Ray did not {method} {path}"
        try:
            with (
                translated(_HTTP, into=OrchestrationError, what=what, remedy=_REMEDY),
                urllib.request.urlopen(request, timeout=CALL_SECONDS) as response,  # noqa: S310  our own loopback
            ):
                document = json.loads(response.read())
        except OrchestrationError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError):
                text = error.__cause__.read().decode(errors="replace").strip()[-300:]
                raise OrchestrationError(f"{what}: {error.__cause__.code} {text}", remedy=_REMEDY) from error
            raise OrchestrationError(error.what, remedy=_REMEDY, retryable=True) from error
        return document if isinstance(document, dict) else {"answer": document}


_HEAD: Final = TypeAdapter(RayHead)


@dataclass(frozen=True)
class RayHeads:
    """The head of an executor, kept in its folder."""

    state: Path

    def running(self) -> RayHead | None:
        """The head, where it runs."""
        with suppress(FileNotFoundError):
            head = _HEAD.validate_json((self.state / "ray.json").read_bytes())
            return None if LocalProcesses().gone(head.process) else head
        return None

    def ensure(self, environment: Environment, *, gpus: int) -> RayHead:
        """The head, started from an image's environment where none runs. Its GPUs are simulated.

        Raises OrchestrationError where it does not start.
        """
        with self._alone():
            head = self.running()
            if head is None:
                self._discard()
                head = self._start(environment, gpus=gpus)
            self._await(head)
            return head

    def stop(self) -> None:
        """End it with all that it runs."""
        with self._alone():
            head = self.running()
            if head is not None:
                _end(head)
            self._discard()

    def _start(self, environment: Environment, *, gpus: int) -> RayHead:
        (self.state / "attempts").mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="quantos-ray-")
        token = secrets.token_hex(32)
        ports = _free_ports(5)
        launch = Launch(
            name="ray",
            command=_command(environment, folder=folder, ports=ports, gpus=gpus),
            folder=Path(folder),
            variables=_variables(environment, folder=folder, token=token),
            reads=(environment.folder.parent, *LAUNCHER_FILES),
            writes=(Path(folder), self.state / "attempts", Path("/dev/shm")),  # noqa: S108  where Ray keeps objects
            cores=os.cpu_count() or 1,
        )
        started = subprocess.run(
            ["/bin/sh", "-c", _START, "sh", str(self.state / "ray.log"), *launch.write(self.state / "ray-launch.json")],
            stdin=subprocess.DEVNULL, capture_output=True, env={}, text=True, check=True, start_new_session=True,
        )  # fmt: skip
        process = mark(int(started.stdout))
        head = RayHead(process=process, url=f"http://127.0.0.1:{ports[0]}", token=token, folder=folder)
        self._keep(head)
        return head

    def _await(self, head: RayHead) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and not LocalProcesses().gone(head.process):
            with suppress(OrchestrationError):
                head.call("GET", "/api/version")
                head.call("GET", "/api/jobs/")
                return
            time.sleep(0.2)
        _end(head)
        raise OrchestrationError("Ray's head did not start", remedy=_REMEDY)

    def _keep(self, head: RayHead) -> None:
        partial = self.state / "ray.json.partial"
        partial.touch(mode=0o600)
        partial.write_bytes(_HEAD.dump_json(head))
        partial.rename(self.state / "ray.json")

    def _discard(self) -> None:
        with suppress(FileNotFoundError):
            head = _HEAD.validate_json((self.state / "ray.json").read_bytes())
            shutil.rmtree(head.folder, ignore_errors=True)
            (self.state / "ray.json").unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / "ray.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _end(head: RayHead) -> None:
    end_below(head.process.pid)
    if not LocalProcesses().gone(head.process):
        os.kill(head.process.pid, signal.SIGKILL)


def _command(environment: Environment, *, folder: str, ports: list[int], gpus: int) -> list[str]:
    dashboard, head, client, agent, agent_rpc = ports
    options = {
        "port": head, "dashboard-host": "127.0.0.1", "dashboard-port": dashboard, "ray-client-server-port": client,
        "dashboard-agent-listen-port": agent, "dashboard-agent-grpc-port": agent_rpc, "min-worker-port": 0,
        "max-worker-port": 0, "num-cpus": os.cpu_count() or 1, "num-gpus": gpus, "temp-dir": folder,
        "object-store-memory": OBJECT_STORE_BYTES,
    }  # fmt: skip
    stated = [f"--{name}={value}" for name, value in options.items()]
    ray = [str(environment.python), "-m", "ray.scripts.scripts"]
    return [*ray, "start", "--head", "--block", "--disable-usage-stats", *stated]


def _variables(environment: Environment, *, folder: str, token: str) -> dict[str, str]:
    return {
        "LANG": "C.UTF-8",
        "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "PYTHONDONTWRITEBYTECODE": "1",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "120",
    }


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system gives out, so that nothing takes them meanwhile by chance."""
    ports: list[int] = []
    while len(ports) < count:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            ports += [] if port in ports else [port]
    return ports
