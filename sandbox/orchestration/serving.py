"""Orchestration of an environment that is up in the sandbox, with all that it stands on: bus, executor, traces."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import boto3

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.orchestration.adapters.topics import TopicSender
from sandbox.execution.archive import WorkspaceArchive
from sandbox.execution.composition import shut_down, supervisor_of
from sandbox.execution.machine import Machine, Room
from sandbox.execution.place import Place
from sandbox.execution.supervisor import Supervisor
from sandbox.orchestration.service import Service, orchestration
from sandbox.tracing.receiver import TraceFile, receiving

VIRTUAL: Final = Room(milli_cores=64_000, memory_bytes=256 * 2**30, gpus=4)
"""What attempts may ask for together, whatever this machine has."""
FULL_CORES: Final = 8
"""A machine of so many gives attempts what they ask for; a smaller one gives less, in proportion."""
OTLP_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES: Final = "traces.jsonl"


@dataclass(frozen=True)
class Serving:
    """A running orchestration, and the file of its spans."""

    service: Service
    traces: Path


@contextmanager
def serving_orchestration(settings: EnvironmentSettings, *, state_dir: Path, bus_url: str) -> Iterator[Serving]:
    """Serve while the block runs; at its end everything that runs is ended."""
    traces = state_dir / TRACES
    with ExitStack() as closing:
        endpoint = closing.enter_context(receiving(TraceFile(traces)))
        os.environ[OTLP_VARIABLE] = endpoint
        closing.callback(os.environ.pop, OTLP_VARIABLE, None)
        bucket = settings.names().bucket("artifacts")
        place = Place(state=state_dir / "executor", bucket=bucket, machine=machine(), otlp_endpoint=endpoint)

        def executor(sender: TopicSender) -> Supervisor:
            archive = WorkspaceArchive(boto3.client("s3"), bucket)
            supervisor = supervisor_of(place, sender=sender, archive=archive, environ=dict(os.environ))
            closing.callback(shut_down, supervisor)
            return supervisor

        service = orchestration(settings, state_dir=state_dir, bus_url=bus_url, executor=executor)
        yield Serving(closing.enter_context(service), traces)


def machine() -> Machine:
    """The virtual machine, of which this one gives as many cores as it has."""
    return Machine(room=VIRTUAL, resource_scale=min(1.0, (os.cpu_count() or 1) / FULL_CORES))
