"""What is wrong with a document that a person wrote: each fault with the field it is about and where that stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

FaultPath: TypeAlias = tuple[str | int, ...]
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
    return tuple(sorted(unique, key=lambda fault: fault.place or Position(0, 0)))
