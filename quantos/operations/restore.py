"""Puts a version of a stack's state back, under the stack's lease."""

from collections.abc import Iterator
from contextlib import contextmanager

from quantos.capacity.adapters.stores import compose_groups, compose_plan_ledger
from quantos.clock import utc_now
from quantos.deployment.adapters.layers import LayerStacks
from quantos.deployment.checkpoint import Checkpoint
from quantos.deployment.state_versions import Restoration, StateFiles, unknown_pools
from quantos.environment.names import layer_of
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.operations.bring_up import leased


@contextmanager
def put_back(
    settings: EnvironmentSettings, stacks: LayerStacks, *, files: StateFiles, restoration: Restoration
) -> Iterator[tuple[LayerStacks, str | None]]:
    """Put a version back; the stacks under the lease, held for the block, and where the state that stood is kept.

    Raises:
        EngineBusyError: another holds the stack's lease, or an operation its lock in the backend.
        EngineError: the state is no longer as it was looked at, or cannot be written. Nothing was put back.
    """
    with leased(settings, stacks, restoration.stack) as held:
        yield held, files.replace(restoration.stack, restoration.content, stored=restoration.stored, now=utc_now())


def strangers(settings: EnvironmentSettings, stack: str, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Pools that the applied plan or EKS knows and a state of the capacity stack does not; none for other layers.

    Raises:
        CapacityError: the plan document or the node groups cannot be read.
    """
    if layer_of(stack) != "capacity":
        return ()
    planned = compose_plan_ledger(settings).current().document.sizes
    return unknown_pools(checkpoint, planned=planned, groups=compose_groups(settings).names())
