"""What is wrong with a document that a person wrote: each fault with the field it is about and where that stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

FaultPath: TypeAlias = tuple[str | int, ...]
MOST_TOLD: Final = 100
"""Faults of one document that are told at a time: more than anybody reads, and few enough for any answer."""
MOST_COUNTED: Final = 1000
"""Faults of one sort that are looked for: behind them the rest is not told apart."""
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, order=True)
class Position:
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        path: keys and indices from the top to the field; empty for the document as a whole.
        message: what is wrong, and what is allowed.
        place: where; None where that cannot be told.
    """

    path: FaultPath
    message: str
    place: Position | None = None

    @property
    def field(self) -> str:
        """The path as one reads it: `pools.cpu.labels."quantos.io/pool"`."""
        return field_name(self.path)

    def line(self, file: str) -> str:
        """The fault on one line: file, place, field, message."""
        where = "" if self.place is None else f"line {self.place.line}, column {self.place.column}: "
        named = f"{self.field}: " if self.path else ""
        return f"{file}: {where}{named}{self.message}"


def field_name(path: FaultPath) -> str:
    """Keys and indices with dots; a key that is no plain word stands in quotes."""
    return ".".join(str(part) if _WORD.fullmatch(str(part)) else f'"{part}"' for part in path)


def in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """By place, those without one first, none told twice."""
    unique = dict.fromkeys(faults)
    return tuple(sorted(unique, key=_order))


def first_told(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The first faults, and how many more there are."""
    if len(faults) <= MOST_TOLD:
        return tuple(faults)
    more = len(faults) - MOST_TOLD
    at_least = " at least" if len(faults) >= MOST_COUNTED else ""
    return (*faults[:MOST_TOLD], Fault((), f"has {more} more faults{at_least}, which are told once these are mended"))


def _order(fault: Fault) -> tuple[int, int]:
    return (0, 0) if fault.place is None else (fault.place.line, fault.place.column)
