"""How much of what is used, in whole units, so that a ledger comes out even."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from operator import add, sub
from typing import Final, Self

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.values import cores
from quantos.units import HOUR_SECONDS

_MILLI: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Amount:
    """An amount of each resource that a team has a budget of.

    Attributes:
        cpu_ms: core-milliseconds.
        gpu_ms: GPU-milliseconds.
        io_bytes: bytes read from and written to the lake.
    """

    cpu_ms: int = 0
    gpu_ms: int = 0
    io_bytes: int = 0

    def __add__(self, other: Self) -> Self:
        return self._each(other, add)

    def __sub__(self, other: Self) -> Self:
        return self._each(other, sub)

    def least(self, other: Self) -> Self:
        """Of each resource the lesser amount."""
        return self._each(other, min)

    def most(self, other: Self) -> Self:
        """Of each resource the greater amount."""
        return self._each(other, max)

    def beyond(self, other: Self) -> Self:
        """Of each resource what this is more than another; nothing where it is not."""
        return self._each(other, lambda mine, others: max(0, mine - others))

    def within(self, other: Self) -> bool:
        """Whether this is no more than another, of any resource."""
        return self.beyond(other) == NOTHING

    def _each(self, other: Self, of: Callable[[int, int], int]) -> Self:
        names = [field.name for field in fields(self)]
        return type(self)(**{name: of(getattr(self, name), getattr(other, name)) for name in names})


NOTHING: Final = Amount()


def of_hours(*, cpu_hours: float, gpu_hours: float, io_tib: float) -> Amount:
    """The amount that budgets state in hours and TiB, to the nearest unit."""
    hour_ms = HOUR_SECONDS * _MILLI
    return Amount(cpu_ms=round(cpu_hours * hour_ms), gpu_ms=round(gpu_hours * hour_ms), io_bytes=round(io_tib * 2**40))


def share_of(amount: Amount, share: float) -> Amount:
    """A share of an amount, in [0, 1], to the unit below."""
    return Amount(**{field.name: int(getattr(amount, field.name) * share) for field in fields(amount)})


def of_time(requests: Requests, milliseconds: int) -> Amount:
    """What a node takes that has its requests for so long; its I/O is only known when it is over."""
    cpu_ms = round(cores(requests.cpu or "0") * milliseconds)
    return Amount(cpu_ms=cpu_ms, gpu_ms=(requests.gpu or 0) * milliseconds)


def by_day(started: datetime, ended: datetime) -> list[tuple[str, int]]:
    """UTC days that a time runs through, as `2026-11-20`, each with the milliseconds that fall in it.

    Raises:
        ValueError: it ends before it starts.
    """
    if ended < started:
        raise ValueError(f"what started at {started.isoformat()} cannot have ended at {ended.isoformat()}")
    parts: list[tuple[str, int]] = []
    at, end = _milliseconds(started), _milliseconds(ended)
    while True:
        midnight = datetime.fromtimestamp(at // _MILLI, UTC).replace(hour=0, minute=0, second=0) + timedelta(days=1)
        until = min(end, _milliseconds(midnight))
        parts.append((datetime.fromtimestamp(at // _MILLI, UTC).date().isoformat(), until - at))
        if until == end:
            return parts
        at = until


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * _MILLI)
