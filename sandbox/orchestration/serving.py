"""Orchestration of an environment that is up in the sandbox, with all that it stands on: lake, executor, traces."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import boto3

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import OrchestrationError
from quantos.lake.adapters.composition import open_embedded_lake
from quantos.orchestration.adapters.composition import LAKE_VARIABLE
from quantos.orchestration.adapters.topics import TopicSender
from sandbox.execution.archive import WorkspaceArchive
from sandbox.execution.composition import shut_down, supervisor_of
from sandbox.execution.images import Images
from sandbox.execution.machine import Machine, Room
from sandbox.execution.place import Place
from sandbox.execution.ray_head import RayHeads
from sandbox.execution.supervisor import Supervisor
from sandbox.lake.embedded import embedded_lake, make_buckets
from sandbox.lake.seeding import seed
from sandbox.lake.trino import TraceReceiver, start_trino
from sandbox.orchestration.service import Service, orchestration
from sandbox.tracing.receiver import PATH, TraceFile, receiving

VIRTUAL: Final = Room(milli_cores=64_000, memory_bytes=256 * 2**30, gpus=4)
"""What attempts may ask for together, whatever this machine has."""
FULL_CORES: Final = 8
"""A machine of so many gives attempts what they ask for; a smaller one gives less, in proportion."""
OTLP_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES: Final = "traces.jsonl"
EXECUTOR: Final = "executor"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Serving:
    """A running orchestration, the file of its spans, and what runs its statements: `host:port`, or ""."""

    service: Service
    traces: Path
    trino: str


@contextmanager
def serving_orchestration(
    settings: EnvironmentSettings, *, state_dir: Path, bus_url: str, trino: bool, report: Report
) -> Iterator[Serving]:
    """Serve while the block runs; at its end everything that runs is ended. With `trino`, a real one is started.

    Raises:
        SandboxError: something of it cannot be started.
    """
    traces = state_dir / TRACES
    with ExitStack() as closing:
        endpoint = closing.enter_context(receiving(TraceFile(traces)))
        report("lake")
        lake = embedded_lake(state_dir, environ=os.environ)
        client = make_buckets(lake)
        address = ""
        if trino:
            receiver = TraceReceiver(f"{endpoint}{PATH}", "http/protobuf")
            started = closing.enter_context(start_trino(lake, report=report, traces=receiver))
            lake, address = started.lake, f"{started.host}:{started.port}"
        seed(open_embedded_lake(lake), client)
        closing.enter_context(_with_variables({OTLP_VARIABLE: endpoint, LAKE_VARIABLE: json.dumps(asdict(lake))}))
        place = replace(_place(settings, state_dir), otlp_endpoint=endpoint, lake=lake, trino=address)

        def executor(sender: TopicSender) -> Supervisor:
            archive = WorkspaceArchive(boto3.client("s3"), place.bucket)
            supervisor = supervisor_of(place, sender=sender, archive=archive, environ=dict(os.environ))
            closing.callback(shut_down, supervisor)
            return supervisor

        report("functions and executor")
        service = orchestration(settings, state_dir=state_dir, bus_url=bus_url, executor=executor)
        yield Serving(closing.enter_context(service), traces, address)


@contextmanager
def ray_started_beside(state_dir: Path, image: str) -> Iterator[None]:
    """Start the executor's Ray from an image's environment while the block goes on, so that its first job finds it.

    Where it cannot be started the job that needs it is told so.
    """

    def start() -> None:
        with suppress(OrchestrationError):
            RayHeads(state_dir / EXECUTOR).ensure(Images(os.environ).environment(image), gpus=VIRTUAL.gpus)

    (state_dir / EXECUTOR).mkdir(parents=True, exist_ok=True)
    thread = threading.Thread(target=start, name="ray", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        RayHeads(state_dir / EXECUTOR).stop()


def _place(settings: EnvironmentSettings, state_dir: Path) -> Place:
    scale = min(1.0, (os.cpu_count() or 1) / FULL_CORES)
    machine = Machine(room=VIRTUAL, resource_scale=scale)
    return Place(state=state_dir / EXECUTOR, bucket=settings.names().bucket("artifacts"), machine=machine)


@contextmanager
def _with_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """With variables of this process's environment, from which functions are composed."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
