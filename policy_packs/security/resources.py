"""Resources, as an engine hands them to a pack, turned into what the security rules judge.

Properties are read only where a rule looks, so that a value which is not known yet keeps only those rules from running
that ask for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, cast, overload

from pulumi_policy.proxy import UnknownValueError

from quantos.errors import NotYetKnownError
from quantos.policy.security.resource import Resource, Stack


class Options(Protocol):
    """What a pack is told of a resource's options."""

    @property
    def protect(self) -> bool:
        """Whether the engine refuses to delete it."""
        ...


class EngineResource(Protocol):
    """What a pack is told of a resource."""

    resource_type: str
    urn: str
    name: str
    props: Mapping[str, object]

    @property
    def opts(self) -> Options:
        """Its options."""
        ...


def resource(engine_resource: EngineResource) -> Resource:
    """A resource; of a resource rule with its inputs, of a stack rule with its outputs."""
    return Resource(
        type=engine_resource.resource_type,
        name=engine_resource.name,
        urn=engine_resource.urn,
        properties=_Known(engine_resource.props),
        protected=bool(engine_resource.opts.protect),
    )


def stack(resources: Iterable[EngineResource]) -> Stack:
    """Every resource of a stack."""
    return Stack(resources=[resource(engine_resource) for engine_resource in resources])


class _Known(Mapping[str, object]):
    """Properties of which each raises NotYetKnownError where its value is not known."""

    def __init__(self, properties: Mapping[str, object]) -> None:
        self._properties = properties

    def __getitem__(self, key: str) -> object:
        try:
            return _wrapped(self._properties[key])
        except UnknownValueError as exc:
            raise _not_yet(exc) from exc

    def __contains__(self, key: object) -> bool:
        return key in set(self._properties)

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties)

    def __len__(self) -> int:
        return len(self._properties)


class _KnownList(Sequence[object]):
    def __init__(self, elements: Sequence[object]) -> None:
        self._elements = elements

    @overload
    def __getitem__(self, index: int) -> object: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...

    def __getitem__(self, index: int | slice) -> object:
        try:
            return _wrapped(self._elements[index])
        except UnknownValueError as exc:
            raise _not_yet(exc) from exc

    def __len__(self) -> int:
        return len(self._elements)


def _wrapped(value: object) -> object:
    if isinstance(value, Mapping):
        return _Known(cast("Mapping[str, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _KnownList(cast("Sequence[object]", value))
    return value


def _not_yet(exc: UnknownValueError) -> NotYetKnownError:
    return NotYetKnownError(
        f"the value at .{'.'.join(exc.props)} is not known before the update",
        remedy="judge the update itself: run it with the packs in a sandbox",
    )
