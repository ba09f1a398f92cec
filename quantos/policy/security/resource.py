"""What security rules judge: resources and stacks as plain values, whatever engine told of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from quantos.catalog.type_tokens import canonical_type
from quantos.policy.rule import Rule
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.values import Values


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource. `properties` are its inputs to a resource rule and its outputs to a stack rule, in camelCase.

    `type` is the one token of its type, whichever it was declared by. `protected` says whether the engine itself
    refuses to delete it.
    """

    type: str
    name: str
    urn: str
    properties: Values
    protected: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", canonical_type(self.type))


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Every resource of a stack."""

    resources: Sequence[Resource]

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        by_type: dict[str, list[Resource]] = {}
        for resource in self.resources:
            by_type.setdefault(resource.type, []).append(resource)
        return by_type

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of some types."""
        for resource_type in types:
            yield from self._by_type.get(resource_type, ())


def concerns(types: Sequence[str], resource_type: str) -> bool:
    """Whether a type, by any of its tokens, is one of these; one that ends in `*` stands for all that begin so.

    A patch of a Kubernetes object (`ClusterRolePatch`) is judged as the object.
    """
    token = canonical_type(resource_type)
    token = token.removesuffix("Patch") if token.startswith("kubernetes:") else token
    return any(
        token == pattern or (pattern.endswith("*") and token.startswith(pattern.removesuffix("*"))) for pattern in types
    )


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule[[Resource, SecurityLimits]]):
    """A rule of resources of some types, each by itself."""

    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule[[Resource, Stack, SecurityLimits]]):
    """A rule of resources of some types, each among all resources of its stack."""

    types: tuple[str, ...]
