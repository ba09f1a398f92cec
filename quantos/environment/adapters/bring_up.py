"""Layers brought up and taken down as people do: in order, and the robot's stack only under its lease."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import boto3

from quantos.capacity.adapters.backend_locks import drop_stale_locks
from quantos.capacity.adapters.dynamo_control import DynamoLeases
from quantos.capacity.lease import hold
from quantos.environment.adapters.layers import LayerRun, LayerStacks, Progress
from quantos.environment.settings import EnvironmentSettings
from quantos.errors import EngineBusyError, SettingsError


def bring_up(settings: EnvironmentSettings, stacks: LayerStacks, layer: str, *, progress: Progress) -> LayerRun:
    """Bring one layer up. Raises EngineBusyError when the layer is the robot's and another holds its lease.

    The robot's layer is previewed first: rules of a whole stack run after the steps of an `up`, and would refuse what
    is done already.
    """
    stack = settings.names().stack(layer)
    if layer != "capacity":
        return stacks.up(stack, progress=progress)
    with _lease(settings, stacks, stack):
        preview = stacks.preview(stack, progress=progress)
        return preview if preview.violations else stacks.up(stack, progress=progress)


def take_down(settings: EnvironmentSettings, stacks: LayerStacks, layer: str, *, progress: Progress) -> LayerRun:
    """Destroy one layer of an environment that is not protected, the robot's under its lease.

    Raises:
        SettingsError: the environment is protected from deletion.
        StackMissingError: the layer is not up. EngineError, EngineBusyError: as `bring_up`.
    """
    if settings.deletion_protection:
        raise SettingsError(
            f"{settings.name} is protected from deletion",
            remedy=f"set deletion_protection: false in its file by pull request, and run `quantos up {settings.name}`",
        )
    stack = settings.names().stack(layer)
    if layer != "capacity":
        return stacks.down(stack, progress=progress)
    with _lease(settings, stacks, stack):
        return stacks.down(stack, progress=progress)


@contextmanager
def _lease(settings: EnvironmentSettings, stacks: LayerStacks, stack: str) -> Iterator[None]:
    """The robot's lease of its stack, held for a person; a dead holder's lock is dropped."""
    leases = DynamoLeases(boto3.client("dynamodb", region_name=settings.region), settings.names().coordination_table)
    seconds = settings.actuator.lease_seconds
    with hold(leases, stack=stack, holder=person(), sequence=0, seconds=seconds, clock=_now) as lease:
        if lease is None:
            raise EngineBusyError(
                f"{stack} is busy: another operation holds its lease", remedy="try again when it has ended"
            )
        if lease.previous_expires_at is not None:
            url = stacks.environment["PULUMI_BACKEND_URL"]
            drop_stale_locks(stacks.handle(stack), url=url, stack=stack, older_than=lease.previous_expires_at)
        yield


def person() -> str:
    """Who holds a lease when it is no function: user, host and process."""
    return f"{getpass.getuser()}@{socket.gethostname()}/{os.getpid()}"


def _now() -> datetime:
    return datetime.now(tz=UTC)
