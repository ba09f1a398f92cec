"""The virtual machine on whose room attempts wait, and what of it they are really given."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.values import cores, memory_bytes
from quantos.orchestration.execution.local import Given

LEAST_MEMORY_BYTES: Final = 2**30
"""However small the scale: a program is given as much as it asked for up to here."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """Cores, memory and GPUs; cores in thousandths, so that they add up."""

    milli_cores: int = 0
    memory_bytes: int = 0
    gpus: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            milli_cores=self.milli_cores + other.milli_cores,
            memory_bytes=self.memory_bytes + other.memory_bytes,
            gpus=self.gpus + other.gpus,
        )

    def within(self, other: Self) -> bool:
        """Whether this is no more than another, of anything."""
        return (
            self.milli_cores <= other.milli_cores
            and self.memory_bytes <= other.memory_bytes
            and self.gpus <= other.gpus
        )


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What attempts may ask for together, and the part of it that they are really given.

    Attributes:
        room: virtual. Nothing stands behind its GPUs.
        resource_scale: in (0, 1]; 0.25 gives one core where four were asked for.
    """

    room: Room
    resource_scale: float = 1.0

    def has_room(self, wanted: Room, *, taken: Iterable[Room]) -> bool:
        """Whether there is room for one more attempt beside those that run."""
        return sum(taken, wanted).within(self.room)

    def given(self, requests: Requests, *, time_ms: int) -> Given:
        """What an attempt is really given: at least one core and, where it asked for so much, 1 GiB."""
        asked = room_of(requests)
        memory = max(int(asked.memory_bytes * self.resource_scale), min(asked.memory_bytes, LEAST_MEMORY_BYTES))
        return Given(
            cores=max(1, int(asked.milli_cores * self.resource_scale) // 1000),
            memory_bytes=memory,
            gpus=asked.gpus,
            time_ms=time_ms,
            scale=self.resource_scale,
        )


def room_of(requests: Requests) -> Room:
    """The room that an attempt takes: what it asks for."""
    return Room(
        milli_cores=round(cores(requests.cpu or "0") * 1000),
        memory_bytes=round(memory_bytes(requests.mem or "0")),
        gpus=requests.gpu or 0,
    )
