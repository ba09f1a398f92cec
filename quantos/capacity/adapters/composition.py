"""Composes the resizer of an environment from its AWS adapters."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import boto3

from quantos.adapters.aws import making_clients
from quantos.adapters.control_clients import CONTROL_CONFIG
from quantos.capacity.adapters.engine_credentials import LeasedCredentials
from quantos.capacity.adapters.pulumi_engine import CapacityProgram, Credentials, PulumiEngine
from quantos.capacity.adapters.s3_plans import S3Outcomes
from quantos.capacity.adapters.stores import (
    compose_bucket,
    compose_floors,
    compose_groups,
    compose_leases,
    compose_plan_ledger,
    compose_signer,
    compose_switches,
)
from quantos.capacity.planning.dead_band import pool_ranges
from quantos.capacity.resize.transaction import Resizer
from quantos.clock import Clock
from quantos.deployment.adapters.processes import LocalProcesses
from quantos.deployment.lease import LeaseDesk
from quantos.deployment.lock_recovery import LockRecovery
from quantos.deployment.stop_order import StopOrder
from quantos.environment.functions import RESIZE
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.policy.adapters.packs import render_joint_pack

STEP_TIMEOUT_SECONDS = 360
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class EngineSetting:
    """What the engine needs beside the plan: the program, the packs' folder, and variables for the CLI.

    `credentials` are what it acts with; None for those of the variables, which do not end with a lease.
    """

    program: CapacityProgram
    packs_root: Path
    variables: Mapping[str, str]
    credentials: Credentials | None = None


class ComposedResizer:
    """The resizer of an environment's capacity stack; clients and engine are made once for all invocations."""

    def __init__(
        self, settings: EnvironmentSettings, engine: EngineSetting, *, clock: Clock, wall_clock: Clock
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._order = StopOrder()
        self._ends_at: datetime | None = None
        self._wall_clock = wall_clock
        self._built: PulumiEngine | None = None
        desk = compose_desk(settings, order=self._order, clock=wall_clock, ends_at=lambda: self._ends_at)
        self._resizer = Resizer(
            stack=settings.names().stack("capacity"),
            mode=settings.mode,
            settings=settings.actuator,
            bin_seconds=settings.decisions.bin_seconds,
            ranges=pool_ranges(settings),
            signer=compose_signer(settings),
            ledger=compose_plan_ledger(settings),
            outcomes=S3Outcomes(compose_bucket(settings)),
            floors=compose_floors(settings),
            switches=compose_switches(settings),
            groups=compose_groups(settings),
            desk=desk,
            recovery=LockRecovery(desk.processes, wall_clock, desk.life),
            engine=self._kept_engine,
            clock=clock,
        )

    def resizer(self, *, time_left_seconds: float | None) -> Resizer:
        """The resizer for one invocation that has `time_left_seconds` to live; None is a person's, without an end."""
        self._ends_at = None if time_left_seconds is None else self._wall_clock() + timedelta(seconds=time_left_seconds)
        self._order.restart(interrupt_at_seconds=_interrupt_at(time_left_seconds))
        return self._resizer

    def _kept_engine(self) -> PulumiEngine:
        if self._built is None:
            self._built = compose_engine(self._settings, self._engine, order=self._order)
        return self._built


def compose_desk(
    settings: EnvironmentSettings,
    *,
    order: StopOrder,
    clock: Clock,
    ends_at: Callable[[], datetime | None] | None = None,
) -> LeaseDesk:
    """Where this process takes the leases of an environment; `ends_at` None is a person's process, without an end."""
    return LeaseDesk(
        store=compose_leases(settings),
        processes=LocalProcesses(),
        clock=clock,
        life=timedelta(seconds=settings.actuator.lease_seconds),
        order=order,
        new_id=lambda: uuid4().hex,
        ends_at=ends_at or (lambda: None),
    )


def compose_engine(settings: EnvironmentSettings, engine: EngineSetting, *, order: StopOrder) -> PulumiEngine:
    """The engine of the capacity stack, in an own folder under the temporary one."""
    folder = Path(tempfile.gettempdir()) / f"quantos-{settings.name}-{os.getpid()}"
    return PulumiEngine(
        stack=settings.names().stack("capacity"),
        program=engine.program,
        packs=[render_joint_pack(settings, packs_root=engine.packs_root, folder=folder)],
        work_dir=folder / "workspace",
        environment=engine.variables,
        order=order,
        credentials=engine.credentials,
    )


def compose_credentials(settings: EnvironmentSettings, *, clock: Clock) -> LeasedCredentials:
    """Credentials for the engine of the resize function, of the function's own role."""
    with making_clients():
        client = boto3.client("sts", region_name=settings.region, config=CONTROL_CONFIG)
    role = f"arn:aws:iam::{settings.account_id}:role/{settings.names().function(RESIZE)}"
    return LeasedCredentials(client.assume_role, role, clock)


def _interrupt_at(time_left_seconds: float | None) -> float | None:
    """The moment from which only a step under way and the settling after it still fit into the time left."""
    if time_left_seconds is None:
        return None
    return time.monotonic() + time_left_seconds - (max(STEP_TIMEOUT_SECONDS, 60) + SETTLE_SECONDS)
