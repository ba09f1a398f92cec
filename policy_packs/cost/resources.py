"""Resource properties, as an engine hands them to a pack, turned into the plain values the cost rules judge.

Reading a value that is not known yet raises the policy SDK's `UnknownValueError`, which is let through: the engine then
says that the rule could not run, and the resizer counts that as a violation.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, cast

from pydantic import ValidationError

from quantos.catalog.catalog import CapacityType
from quantos.contracts.plan import PlanDocument
from quantos.environment.names import layer_of
from quantos.errors import CapacityError
from quantos.policy.capacity import POOL_TAG, Capacity, NodeGroup, is_elastic

NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"
PLAN_TYPE = "quantos:capacity:Plan"
Properties = Mapping[str, object]
CAPACITY_TYPES: Mapping[object, CapacityType] = {"ON_DEMAND": "ON_DEMAND", "SPOT": "SPOT"}


class Resource(Protocol):
    """What a pack is told of a resource; `props` are inputs in a resource rule and outputs in a stack rule."""

    resource_type: str
    urn: str
    name: str
    props: Properties


def node_group(resource: Resource) -> NodeGroup:
    """A node group. Raises CapacityError when its properties are not those of one."""
    plain = {key: _plain(resource.props[key]) for key in resource.props if key in _READ}
    tags: object = plain.get("tags") or dict[str, object]()
    scaling = plain.get("scalingConfig")
    types = plain.get("instanceTypes") or ()
    capacity_type = CAPACITY_TYPES.get(plain.get("capacityType") or "ON_DEMAND")
    if not isinstance(scaling, Mapping) or not isinstance(tags, Mapping) or not isinstance(types, Sequence):
        raise _unreadable(resource, "scalingConfig, instanceTypes or tags are absent or of the wrong kind")
    if capacity_type is None:
        raise _unreadable(resource, f"capacityType {plain.get('capacityType')!r} has no price")
    labels = {str(key): str(value) for key, value in tags.items()}
    return NodeGroup(
        name=labels.get(POOL_TAG, "") or resource.name,
        instance_types=tuple(str(instance_type) for instance_type in types),
        capacity_type=capacity_type,
        minimum=_whole(resource, scaling, "minSize"),
        maximum=_whole(resource, scaling, "maxSize"),
        tags=labels,
        elastic=is_elastic(labels, stack=stack_of(resource.urn)),
    )


def plan_document(resource: Resource) -> PlanDocument:
    """The document a plan component carries. Raises CapacityError when it is none."""
    if "document" not in resource.props:
        raise _unreadable(resource, "it carries no document")
    try:
        return PlanDocument.model_validate(_plain(resource.props["document"]))
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
        raise _unreadable(resource, f"its document is not a plan document ({problems})") from exc


def capacity(resources: Iterable[Resource]) -> Capacity:
    """The stack as a whole. Raises CapacityError when a part cannot be read or two plans stand in it."""
    found = list(resources)
    plans = [resource for resource in found if resource.resource_type == PLAN_TYPE]
    if len(plans) > 1:
        raise _unreadable(plans[1], f"it is one of {len(plans)} plans, and a stack stands on one")
    return Capacity(
        stack=stack_of(found[0].urn) if found else "",
        groups=tuple(node_group(resource) for resource in found if resource.resource_type == NODE_GROUP_TYPE),
        plan=plan_document(plans[0]) if plans else None,
    )


def stack_of(urn: str) -> str:
    """`dev-capacity` of `urn:pulumi:dev-capacity::quantos::...`."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]


def is_capacity_stack(urn: str) -> bool:
    """Whether a resource belongs to a stack of the capacity layer."""
    return layer_of(stack_of(urn)) == "capacity"


_READ = frozenset({"tags", "scalingConfig", "instanceTypes", "capacityType"})


def _plain(value: object) -> object:
    """The value without the SDK's proxies; touching each part is what finds an unknown one."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {key: _plain(mapping[key]) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(value[index]) for index in range(len(value))]
    return value


def _whole(resource: Resource, scaling: Mapping[object, object], key: str) -> int:
    value = scaling.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _unreadable(resource, f"scalingConfig.{key} is {value!r}")
    return int(value)


def _unreadable(resource: Resource, why: str) -> CapacityError:
    return CapacityError(
        f"{resource.name} ({resource.resource_type}) cannot be read: {why}",
        remedy="declare it as the capacity program does",
    )
