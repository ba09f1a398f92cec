"""What a stack costs a month, and what a change of it changes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Basis = Literal["declared", "floor/ceiling", "usage"]
HOURS_PER_MONTH = 730
"""As AWS counts: a year's hours by twelve."""
DAYS_PER_MONTH = HOURS_PER_MONTH / 24


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One thing that one resource is billed for.

    `quantity` and `usd_per_month` are at the ceiling, the most the declaration allows; `usd_per_month_floor` is at the
    least, and differs only where `basis` is "floor/ceiling". "usage" rests on an assumption of the environment file.
    """

    urn: str
    component: str
    what: str
    quantity: float
    unit: str
    usd_per_month: float
    usd_per_month_floor: float
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """A resource, or a part of one, of which nobody can say what it costs, and why."""

    urn: str
    component: str
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class MonthlyCost:
    """USD a month: at the ceiling, the most that is declared, and at the floor."""

    ceiling: float
    floor: float


NOTHING = MonthlyCost(ceiling=0.0, floor=0.0)


@dataclass(frozen=True, kw_only=True)
class StackCost:
    """Everything a stack is billed for. Sums leave out what is in `unpriced`: they are whole where it is empty."""

    lines: tuple[CostLine, ...]
    unpriced: tuple[Unpriced, ...]

    @property
    def usd_per_month(self) -> MonthlyCost:
        """The sum of all lines."""
        return MonthlyCost(
            ceiling=sum(line.usd_per_month for line in self.lines),
            floor=sum(line.usd_per_month_floor for line in self.lines),
        )

    def by_component(self) -> dict[str, MonthlyCost]:
        """The sum of each component that costs anything, dearest first."""
        ceiling, floor = defaultdict[str, float](float), defaultdict[str, float](float)
        for line in self.lines:
            ceiling[line.component] += line.usd_per_month
            floor[line.component] += line.usd_per_month_floor
        ordered = sorted(ceiling, key=lambda name: (-ceiling[name], name))
        return {name: MonthlyCost(ceiling=ceiling[name], floor=floor[name]) for name in ordered}


@dataclass(frozen=True, kw_only=True)
class ComponentChange:
    """What a component costs before and after; nothing where it is not there. `usd_per_month` is at the ceiling.

    `replaces` names components that are gone, or mostly gone, and in whose place this one stands.
    """

    component: str
    before: MonthlyCost
    after: MonthlyCost
    replaces: tuple[str, ...] = ()

    @property
    def usd_per_month(self) -> float:
        """What more a month costs, below zero where it is less."""
        return self.after.ceiling - self.before.ceiling

    @property
    def rise(self) -> float | None:
        """The rise as a share of what it cost, 0.4 for 40 %; None for what cost nothing before."""
        return None if self.before.ceiling == 0 else self.usd_per_month / self.before.ceiling


def difference(before: StackCost, after: StackCost) -> tuple[ComponentChange, ...]:
    """Every component of either, greatest change first; one whose cost is the same is among them."""
    old, new = before.by_component(), after.by_component()
    changes = [
        ComponentChange(component=name, before=_cost(old, name), after=_cost(new, name)) for name in {**old, **new}
    ]
    return tuple(sorted(changes, key=lambda change: (-abs(change.usd_per_month), change.component)))


def _cost(costs: Mapping[str, MonthlyCost], component: str) -> MonthlyCost:
    return costs.get(component, NOTHING)
