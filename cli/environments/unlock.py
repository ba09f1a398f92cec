"""`quantos unlock`: a person decides on locks of which nobody can prove that their owner is gone."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import JsonValue

from cli.console import out
from cli.recorded import Change, where_there_is_a_chain
from cli.target import Target, open_target
from quantos.capacity.adapters.composition import compose_desk
from quantos.clock import utc_now
from quantos.deployment.adapters.backend_locks import backend_locks
from quantos.deployment.holders import provably_gone
from quantos.deployment.lease import HeldLease
from quantos.deployment.locks import BackendLock, SortedLocks, sort_locks
from quantos.deployment.stop_order import StopOrder
from quantos.environment.names import LAYERS, environment_of, layer_of
from quantos.errors import EngineBusyError, SettingsError
from quantos.operations.bring_up import person


def unlock(stack: str, *, ask: bool) -> None:
    """Show every lock of a stack and remove those that no living engine of ours holds, each by its name.

    Raises Exit(1) where a living engine's lock stays.
    """
    if layer_of(stack) not in LAYERS:
        raise SettingsError(
            f"there is no stack {stack!r}", remedy=f"name it ENV-LAYER, layer one of {', '.join(LAYERS)}"
        )
    target = open_target(environment_of(stack))
    backend = backend_locks(target.variables["PULUMI_BACKEND_URL"], stack=stack)
    with _lease(target, stack) as held:
        locks = _sorted(backend.locks(), held)
        _show(stack, locks)
        removable = (*locks.dead, *locks.foreign)
        if removable and ask:
            typer.confirm(f"Does none of these work any more? Remove them from {stack}?", abort=True, err=True)
        if removable:
            with where_there_is_a_chain(target, _change(stack, removable)):
                for lock in removable:
                    backend.remove_lock(lock)
            out.print(f"{stack}: {len(removable)} removed", markup=False)
        if held is not None:
            held.cleaned(
                tuple(
                    engine for engine in held.engines if provably_gone(engine, processes=held.processes, now=utc_now())
                )
            )
    if locks.living:
        raise typer.Exit(1)


@contextmanager
def _lease(target: Target, stack: str) -> Iterator[HeldLease | None]:
    """The robot's lease of its own stack; other stacks have none."""
    if stack != target.capacity_stack:
        yield None
        return
    desk = compose_desk(target.settings, order=StopOrder(), clock=utc_now)
    with desk.hold(stack, name=person(), sequence=0) as held:
        if held is None:
            standing = desk.store.read(stack)
            until = "" if standing is None else f" by {standing.holder.name} until {standing.expires_at:%H:%M:%S} UTC"
            raise EngineBusyError(f"the lease of {stack} is held{until}", remedy="wait for it to end, then look again")
        yield held


def _sorted(locks: tuple[BackendLock, ...], held: HeldLease | None) -> SortedLocks:
    if held is None:
        return SortedLocks((), (), locks)
    return sort_locks(locks, held.engines, processes=held.processes, now=utc_now())


def _show(stack: str, locks: SortedLocks) -> None:
    kinds = {
        "of our own engine, which is gone": locks.dead,
        "of our own engine, which may still be at work: it stays": locks.living,
        "not of an engine that we recorded": locks.foreign,
    }
    if not any(kinds.values()):
        out.print(f"{stack}: no lock")
    for kind, some in kinds.items():
        for lock in some:
            torn = ", half written" if lock.partial else ""
            out.print(f"{stack}: {lock.owner} since {lock.taken_at:%Y-%m-%d %H:%M:%S} UTC{torn}: {kind}", markup=False)


def _change(stack: str, locks: tuple[BackendLock, ...]) -> Change:
    removed: list[JsonValue] = [f"{lock.owner} since {lock.taken_at.isoformat()}" for lock in locks]
    return Change(kind="lock", subject=stack, body={"removed": removed})
