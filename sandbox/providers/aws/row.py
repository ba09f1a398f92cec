"""A row: what the stand-in knows of one resource type.

A row says by which operations an object is created, read, changed and deleted (`handler`), how it is named, which
changes replace it, what moto does not hold and is therefore kept in the stand-in's store, and where that is known
from. To add a type, add a row to the module of its service under `sandbox/providers/aws/rows/`; the registry there
finds it, `docs/aws-parity.md` must list it, and `Check` takes its properties from the installed SDK.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.providers.account import Account
from sandbox.providers.aws.api_shapes import Allowed, ApiRequest
from sandbox.providers.schema import SdkSchemas, TypeSchema
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, text


@dataclass(frozen=True)
class ResourceState:
    """An object that the state knows: id, last outputs."""

    id: str
    state: Mapping[str, Json]


@dataclass(frozen=True)
class Change:
    """An update: the object, its old and new inputs, and the top-level properties which differ."""

    existing: ResourceState
    old: Mapping[str, Json]
    new: Mapping[str, Json]
    names: frozenset[str]


@dataclass(frozen=True)
class HandlerContext:
    """What a handler works in: the account, the SDK's types and the row's own type."""

    account: Account
    schemas: SdkSchemas
    type: TypeSchema

    @property
    def token(self) -> str:
        """Token of the resource type."""
        return self.type.token


class Handler(Protocol):
    """Creates, reads, changes and deletes the objects of one type. Errors: `ApiError` of the operation."""

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """Operations to which properties go as they are."""
        ...

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Create an object and return its id."""
        ...

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Send what the create operation does not take."""
        ...

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """Every output and input which is actually there; None when the object is gone."""
        ...

    def update(self, context: HandlerContext, change: Change) -> None:
        """Change the object in place."""
        ...

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Delete the object; one which is gone already counts as deleted."""
        ...

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Dotted paths of inputs which would not reach AWS."""
        ...

    def changeable(self, name: str) -> bool:
        """Whether a top-level property may change in place."""
        ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """One resource type.

    Attributes:
        resource: Pulumi's type token.
        handler: how objects are held.
        replaces: dotted property paths whose change needs a new object.
        name: the property which gets `<resource name>-<7 hex digits>` when the program gives none.
        name_limit: longest name AWS takes; name_prefix: what AWS wants before it.
        kept: dotted paths which moto accepts and forgets; the stand-in's store holds them.
        local: properties which only the provider itself uses, held in Pulumi's state as by the real provider.
        volatile: outputs which any update may change, unknown in its preview.
        requests: operations that take properties, beside those of the handler.
        limits: by dotted path, what AWS documents that it takes and botocore's models do not say.
        refusals: what else AWS refuses and moto accepts, found before anything is sent.
        source: where replacement, refusals and values are known from.
        differs: what AWS does and the stand-in does not, one plain sentence.
    """

    resource: str
    handler: Handler
    replaces: frozenset[str] = frozenset()
    name: str = ""
    name_limit: int = 255
    name_prefix: str = ""
    kept: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    requests: tuple[ApiRequest, ...] = ()
    limits: Mapping[str, Allowed] = field(default_factory=dict)
    refusals: Callable[[Mapping[str, Json]], Iterable[Failure]] | None = None
    source: str = "provider documentation (replacement marks), AWS API reference"
    differs: str = ""
    stored: bool = False

    def replacing(self, path: str) -> bool:
        """Whether a change at `path` (list positions included) needs a new object."""
        plain = re.sub(r"\[\d+\]", "", path)
        return any(plain == mark or plain.startswith(f"{mark}.") for mark in self.replaces)


@dataclass(frozen=True)
class Identity:
    """An id made of properties, such as `{clusterName}:{nodeGroupName}`, readable in both directions."""

    template: str

    def of(self, properties: Mapping[str, Json]) -> str:
        """The id of an object with these properties."""
        return self.template.format_map({key: text(value) for key, value in properties.items()})

    def parts(self, identity: str) -> Document:
        """The properties in an id, as an import needs them; empty when the id has another form."""
        names = re.findall(r"{(\w+)}", self.template)
        pieces = re.split(r"{\w+}", self.template)
        pattern = "".join(
            re.escape(piece) + (f"(?P<{name}>.+{'' if position == len(names) - 1 else '?'})")
            for position, (piece, name) in enumerate(zip(pieces, names, strict=False))
        )
        match = re.fullmatch(pattern + re.escape(pieces[-1]), identity)
        return dict(match.groupdict()) if match else {}


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """How tags of one type are sent and read.

    `identity` is the API member of the tag operations and the template of its value. `member` is that of the create
    operation, with `:resource-type` where it takes EC2 tag specifications; `listing` reads tags where describing the
    object does not answer them.
    """

    add: str
    remove: str
    identity: tuple[str, str]
    member: str = "tags"
    keys: str = "tagKeys"
    listing: str = ""
    described: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)
