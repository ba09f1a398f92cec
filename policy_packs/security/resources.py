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


class ToldResource(Protocol):
    """What a pack is told of a resource."""

    resource_type: str
    urn: str
    name: str
    props: Mapping[str, object]

    @property
    def opts(self) -> Options:
        """Its options."""
        ...


def resource(told: ToldResource) -> Resource:
    """A resource; of a resource rule with its inputs, of a stack rule with its outputs."""
    return Resource(
        type=told.resource_type,
        name=told.name,
        urn=told.urn,
        properties=_Known(told.props),
        protected=bool(told.opts.protect),
    )


def stack(told: Iterable[ToldResource]) -> Stack:
    """Every resource of a stack."""
    return Stack(resources=[resource(one) for one in told])


class _Known(Mapping[str, object]):
    """Properties of which each raises NotYetKnownError where its value is not known."""

    def __init__(self, told: Mapping[str, object]) -> None:
        self._told = told

    def __getitem__(self, key: str) -> object:
        try:
            return _wrapped(self._told[key])
        except UnknownValueError as exc:
            raise _not_yet(exc) from exc

    def __contains__(self, key: object) -> bool:
        return key in set(self._told)

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


class _KnownList(Sequence[object]):
    def __init__(self, told: Sequence[object]) -> None:
        self._told = told

    @overload
    def __getitem__(self, index: int) -> object: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...

    def __getitem__(self, index: int | slice) -> object:
        try:
            return _wrapped(self._told[index])
        except UnknownValueError as exc:
            raise _not_yet(exc) from exc

    def __len__(self) -> int:
        return len(self._told)


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
