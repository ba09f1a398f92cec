"""Composes the resizer of an environment from its AWS adapters."""

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3

from quantos.capacity.adapters.dynamo_control import DynamoLeases
from quantos.capacity.adapters.pulumi_command import Deadline
from quantos.capacity.adapters.pulumi_engine import CapacityProgram, PulumiEngine
from quantos.capacity.adapters.stores import compose_control, compose_groups, compose_plan_ledger, compose_signer
from quantos.capacity.ports import Clock
from quantos.capacity.resize import Resizer
from quantos.environment.settings import EnvironmentSettings
from quantos.policy.adapters.packs import render_joint_pack

STEP_TIMEOUT_SECONDS = 360
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class EngineSetting:
    """What the engine needs beside the plan: the program, the packs' folder, and variables for the CLI."""

    program: CapacityProgram
    packs_root: Path
    variables: Mapping[str, str]


class ComposedResizer:
    """The resizer of an environment's capacity stack; clients and engine are made once for all invocations."""

    def __init__(
        self, settings: EnvironmentSettings, engine: EngineSetting, *, clock: Clock, wall_clock: Clock
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._deadline = Deadline()
        self._built: PulumiEngine | None = None
        names = settings.names()
        dynamo = boto3.client("dynamodb", region_name=settings.region)
        self._resizer = Resizer(
            stack=names.stack("capacity"),
            mode=settings.mode,
            settings=settings.actuator,
            signer=compose_signer(settings),
            ledger=compose_plan_ledger(settings),
            leases=DynamoLeases(dynamo, names.coordination_table),
            control=compose_control(settings),
            groups=compose_groups(settings),
            engine=self._deadlined_engine,
            clock=clock,
            wall_clock=wall_clock,
        )

    def resizer(self, *, time_left_seconds: float | None) -> Resizer:
        """The resizer for one invocation that has `time_left_seconds` to live; None is a person's, without an end."""
        self._deadline.restart(interrupt_at_seconds=_interrupt_at(time_left_seconds))
        return self._resizer

    def _deadlined_engine(self) -> PulumiEngine:
        if self._built is None:
            self._built = compose_engine(self._settings, self._engine, deadline=self._deadline)
        return self._built


def compose_engine(settings: EnvironmentSettings, engine: EngineSetting, *, deadline: Deadline) -> PulumiEngine:
    """The engine of the capacity stack, in an own folder under the temporary one."""
    folder = Path(tempfile.gettempdir()) / f"quantos-{settings.name}-{os.getpid()}"
    return PulumiEngine(
        stack=settings.names().stack("capacity"),
        program=engine.program,
        packs=[render_joint_pack(settings, packs_root=engine.packs_root, folder=folder)],
        work_dir=folder / "workspace",
        environment=engine.variables,
        deadline=deadline,
    )


def _interrupt_at(time_left_seconds: float | None) -> float | None:
    """The moment from which only a step under way and the settling after it still fit into the time left."""
    if time_left_seconds is None:
        return None
    return time.monotonic() + time_left_seconds - (max(STEP_TIMEOUT_SECONDS, 60) + SETTLE_SECONDS)
