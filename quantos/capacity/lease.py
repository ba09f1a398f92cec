"""Holding a stack's lease: taken, renewed while the work goes on, given back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantos.capacity.ports import Clock, Lease, LeaseStore
from quantos.errors import QuantosError


@dataclass
class HeldLease:
    """A lease in our hands. A thread renews it every third of its life until the block ends."""

    store: LeaseStore
    lease: Lease
    life: timedelta
    clock: Clock
    done: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)

    @property
    def previous_expires_at(self) -> datetime | None:
        """When the lease before this one ended, if its holder never gave it back."""
        return self.lease.previous_expires_at

    def still_ours(self) -> bool:
        """Renew now, and say whether the lease is still ours."""
        if not self.lost.is_set():
            self._renew()
        return not self.lost.is_set()

    def keep(self) -> None:
        """Renew until done or lost."""
        while not self.done.wait(self.life.total_seconds() / 3) and not self.lost.is_set():
            self._renew()

    def _renew(self) -> None:
        now = self.clock()
        try:
            renewed = self.store.renew(self.lease, expires_at=now + self.life)
        except QuantosError:
            if now >= self.lease.expires_at:
                self.lost.set()
            return
        if renewed is None:
            self.lost.set()
        else:
            self.lease = renewed


@contextmanager
def hold(
    store: LeaseStore, *, stack: str, holder: str, sequence: int, seconds: int, clock: Clock
) -> Iterator[HeldLease | None]:
    """Hold the stack's lease for the block; None when another has it."""
    now = clock()
    life = timedelta(seconds=seconds)
    lease = store.take(stack, holder=holder, sequence=sequence, now=now, expires_at=now + life)
    if lease is None:
        yield None
        return
    held = HeldLease(store=store, lease=lease, life=life, clock=clock)
    keeper = threading.Thread(target=held.keep, name=f"lease-{stack}", daemon=True)
    keeper.start()
    try:
        yield held
    finally:
        held.done.set()
        keeper.join()
        store.release(held.lease)
