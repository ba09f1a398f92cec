"""Puts a version of a stack's state back, under the stack's lease."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import boto3

from quantos.capacity.adapters.backend_locks import backend_locks, drop_stale_locks
from quantos.capacity.adapters.dynamo_control import DynamoLeases
from quantos.capacity.adapters.stores import compose_groups, compose_plan_ledger
from quantos.capacity.lease import hold
from quantos.environment.adapters.aws import making_clients
from quantos.environment.adapters.bring_up import person
from quantos.environment.adapters.layers import LayerStacks
from quantos.environment.checkpoint import Checkpoint
from quantos.environment.names import PROJECT, layer_of
from quantos.environment.settings import EnvironmentSettings
from quantos.environment.state_versions import Restoration, StateFiles, unknown_pools
from quantos.errors import EngineBusyError


@contextmanager
def put_back(
    settings: EnvironmentSettings, stacks: LayerStacks, files: StateFiles, restoration: Restoration
) -> Iterator[str | None]:
    """Put a version back and hold the stack for the block; the value is where the state that stood is kept.

    Raises:
        EngineBusyError: another holds the stack's lease, or an operation its lock in the backend.
        EngineError: the state is no longer as it was looked at, or cannot be written. Nothing was put back.
    """
    stack, url = restoration.stack, stacks.environment["PULUMI_BACKEND_URL"]
    with making_clients():
        dynamo = boto3.client("dynamodb", region_name=settings.region)
    leases = DynamoLeases(dynamo, settings.names().coordination_table)
    seconds = settings.actuator.lease_seconds
    with hold(leases, stack=stack, holder=person(), sequence=0, seconds=seconds, clock=_now) as lease:
        if lease is None:
            raise EngineBusyError(f"{stack} is busy: another operation holds its lease", remedy="try again later")
        _refuse_locked(url, stack, dead_before=lease.previous_expires_at)
        kept = files.replace(stack, restoration.content, found=restoration.found, now=_now())
        if lease.previous_expires_at is not None:
            drop_stale_locks(stacks.handle(stack), url=url, stack=stack, older_than=lease.previous_expires_at)
        yield kept


def strangers(settings: EnvironmentSettings, stack: str, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Pools that the applied plan or EKS knows and a state of the capacity stack does not; none for other layers.

    Raises:
        CapacityError: the plan document or the node groups cannot be read.
    """
    if layer_of(stack) != "capacity":
        return ()
    planned = compose_plan_ledger(settings).current().document.sizes
    return unknown_pools(checkpoint, planned=planned, groups=compose_groups(settings).names())


def _refuse_locked(url: str, stack: str, *, dead_before: datetime | None) -> None:
    """An operation that may be alive writes its state when it ends, over what is put back."""
    for lock in backend_locks(url).held(project=PROJECT, stack=stack):
        if dead_before is None or lock.taken_at >= dead_before:
            raise EngineBusyError(
                f"{lock.owner} has held {stack} since {lock.taken_at:%H:%M:%S}",
                remedy="wait for it to end, or drop its lock if its process is dead, and try again",
            )


def _now() -> datetime:
    return datetime.now(tz=UTC)
