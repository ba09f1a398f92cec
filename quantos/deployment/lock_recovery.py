"""What engines left locked: removed where they are ours and provably gone, told where a person has to look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantos.clock import Clock
from quantos.deployment.holders import ProcessTable, provably_gone
from quantos.deployment.lease import HeldLease
from quantos.deployment.locks import BackendLock, sort_locks
from quantos.deployment.ports import LockedBackend
from quantos.errors import EngineBusyError, QuantosError, StackLockedError


@dataclass(frozen=True)
class LockRecovery:
    """Removes the locks of dead engines under a lease; `patience` is how long an update may take."""

    processes: ProcessTable
    clock: Clock
    patience: timedelta

    def clear(self, backend: LockedBackend, held: HeldLease) -> None:
        """Remove what engines recorded in the lease left behind.

        Raises:
            EngineBusyError: an engine may still be at work. StackLockedError: a lock is nobody's that we know.
        """
        now = self.clock()
        locks = sort_locks(backend.locks(), held.engines, processes=self.processes, now=now)
        for lock in locks.dead:
            backend.remove_lock(lock)
        if locks.living:
            raise busy(held.lease.stack, locks.living)
        gone = [engine for engine in held.engines if provably_gone(engine, processes=self.processes, now=now)]
        held.cleaned(tuple(gone))
        self.refuse_foreign(held.lease.stack, locks.foreign, now=now)

    def tidy(self, backend: LockedBackend, held: HeldLease) -> None:
        """Remove what our own engine left; what cannot be done now stays recorded for the next holder."""
        try:
            self.clear(backend, held)
        except QuantosError:
            return

    def refuse_foreign(self, stack: str, locks: tuple[BackendLock, ...], *, now: datetime) -> None:
        """Say whose lock keeps us out; one older than an update may take is for a person. Raises EngineBusyError."""
        if not locks:
            return
        if all(now - lock.taken_at < self.patience for lock in locks):
            raise busy(stack, locks)
        raise StackLockedError(
            f"{owners(locks)} left a lock on {stack}, and nobody knows whether that still runs",
            remedy=f"look whether it does; if not, run `quantos unlock {stack}`",
        )


def busy(stack: str, locks: tuple[BackendLock, ...]) -> EngineBusyError:
    """An error that names who holds the stack."""
    return EngineBusyError(f"{owners(locks)} holds {stack}", remedy="wait for it to end; the next plan tries again")


def owners(locks: tuple[BackendLock, ...]) -> str:
    """Who took which lock when."""
    return ", ".join(f"{lock.owner} since {lock.taken_at:%Y-%m-%d %H:%M:%S} UTC" for lock in locks)
