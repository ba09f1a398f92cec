"""What a resize may change, and nothing else: minimum and maximum of known pools, desired of raised ones."""

from collections.abc import Collection, Iterable

from quantos.contracts.plan import PLAN_TYPE
from quantos.deployment.changes import Change
from quantos.urn import Urn

NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"
BOUNDS = frozenset({"scalingConfig.minSize", "scalingConfig.maxSize"})
DESIRED = "scalingConfig.desiredSize"


def drift_in(changes: Iterable[Change], *, pools: Collection[str], raised: Collection[str]) -> tuple[str, ...]:
    """Every change of a preview that a resize must not make, one line each; empty when there is none."""
    return tuple(line for change in changes if (line := _refused(change, pools=pools, raised=raised)) is not None)


def _refused(change: Change, *, pools: Collection[str], raised: Collection[str]) -> str | None:
    resource = Urn.parse(change.urn)
    kind, name = resource.type, resource.name
    if change.operation != "update":
        return f"{change.operation} {kind} {name}"
    if kind == PLAN_TYPE:
        return None
    if kind != NODE_GROUP_TYPE or name not in pools:
        return f"update {kind} {name}: {', '.join(change.paths)}"
    allowed = BOUNDS | ({DESIRED} if name in raised else set())
    foreign = sorted(set(change.paths) - allowed)
    return f"update pool {name}: {', '.join(foreign)}" if foreign else None
