"""Resource properties, as an engine hands them to a pack, turned into the plain values the cost rules judge.

Reading a value that is not known yet raises the policy SDK's `UnknownValueError`, which is let through: the engine then
says that the rule could not run, and the resizer counts that as a violation.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol, cast

from pulumi_policy.proxy import UnknownValueError
from pydantic import ValidationError

from quantos.catalog.catalog import CapacityType
from quantos.catalog.free_types import is_free
from quantos.contracts.plan import PLAN_TYPE, PlanDocument
from quantos.costing import resource as declared
from quantos.costing.resource import STACK_TYPE
from quantos.environment.names import layer_of
from quantos.errors import CapacityError, NotYetKnownError
from quantos.policy.cost.capacity import POOL_TAG, Capacity, NodeGroup, is_elastic
from quantos.policy.cost.monthly import DeclaredStack
from quantos.urn import Urn

NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"
Properties = Mapping[str, object]
CAPACITY_TYPES: Mapping[object, CapacityType] = {"ON_DEMAND": "ON_DEMAND", "SPOT": "SPOT"}


class Resource(Protocol):
    """What a pack is told of a resource; `props` are inputs in a resource rule and outputs in a stack rule."""

    resource_type: str
    urn: str
    name: str
    props: Properties


class StackResource(Resource, Protocol):
    """What a stack rule is told beside: what a resource belongs to, and what its properties were made of."""

    @property
    def parent(self) -> Resource | None:
        """The component around it."""
        ...

    @property
    def property_dependencies(self) -> Mapping[str, Sequence[Resource]]:
        """The resources by property."""
        ...


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
        elastic=is_elastic(labels, stack=Urn.parse(resource.urn).stack),
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
    stack_resources = list(resources)
    plans = [resource for resource in stack_resources if resource.resource_type == PLAN_TYPE]
    if len(plans) > 1:
        raise _unreadable(plans[1], f"it is one of {len(plans)} plans, and a stack stands on one")
    return Capacity(
        stack=Urn.parse(stack_resources[0].urn).stack if stack_resources else "",
        groups=tuple(node_group(resource) for resource in stack_resources if resource.resource_type == NODE_GROUP_TYPE),
        plan=plan_document(plans[0]) if plans else None,
    )


def declared_stack(resources: Iterable[StackResource], *, on: date) -> DeclaredStack:
    """Every resource of a stack as the monthly rules price it on a day."""
    declared_resources = tuple(_declared(resource) for resource in resources)
    return DeclaredStack(
        stack=Urn.parse(declared_resources[0].urn).stack if declared_resources else "",
        resources=declared_resources,
        on=on,
    )


def is_billable(resource: Resource) -> bool:
    """Whether a resource is of a type that is not listed as free."""
    return resource.resource_type != STACK_TYPE and not is_free(resource.resource_type)


def is_capacity_stack(urn: str) -> bool:
    """Whether a resource belongs to a stack of the capacity layer."""
    return layer_of(Urn.parse(urn).stack) == "capacity"


_READ = frozenset({"tags", "scalingConfig", "instanceTypes", "capacityType"})


def _plain(value: object) -> object:
    """The value without the SDK's proxies; touching each part is what finds an unknown one.

    The engine's properties know one kind of number, doubles: a whole one is what was declared as an integer.
    """
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {key: _plain(mapping[key]) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(value[index]) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _declared(resource: StackResource) -> declared.Resource:
    made_of = {key: [other.urn for other in others] for key, others in resource.property_dependencies.items() if others}
    return declared.Resource(
        type=resource.resource_type,
        urn=resource.urn,
        name=resource.name,
        parent="" if resource.parent is None else resource.parent.urn,
        properties=_Declared(resource.props, frozenset(made_of)),
        references=made_of,
    )


class _Declared(Mapping[str, object]):
    """Properties, of which those that nobody declared and only the provider will tell read as absent.

    One that was made of other resources is declared: reading it raises NotYetKnownError until it is known.
    """

    def __init__(self, properties: Properties, made_of: frozenset[str]) -> None:
        self._properties = properties
        self._made_of = made_of

    def __getitem__(self, key: str) -> object:
        try:
            return _plain(self._properties[key])
        except UnknownValueError as exc:
            if key in self._made_of:
                raise NotYetKnownError(f"{key} is not known yet", remedy="look at it when it is up") from exc
            return None

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)


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
