"""What guards a stack from outside: its lease, and the locks of its backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quantos.deployment.holders import EngineMark, LeaseHolder
from quantos.deployment.locks import BackendLock


@dataclass(frozen=True)
class Lease:
    """The right to change one stack until `expires_at`; `engines` are those recorded and not cleaned up after."""

    stack: str
    holder: LeaseHolder
    sequence: int
    taken_at: datetime
    expires_at: datetime
    engines: tuple[EngineMark, ...] = ()


class LeaseStore(Protocol):
    """One lease a stack, by conditional writes on its random id."""

    def read(self, stack: str) -> Lease | None:
        """The lease as it stands, run out or not; None when nobody holds it."""
        ...

    def take(
        self,
        stack: str,
        *,
        holder: LeaseHolder,
        sequence: int,
        now: datetime,
        expires_at: datetime,
        instead_of: str | None,
    ) -> Lease | None:
        """The lease, with the engines recorded before; None when another holds one that has not run out at `now`.

        `instead_of` names the lease of a holder that is provably gone, which is taken whether it has run out or not.
        """
        ...

    def renew(self, lease: Lease, *, expires_at: datetime) -> Lease | None:
        """The lease with a later end, or None when it is no longer ours."""
        ...

    def record(self, lease: Lease, *, engines: Sequence[EngineMark]) -> bool:
        """Make these the recorded engines; False when the lease is no longer ours."""
        ...

    def release(self, lease: Lease, *, engines: Sequence[EngineMark]) -> None:
        """Give the lease back with what is still to clean up after; nothing happens when it is no longer ours."""
        ...


class LockedBackend(Protocol):
    """The locks that engines keep on one stack."""

    def locks(self) -> tuple[BackendLock, ...]:
        """Every lock, also those whose writer was killed while writing, oldest first. Raises EngineError."""
        ...

    def remove_lock(self, lock: BackendLock) -> None:
        """Remove one lock; nothing happens when it is gone. Raises EngineError."""
        ...
