"""What a resize may change, and nothing else: minimum and maximum of known pools, desired of raised ones."""

from collections.abc import Collection, Iterable

from quantos.capacity.ports import Change
from quantos.contracts.plan import PLAN_TYPE

NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"
BOUNDS = frozenset({"scalingConfig.minSize", "scalingConfig.maxSize"})
DESIRED = "scalingConfig.desiredSize"


def drift_in(changes: Iterable[Change], *, pools: Collection[str], raised: Collection[str]) -> tuple[str, ...]:
    """Every change of a preview that a resize must not make, one line each; empty when there is none."""
    return tuple(line for change in changes if (line := _refused(change, pools=pools, raised=raised)) is not None)


def _refused(change: Change, *, pools: Collection[str], raised: Collection[str]) -> str | None:
    kind, name = resource_of(change.urn)
    if change.operation != "update":
        return f"{change.operation} {kind} {name}"
    if kind == PLAN_TYPE:
        return None
    if kind != NODE_GROUP_TYPE or name not in pools:
        return f"update {kind} {name}: {', '.join(change.paths)}"
    allowed = BOUNDS | ({DESIRED} if name in raised else set())
    foreign = sorted(set(change.paths) - allowed)
    return f"update pool {name}: {', '.join(foreign)}" if foreign else None


def resource_of(urn: str) -> tuple[str, str]:
    """Type and name of a resource, from a URN such as `urn:pulumi:dev-capacity::quantos::a:b/c:C$d:e/f:F::name`."""
    _, _, qualified_type, name = urn.split("::", 3)
    return qualified_type.rpartition("$")[2], name
