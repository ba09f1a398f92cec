"""A resource as plain values: what an engine's state, a policy pack or a test can all fill in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from quantos.catalog.type_tokens import canonical_type
from quantos.errors import CostingError

Properties = Mapping[str, object]
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack, component or not.

    Args:
        type: the one token of its type, `aws:ec2/natGateway:NatGateway`, whichever it was declared by.
        name: its name in the program.
        parent: URN of its parent, empty where it has none.
        properties: inputs and outputs by their camelCase names; where a value is not known, reading it may raise.
        references: URNs of the resources that a property was made of, by property.
    """

    type: str
    urn: str
    name: str
    parent: str
    properties: Properties
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", canonical_type(self.type))

    def bare(self) -> "Resource":
        """The same resource without any property."""
        return self._nested("", {})

    def text(self, key: str, *, default: str | None = None) -> str:
        """A string, or `default` where the property is absent. Raises CostingError for anything else."""
        value = self.properties.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.unreadable(key, value)
        return value

    def number(self, key: str, *, default: float | None = None) -> float:
        """A number at or above zero, or `default` where absent. Raises CostingError for anything else."""
        value = self.properties.get(key)
        if value is None and default is not None:
            return default
        return self._number(key, value)

    def flag(self, key: str) -> bool:
        """A boolean; absent is false."""
        return self.properties.get(key) is True

    def part(self, key: str) -> "Resource":
        """A nested object as a resource of its own, empty where the property is absent.

        Bridged providers hold single blocks as a list of one in places; both are read. Raises CostingError.
        """
        value = self.properties.get(key)
        if is_list(value):
            value = next(iter(cast("Sequence[object]", value)), None)
        return self._nested(key, {} if value is None else value)

    def parts(self, key: str) -> Iterator["Resource"]:
        """Nested objects of a list, none where the property is absent. Raises CostingError."""
        for value in self.sequence(key):
            yield self._nested(key, value)

    def sequence(self, key: str) -> Sequence[object]:
        """A list, empty where the property is absent. Raises CostingError for anything else."""
        value = self.properties.get(key)
        if value is None:
            return ()
        if not is_list(value):
            raise self.unreadable(key, value)
        return cast("Sequence[object]", value)

    def unreadable(self, key: str, value: object) -> CostingError:
        """The error for a property from which no price can be told."""
        return CostingError(
            f"{self.name} ({self.type}) cannot be priced: its {key} is {value!r}",
            remedy=f"state {key} plainly, as the components do",
        )

    def _number(self, key: str, value: object) -> float:
        try:
            read = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
        except ValueError:
            read = -1.0
        if not 0 <= read < float("inf"):
            raise self.unreadable(key, value)
        return read

    def _nested(self, key: str, value: object) -> "Resource":
        if not isinstance(value, Mapping):
            raise self.unreadable(key, value)
        held = cast("Properties", value)
        return Resource(type=self.type, urn=self.urn, name=self.name, parent=self.parent, properties=held)


def is_list(value: object) -> bool:
    """Whether it is a list, and not a text."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def components(resources: Sequence[Resource]) -> dict[str, str]:
    """What each resource belongs to, by URN: its outermost component, or itself where it stands alone.

    A component is called by its kind and name, `NodePool cpu`, since a bucket and a table may share a name.
    """
    known = {resource.urn: resource for resource in resources if resource.type != STACK_TYPE}
    return {urn: _label(_outermost(resource, known)) for urn, resource in known.items()}


def _outermost(resource: Resource, known: Mapping[str, Resource]) -> Resource:
    seen = {resource.urn}
    while (parent := known.get(resource.parent)) is not None and parent.urn not in seen:
        seen.add(parent.urn)
        resource = parent
    return resource


def _label(resource: Resource) -> str:
    return f"{resource.type.rpartition(':')[2]} {resource.name}"
