"""The way down from above a limit: what may pass although pools still stand above it.

A limit that people lower below what runs cannot hold at once: no maximum may go below the nodes that are there. An
operation that only goes down is let pass; what it is held against are sizes read from EKS under the lease, never what a
plan says of the one before.
"""

from collections.abc import Callable, Mapping, Sequence

from quantos.contracts.plan import LEAST_CEILING
from quantos.policy.cost.capacity import NodeGroup
from quantos.policy.cost.limits import StandingSize

ROUNDING = 1e-6
Weight = Callable[[NodeGroup], float]


def nothing_raised(groups: Sequence[NodeGroup], standing: Mapping[str, StandingSize]) -> bool:
    """Whether every group stands, and none may have more nodes, or must have more, than now."""
    names = [group.name for group in groups]
    return len(set(names)) == len(names) and all(
        (now := standing.get(group.name)) is not None and group.minimum <= now.minimum and group.maximum <= now.maximum
        for group in groups
    )


def comes_down(
    excess: Sequence[NodeGroup], standing: Mapping[str, StandingSize], *, weight: Weight = lambda _group: 1.0
) -> bool:
    """Whether groups that are together above a limit weigh less at their maxima than now, or can weigh no less.

    They can weigh no less when no maximum is above the nodes that are there, or above the one that EKS asks for.
    `weight` is of one node.
    """
    after = sum(weight(group) * group.maximum for group in excess)
    before = sum(weight(group) * standing[group.name].maximum for group in excess)
    held = all(group.maximum <= max(standing[group.name].desired, LEAST_CEILING) for group in excess)
    return held or after < before - ROUNDING


def on_the_way_down(
    groups: Sequence[NodeGroup],
    excess: Sequence[NodeGroup],
    standing: Mapping[str, StandingSize],
    *,
    weight: Weight = lambda _group: 1.0,
) -> bool:
    """Whether `excess`, of `groups`, is above a limit only on the way down."""
    return nothing_raised(groups, standing) and comes_down(excess, standing, weight=weight)
