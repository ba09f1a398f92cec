"""What is kept of strategies and of what was learnt of their demand."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from quantos.contracts.strategy import StrategyBook


class StrategyRegistry(Protocol):
    """What traders have stated."""

    def read(self) -> StrategyBook:
        """Every strategy of the environment; an empty book before the first."""
        ...

    def replace(self, book: StrategyBook) -> None:
        """Make `book` the environment's."""
        ...


@dataclass(frozen=True)
class FitKey:
    """Whose fit: the set of pools, "+" between; the digest of the question it answers; the UTC day it is of."""

    pools: str
    question: str
    day: date


class FitStore(Protocol):
    """What was learnt of sets of pools, kept so that no process learns what another has."""

    def get(self, key: FitKey) -> bytes | None:
        """What was stored, or None. Raises CapacityError."""
        ...

    def put(self, key: FitKey, content: bytes) -> None:
        """Store it, whatever is there. Raises CapacityError."""
        ...

    def days(self, key: FitKey, *, since: date) -> Collection[date]:
        """Days from `since` on and before the key's of which a fit for the same question is stored.

        Raises CapacityError.
        """
        ...
