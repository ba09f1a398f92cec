"""What keeps the engine quiet: the hold before scaling down, the dead band and the minimum interval.

The planner's target is the raw requirement; only here is it held.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quantos.capacity.planning.dead_band import dead_band
from quantos.capacity.resize.ports import PlannedFloors
from quantos.contracts.plan import PlanDocument, PoolSize, ScalingPlan
from quantos.environment.settings.decisions import ActuatorSettings


@dataclass(frozen=True)
class Actuation:
    """The sizes to stand on, and whether it is worth starting the engine for them.

    `reason` is one sentence, in words a trader reads.
    """

    sizes: Mapping[str, PoolSize]
    act: bool
    reason: str


def actuate(
    plan: ScalingPlan,
    *,
    current: PlanDocument,
    floors: PlannedFloors,
    settings: ActuatorSettings,
    ranges: Mapping[str, int],
) -> Actuation:
    """Hold scale-downs to the highest floor planned lately, and decide whether the change is worth a resize.

    Args:
        plan: what is asked for.
        current: what was applied last; its sequence is when the last resize was.
        floors: what was planned lately.
        settings: hold, dead band and interval.
        ranges: by pool, the nodes between the environment's floor and ceiling. A dead band is at most half of it, and
            none keeps a pool empty.
    """
    recent = [pools for sequence, pools in floors.items() if _holds(sequence, plan, settings)]
    sizes = {
        pool: _held(size, current=current.sizes.get(pool), recent=[pools.get(pool, 0) for pools in recent])
        for pool, size in plan.sizes.items()
    }
    moved = {pool: _movement(size, current.sizes.get(pool)) for pool, size in sizes.items()}
    largest = max(moved.values(), default=0)
    if largest == 0:
        return Actuation(sizes, act=False, reason="the pools already stand at these sizes")
    if plan.urgent and any(_raises(size, current.sizes.get(pool)) for pool, size in sizes.items()):
        return Actuation(
            sizes, act=True, reason="more than the floor is needed now, or as likely as not soon: raised at once"
        )
    if not any(
        nodes >= dead_band(settings, ranges.get(pool)) or _begins(sizes[pool], current.sizes.get(pool))
        for pool, nodes in moved.items()
    ):
        return Actuation(
            sizes,
            act=False,
            reason=f"a change of {largest} node{'s' * (largest > 1)} is within the dead band of "
            f"{settings.dead_band_nodes} nodes",
        )
    elapsed_seconds = plan.sequence - current.sequence
    if elapsed_seconds < settings.min_interval_seconds:
        return Actuation(
            sizes,
            act=False,
            reason=f"the last resize was {elapsed_seconds // 60} minutes ago; "
            f"the next may follow after {settings.min_interval_seconds // 60}",
        )
    return Actuation(sizes, act=True, reason=f"the largest change is {largest} nodes")


def _held(size: PoolSize, *, current: PoolSize | None, recent: Iterable[int]) -> PoolSize:
    """The floor, kept from falling below the highest planned lately; it never rises above what stands for that."""
    standing = 0 if current is None else current.floor
    held = min(standing, max(recent, default=0), size.ceiling)
    return PoolSize(floor=max(size.floor, held), ceiling=size.ceiling)


def _holds(sequence: int, plan: ScalingPlan, settings: ActuatorSettings) -> bool:
    return plan.sequence - settings.hold_seconds < sequence <= plan.sequence


def _movement(size: PoolSize, current: PoolSize | None) -> int:
    """How far floor or ceiling moves, in nodes; a pool never sized moves by its whole ceiling."""
    if current is None:
        return size.ceiling
    return max(abs(size.floor - current.floor), abs(size.ceiling - current.ceiling))


def _begins(size: PoolSize, current: PoolSize | None) -> bool:
    return current is not None and current.floor == 0 < size.floor


def _raises(size: PoolSize, current: PoolSize | None) -> bool:
    return current is None or size.floor > current.floor
