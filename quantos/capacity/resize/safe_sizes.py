"""Sizes that EKS takes of node groups whose desired size the autoscaler has moved, for the robot and for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from quantos.capacity.resize.ports import GroupSize
from quantos.contracts.plan import PoolSize


@dataclass(frozen=True)
class SafeSizes:
    """Sizes to ask for, and the pools whose desired size has to be raised to their floor with them."""

    sizes: Mapping[str, PoolSize]
    raised: tuple[str, ...]


def safe_sizes(sizes: Mapping[str, PoolSize], *, actual: Mapping[str, GroupSize]) -> SafeSizes:
    """What can be asked for now of what is wanted: minimum <= desired <= maximum, and no node taken away.

    A floor above the desired size raises that. A maximum is never below it: the minimum goes down first, the
    autoscaler drains, and whoever asks again later lowers the maximum.
    """
    safe = {
        pool: size
        if pool not in actual
        else PoolSize(floor=size.floor, ceiling=max(size.ceiling, actual[pool].desired))
        for pool, size in sizes.items()
    }
    raised = (pool for pool, size in safe.items() if pool in actual and size.floor > actual[pool].desired)
    return SafeSizes(safe, tuple(sorted(raised)))
