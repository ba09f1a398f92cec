"""Who holds a stack, which engines they started, and when either is provably gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

CLOCK_SKEW: Final = timedelta(seconds=10)
"""By how much clocks of two machines may differ."""


@dataclass(frozen=True)
class ProcessMark:
    """A process of one machine.

    `host` is one boot and one pid namespace of it, `started` the kernel's word for when: neither a recycled pid nor
    a container of the same name is taken for it.
    """

    host: str
    pid: int
    started: str


class ProcessTable(Protocol):
    """The processes of this machine."""

    def me(self) -> ProcessMark:
        """This process."""
        ...

    def gone(self, mark: ProcessMark) -> bool:
        """Whether it ran on this machine and runs no more; False for processes of other machines."""
        ...


@dataclass(frozen=True)
class LeaseHolder:
    """One operation that holds a lease.

    Attributes:
        lease_id: random; every write under the lease is conditional on it.
        name: who that is, for people.
        ends_at: when it is over whatever happens, as a function's time is; None for a person's.
    """

    lease_id: str
    name: str
    process: ProcessMark
    ends_at: datetime | None


@dataclass(frozen=True)
class EngineMark:
    """An engine that the holder of a lease started, and what its backend lock says of it.

    Attributes:
        hostname: as the engine writes it into its lock, with the pid.
        started_at: no lock of it is older.
        ends_at: when its credentials or its function's time end; None when neither does.
    """

    process: ProcessMark
    hostname: str
    started_at: datetime
    ends_at: datetime | None = None


def provably_gone(holder: LeaseHolder | EngineMark, *, processes: ProcessTable, now: datetime) -> bool:
    """Whether it can do nothing any more: its process is gone on this machine, or its time is over."""
    return processes.gone(holder.process) or (holder.ends_at is not None and now > holder.ends_at + CLOCK_SKEW)
