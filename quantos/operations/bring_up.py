"""Layers brought up and taken down as people do: in order, and the robot's stack only under its lease."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from quantos.capacity.adapters.composition import compose_desk
from quantos.capacity.adapters.pulumi_engine import measured
from quantos.capacity.adapters.stores import compose_groups, compose_plan_ledger
from quantos.capacity.resize.transaction import mismatches
from quantos.clock import utc_now
from quantos.deployment.adapters.backend_locks import backend_locks
from quantos.deployment.adapters.layers import LayerRun, LayerStacks, Progress
from quantos.deployment.lock_recovery import LockRecovery
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import EngineBusyError, SettingsError


def bring_up(settings: EnvironmentSettings, stacks: LayerStacks, layer: str, *, progress: Progress) -> LayerRun:
    """Bring one layer up. Raises EngineBusyError when the layer is the robot's and another holds its lease.

    The robot's layer is previewed first: rules of a whole stack run after the steps of an `up`, and would refuse what
    is done already.
    """
    stack = settings.names().stack(layer)
    if layer != "capacity":
        return stacks.up(stack, progress=progress)
    with leased(settings, stacks, stack) as lent:
        held = replace(lent, packs=measured(lent.packs, compose_groups(settings).sizes()))
        preview = held.preview(stack, progress=progress)
        if preview.violations:
            return preview
        run = held.up(stack, progress=progress)
        if not run.violations:
            _settle(settings)
        return run


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
    with leased(settings, stacks, stack) as held:
        return held.down(stack, progress=progress)


@contextmanager
def leased(settings: EnvironmentSettings, stacks: LayerStacks, stack: str) -> Iterator[LayerStacks]:
    """The robot's lease of its stack, held for a person, and the stacks under it; dead engines' locks are removed."""
    desk = compose_desk(settings, order=stacks.order, clock=utc_now)
    backend = backend_locks(stacks.environment["PULUMI_BACKEND_URL"], stack=stack)
    recovery = LockRecovery(desk.processes, utc_now, desk.life)
    with desk.hold(stack, name=person(), sequence=0) as held:
        if held is None:
            raise EngineBusyError(
                f"{stack} is busy: another operation holds its lease", remedy="try again when it has ended"
            )
        recovery.clear(backend, held)
        try:
            yield replace(stacks, started=held.started)
        finally:
            recovery.tidy(backend, held)


def _settle(settings: EnvironmentSettings) -> None:
    """Settle the pointer, where an update of the robot's did not end, once the node groups stand as it says."""
    ledger = compose_plan_ledger(settings)
    entry = ledger.current()
    if entry.unsettled is not None and not mismatches(entry.document.sizes, compose_groups(settings).sizes()):
        ledger.replace(entry.document, expected_version=entry.version)


def person() -> str:
    """Who holds a lease when it is no function: user and host."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
