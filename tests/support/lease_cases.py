"""Leases, engines and locks of this machine, which is `here`, and of others."""

from datetime import datetime, timedelta

from quantos.deployment.holders import EngineMark, LeaseHolder, ProcessMark
from quantos.deployment.locks import BackendLock
from quantos.deployment.ports import Lease
from tests.support.plan_cases import NOW, STACK


def make_lease(
    *, pid: int = 7, host: str = "here", name: str = "other", expires_at: datetime, ends_at: datetime | None = None
) -> Lease:
    """A lease of a process of this machine, unless `host` says otherwise."""
    holder = LeaseHolder(f"id-{name}", name, ProcessMark(host, pid, "t"), ends_at)
    return Lease(STACK, holder, 1, expires_at - timedelta(minutes=10), expires_at)


def make_engine(*, pid: int = 8, host: str = "here", at: datetime = NOW, ends_at: datetime | None = None) -> EngineMark:
    """An engine of this machine, unless `host` says otherwise."""
    return EngineMark(ProcessMark(host, pid, "t"), "desk", at, ends_at)


def make_lock(*, pid: int = 8, at: datetime = NOW, partial: bool = False) -> BackendLock:
    """The lock of an engine on the host that calls itself desk."""
    return BackendLock(f"locks/{pid}-{partial}", f"ada@desk (pid {pid})", "desk", pid, at, partial)
