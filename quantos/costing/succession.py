"""Components under a new name: what stands in the place of components that are gone is compared with them.

A component is alike another when both are of one kind, or when at least half of the resources that they are billed for
are of the same types. All that are gone, and all that are new and alike one of these, are one change by their sums: a
component that is split, merged or renamed costs what it cost.

A component that stays, and loses at least half of what it cost, counts as gone for what it lost: a stub that is left
behind hides nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from quantos.costing.cost import NOTHING, ComponentChange, MonthlyCost, StackCost, difference
from quantos.urn import Urn

ALIKE_SHARE: Final = 0.5
LEFT_SHARE: Final = 0.5
"""Of its cost, that a component keeps at most to count as gone for the rest."""
_Types: TypeAlias = dict[str, Counter[str]]


def succession(before: StackCost, after: StackCost) -> tuple[ComponentChange, ...]:
    """As `difference`, but what is gone and what stands in its place are one change; what is left of it is another."""
    changes = {change.component: change for change in difference(before, after)}
    old, new = _types(before), _types(after)
    gone = [name for name in old if name not in new or _mostly_gone(changes[name])]
    come = [name for name in new if name not in old]
    together = list(_groups(gone, come, {**new, **old}))
    grouped = [name for names in together for name in (*names[0], *names[1])]
    left = [replace(changes[name], before=changes[name].after) for name in grouped if name in old and name in new]
    rest = [change for name, change in changes.items() if name not in grouped]
    return (*(_change(replaced, names, changes) for replaced, names in together), *left, *rest)


def _mostly_gone(change: ComponentChange) -> bool:
    return change.before.ceiling > 0 and change.after.ceiling <= LEFT_SHARE * change.before.ceiling


def _groups(gone: list[str], come: list[str], types: _Types) -> Iterator[tuple[list[str], list[str]]]:
    """Components that are gone with those in their place, for each set that is alike in any way."""
    waiting = list(gone)
    while waiting:
        replaced, names, grew = [waiting.pop(0)], list[str](), True
        while grew:
            more = [name for name in come if name not in names and _like_any(name, replaced, types)]
            names += more
            also = [name for name in waiting if _like_any(name, names, types)]
            replaced += also
            waiting = [name for name in waiting if name not in also]
            grew = bool(more or also)
        if names:
            yield replaced, names


def _like_any(name: str, others: list[str], types: _Types) -> bool:
    return any(_alike(name, other, types) for other in others)


def _alike(first: str, second: str, types: _Types) -> bool:
    if first.partition(" ")[0] == second.partition(" ")[0]:
        return True
    shared, every = types[first] & types[second], types[first] | types[second]
    return shared.total() >= ALIKE_SHARE * every.total()


def _types(cost: StackCost) -> _Types:
    """How many resources of each type a component is billed for."""
    types: _Types = {}
    for component, urn in dict.fromkeys((line.component, line.urn) for line in cost.lines):
        types.setdefault(component, Counter())[Urn.parse(urn).type] += 1
    return types


def _change(replaced: list[str], names: list[str], changes: dict[str, ComponentChange]) -> ComponentChange:
    lost, after = [_lost(changes[name]) for name in replaced], [changes[name].after for name in names]
    return ComponentChange(component=", ".join(names), before=_sum(lost), after=_sum(after), replaces=tuple(replaced))


def _lost(change: ComponentChange) -> MonthlyCost:
    before, after = change.before, change.after
    return MonthlyCost(ceiling=before.ceiling - after.ceiling, floor=before.floor - after.floor)


def _sum(costs: list[MonthlyCost]) -> MonthlyCost:
    return MonthlyCost(
        ceiling=sum((cost.ceiling for cost in costs), NOTHING.ceiling),
        floor=sum((cost.floor for cost in costs), NOTHING.floor),
    )
