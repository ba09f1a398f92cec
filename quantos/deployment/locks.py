"""Which locks of a backend may be removed: those of engines that we started and that are provably gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quantos.deployment.holders import EngineMark, ProcessTable, provably_gone

LONGEST_WRITE: Final = timedelta(seconds=10)
"""A lock is one small object: what is not whole after this long is written by nobody any more."""

TIMESTAMP_ERROR: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class BackendLock:
    """A lock as the backend keeps it.

    Attributes:
        key: where it lies, relative to the backend.
        owner: user, host and pid as people read them.
        pid: 0 where the lock does not say.
        partial: its writer was killed while writing; the engine counts it nevertheless.
    """

    key: str
    owner: str
    hostname: str
    pid: int
    taken_at: datetime
    partial: bool = False


class SortedLocks(NamedTuple):
    """Locks of dead engines of ours, of living ones, and of anybody else."""

    dead: tuple[BackendLock, ...]
    living: tuple[BackendLock, ...]
    foreign: tuple[BackendLock, ...]


def sort_locks(
    locks: Iterable[BackendLock], engines: Sequence[EngineMark], *, processes: ProcessTable, now: datetime
) -> SortedLocks:
    """Tell locks apart by the engines that holders of the lease recorded before these could write one."""
    dead: list[BackendLock] = []
    living: list[BackendLock] = []
    foreign: list[BackendLock] = []
    for lock in locks:
        owners = [engine for engine in engines if _may_be_of(lock, engine)]
        gone = [provably_gone(engine, processes=processes, now=now) for engine in owners]
        if lock.partial and (now - lock.taken_at >= LONGEST_WRITE or (owners and all(gone))):
            dead.append(lock)
        elif lock.partial or not owners:
            foreign.append(lock)
        else:
            (dead if all(gone) else living).append(lock)
    return SortedLocks(tuple(dead), tuple(living), tuple(foreign))


def _may_be_of(lock: BackendLock, engine: EngineMark) -> bool:
    if lock.taken_at < engine.started_at - TIMESTAMP_ERROR:
        return False
    return lock.partial or (lock.hostname, lock.pid) == (engine.hostname, engine.process.pid)
