"""Orchestration of an environment that is up in the sandbox, with its executor."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import boto3

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.orchestration.adapters.composition import LAKE_VARIABLE
from quantos.orchestration.adapters.topics import TopicSender
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from sandbox.execution.composition import shut_down, supervisor_of
from sandbox.execution.machine import Machine
from sandbox.execution.place import Place
from sandbox.execution.supervisor import Supervisor
from sandbox.orchestration.engines import EXECUTOR, VIRTUAL, Engines
from sandbox.orchestration.service import Service, orchestration

FULL_CORES: Final = 8
"""A machine of so many gives attempts what they ask for; a smaller one gives less, in proportion."""
OTLP_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True)
class Serving:
    """A running orchestration, and what runs beside it."""

    service: Service
    engines: Engines


@contextmanager
def serving_orchestration(
    settings: EnvironmentSettings,
    engines: Engines,
    *,
    state_dir: Path,
    bus_url: str,
    resource_scale: float | None = None,
) -> Iterator[Serving]:
    """Serve while the block runs; at its end everything that runs is ended.

    Args:
        settings: of an environment that is up in the sandbox.
        engines: what runs beside.
        state_dir: the sandbox's.
        bus_url: of the bus that the functions share.
        resource_scale: which share of what attempts ask for they are given; by default as this machine's cores are to
            those of a full one.

    Raises:
        SandboxError: something of it cannot be started.
    """
    variables = {OTLP_VARIABLE: engines.endpoint, LAKE_VARIABLE: json.dumps(asdict(engines.lake))}
    place = replace(
        _place(settings, state_dir, resource_scale),
        otlp_endpoint=engines.endpoint,
        lake=engines.lake,
        trino=engines.trino,
        results=settings.names().results_database,
    )
    with ExitStack() as closing:
        closing.enter_context(_with_variables(variables))

        def executor(sender: TopicSender) -> Supervisor:
            archive = WorkspaceArchive(boto3.client("s3"), place.bucket)
            supervisor = supervisor_of(place, sender=sender, archive=archive, environ=dict(os.environ))
            closing.callback(shut_down, supervisor)
            return supervisor

        service = orchestration(settings, state_dir=state_dir, bus_url=bus_url, executor=executor)
        yield Serving(closing.enter_context(service), engines)


def _place(settings: EnvironmentSettings, state_dir: Path, resource_scale: float | None) -> Place:
    scale = min(1.0, (os.cpu_count() or 1) / FULL_CORES) if resource_scale is None else resource_scale
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
