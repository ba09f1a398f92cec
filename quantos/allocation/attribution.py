"""Who pays for pools that payers share: every dollar by somebody who may run there, nobody beyond a ceiling."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

LEAST_USD: Final = 1e-9
"""USD/hour; less than this is rounding of sums of prices."""

PoolSet = tuple[str, ...]


@dataclass(frozen=True)
class Payer:
    """Somebody who may run on some pools and pays up to a ceiling for them, USD/hour."""

    pools: PoolSet
    usd_per_hour: float


class Attribution:
    """What payers have left, while amounts for pools are charged to them one after the other; USD/hour.

    Payers of the same pools count as one. What was charged to one still moves to another that may run there, so a
    charge fails only where no attribution has room for it: where some pools, this one among them, take all that those
    have who may run on any of them.

    Source: a maximum flow by shortest augmenting paths, Edmonds and Karp 1972.
    """

    def __init__(self, payers: Iterable[Payer]) -> None:
        self._left: dict[PoolSet, float] = {}
        for payer in payers:
            pools = tuple(sorted(payer.pools))
            self._left[pools] = self._left.get(pools, 0.0) + payer.usd_per_hour
        self._paid: dict[str, dict[PoolSet, float]] = {}
        for pools in sorted(self._left):
            for pool in pools:
                self._paid.setdefault(pool, {})[pools] = 0.0

    @property
    def pools(self) -> Collection[str]:
        """Those that anybody may run on."""
        return self._paid.keys()

    def charge(self, pool: str, usd_per_hour: float) -> float:
        """Attribute as much of an amount as can be, and tell what is left of it, 0 where nothing is."""
        unpaid = usd_per_hour
        while unpaid > LEAST_USD and (paid := self._moved(pool, most=unpaid)) > 0:
            unpaid -= paid
        return unpaid if unpaid > LEAST_USD else 0.0

    def affords(self, pool: str, usd_per_hour: float) -> bool:
        """Attribute an amount as a whole, or nothing of it; whether it was."""
        left, paid = dict(self._left), {name: dict(by) for name, by in self._paid.items()}
        if self.charge(pool, usd_per_hour) == 0:
            return True
        self._left, self._paid = left, paid
        return False

    def bound_with(self, pool: str) -> tuple[str, ...]:
        """The pools that together take all that those have who may run on any of them, once a charge to one failed."""
        others = (name for payer in self._reached(pool) for name in payer if self._paid[name][payer] > LEAST_USD)
        return tuple(sorted({pool, *others}))

    def _moved(self, pool: str, *, most: float) -> float:
        """One more amount for a pool by the shortest way to somebody with money left, others moving over; 0 for none.

        On the way each pool is paid by `payer` instead of by `before`.
        """
        reached = self._reached(pool)
        payer = next((candidate for candidate in reached if self._left[candidate] > LEAST_USD), None)
        if payer is None:
            return 0.0
        moves: list[tuple[dict[PoolSet, float], PoolSet | None, PoolSet]] = []
        amount, end = min(most, self._left[payer]), payer
        while payer is not None:
            name, before = reached[payer]
            moves.append((self._paid[name], before, payer))
            amount = amount if before is None else min(amount, self._paid[name][before])
            payer = before
        self._left[end] -= amount
        for paid, before, by in moves:
            paid[by] += amount
            if before is not None:
                paid[before] -= amount
        return amount

    def _reached(self, pool: str) -> dict[PoolSet, tuple[str, PoolSet | None]]:
        """Payers who could pay for more of a pool, the nearest first: for which pool, and in whose place."""
        reached: dict[PoolSet, tuple[str, PoolSet | None]] = {}
        seen, queue = {pool}, deque[tuple[str, PoolSet | None]]([(pool, None)])
        while queue:
            name, before = queue.popleft()
            for payer in self._paid.get(name, ()):
                if payer not in reached:
                    reached[payer] = (name, before)
                    moving = [other for other in payer if other not in seen and self._paid[other][payer] > LEAST_USD]
                    seen.update(moving)
                    queue.extend((other, payer) for other in moving)
        return reached
