"""Holding a stack's lease: taken, renewed while the work goes on, given back; and the engines started under it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from quantos.clock import Clock
from quantos.deployment.holders import EngineMark, LeaseHolder, ProcessTable, provably_gone
from quantos.deployment.ports import Lease, LeaseStore
from quantos.deployment.stop_order import StopOrder
from quantos.errors import LeaseLostError, QuantosError

RENEWALS: Final = 20
"""Attempts to renew within one life of a lease."""

INTERRUPT_AFTER: Final = 0.25
"""Share of its life without a renewal after which the engine is told to end well."""

KILL_AFTER: Final = 0.95
"""Share of its life without a renewal after which the engine is killed: before another may take the lease."""


@dataclass
class HeldLease:
    """A lease in our hands. A thread renews it until the block ends, and stops the engine when it cannot.

    `engines` are those that we or holders before us recorded, and that nobody has cleaned up after.
    """

    store: LeaseStore
    processes: ProcessTable
    lease: Lease
    life: timedelta
    clock: Clock
    order: StopOrder
    monotonic: Callable[[], float] = time.monotonic
    engines: tuple[EngineMark, ...] = ()
    _renewed_at: float = field(default=0.0, init=False)
    _done: threading.Event = field(default_factory=threading.Event, init=False)
    _lost: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        self.engines = self.lease.engines
        self._renewed_at = self.monotonic()

    def renew(self) -> None:
        """Make sure that the lease is ours for a whole life. Raises LeaseLostError when that is not certain."""
        if not self._renew():
            raise LeaseLostError(
                f"the lease of {self.lease.stack} is no longer ours, or cannot be renewed",
                remedy="nothing: the next plan starts from what its holder left",
            )

    def started(self, engine: EngineMark) -> None:
        """Record an engine before it may write a lock. Raises LeaseLostError when the lease is no longer ours."""
        ends = [moment for moment in (engine.ends_at, self.lease.holder.ends_at) if moment is not None]
        self.engines = (*self.engines, replace(engine, ends_at=min(ends, default=None)))
        if not self.store.record(self.lease, engines=self.engines):
            raise LeaseLostError(
                f"the lease of {self.lease.stack} was lost before an engine could start",
                remedy="nothing: the next plan starts from what its holder left",
            )

    def cleaned(self, engines: tuple[EngineMark, ...]) -> None:
        """Forget engines after which nothing is left; written when the lease is given back."""
        self.engines = tuple(engine for engine in self.engines if engine not in engines)

    def keep(self) -> None:
        """Renew until done or lost; when that fails for long, have the engine stopped."""
        while not self._done.wait(self.life.total_seconds() / RENEWALS):
            if self._renew():
                continue
            silent = (self.monotonic() - self._renewed_at) / self.life.total_seconds()
            if self._lost.is_set() or silent >= KILL_AFTER:
                self.order.kill("the lease was lost")
                return
            if silent >= INTERRUPT_AFTER:
                self.order.interrupt("the lease could not be renewed")

    def end(self) -> None:
        """Stop renewing."""
        self._done.set()

    def _renew(self) -> bool:
        begun = self.monotonic()
        try:
            renewed = self.store.renew(self.lease, expires_at=self.clock() + self.life)
        except QuantosError:
            return False
        if renewed is None:
            self._lost.set()
            return False
        self.lease, self._renewed_at = renewed, begun
        return True


@dataclass(frozen=True)
class LeaseDesk:
    """Takes leases for one process.

    `ends_at` tells when this process is over whatever happens, as a function's time is; None for a person's.
    """

    store: LeaseStore
    processes: ProcessTable
    clock: Clock
    life: timedelta
    order: StopOrder
    new_id: Callable[[], str]
    ends_at: Callable[[], datetime | None] = lambda: None

    @contextmanager
    def hold(self, stack: str, *, name: str, sequence: int) -> Iterator[HeldLease | None]:
        """Hold the stack's lease for the block; None when another has it and is not provably gone."""
        lease = self._take(stack, name=name, sequence=sequence)
        if lease is None:
            yield None
            return
        self.order.clear()
        held = HeldLease(self.store, self.processes, lease, self.life, self.clock, self.order)
        keeper = threading.Thread(target=held.keep, name=f"lease-{stack}", daemon=True)
        keeper.start()
        try:
            yield held
        finally:
            held.end()
            keeper.join()
            self._give_back(held)

    def _take(self, stack: str, *, name: str, sequence: int) -> Lease | None:
        now = self.clock()
        holder = LeaseHolder(self.new_id(), name, self.processes.me(), self.ends_at())
        expires_at = now + self.life
        lease = self.store.take(
            stack, holder=holder, sequence=sequence, now=now, expires_at=expires_at, instead_of=None
        )
        if lease is not None:
            return lease
        standing = self.store.read(stack)
        if standing is None or not self._all_gone(standing, now):
            return None
        return self.store.take(
            stack,
            holder=holder,
            sequence=sequence,
            now=now,
            expires_at=expires_at,
            instead_of=standing.holder.lease_id,
        )

    def _all_gone(self, standing: Lease, now: datetime) -> bool:
        return all(
            provably_gone(holder, processes=self.processes, now=now) for holder in (standing.holder, *standing.engines)
        )

    def _give_back(self, held: HeldLease) -> None:
        """A lease that cannot be given back ends by itself, or when its process is seen to be gone."""
        try:
            self.store.release(held.lease, engines=held.engines)
        except QuantosError:
            return
