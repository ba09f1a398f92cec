"""Plain values as documents hold them, and where each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from quantos.faults import Fault, FaultPath, Position

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str | int | float | bool | None, Plain] | None"
MOST_DEEP: Final = 100
"""So many lists and mappings may stand within each other: less than what any reader of JSON gives up at."""
MOST_DIGITS: Final = 1000
TOO_DEEP: Final = f"is nested too deeply: at most {MOST_DEEP} lists and mappings may stand within each other"
HALF: Final = "half of a pair of UTF-16 is no character: write the character itself"
_NOTHING: Final[Mapping[str | int, "Spot"]] = MappingProxyType({})


@dataclass(frozen=True)
class Spot:
    """Where a value begins, and the spots of what it holds, by key or number."""

    position: Position
    below: Mapping[str | int, "Spot"] = field(default_factory=lambda: _NOTHING)

    def nearest(self, path: FaultPath) -> Position:
        """Where the value at a path stands, or the nearest that holds it."""
        spot = self
        for part in path:
            if part not in spot.below:
                break
            spot = spot.below[part]
        return spot.position


@dataclass(frozen=True)
class YamlDocument:
    """What a text holds.

    Attributes:
        value: of keys that stand twice the first.
        root: where it and all below begin; None where nothing could be read.
        faults: what had to be refused while reading; empty where all is well.
    """

    value: Plain
    root: Spot | None
    faults: tuple[Fault, ...]

    def place(self, path: FaultPath) -> Position | None:
        """Where a value stands, or the nearest that holds it."""
        return None if self.root is None else self.root.nearest(path)


def twice(key: str, first: Position) -> str:
    """That a key stands for the second time."""
    return f"key {key!r} stands twice, first in line {first.line}"


def too_long(digits: int) -> str:
    """That nobody means a number of so many digits."""
    return f"a number of {digits} digits is more than is read here: quote it if it is a name"
