"""The handler of types which moto does not have at all: their objects live in the stand-in's store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.providers.account import ApiError, GoneError
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.row import Change, HandlerContext, Identity, ResourceState
from sandbox.providers.aws.tags import all_tags
from sandbox.providers.values import Document, Json


@dataclass(frozen=True, kw_only=True)
class KeptObject:
    """Holds one type of object in the store, where moto has no operations for it.

    Attributes:
        id_format: the id as a template over properties.
        service: whose error messages it uses.
        compute: outputs that AWS would decide, from context, id and inputs.
        requires: raises `ApiError` when what the object refers to is not there, as AWS does.
        mutable: properties which may change in place.
    """

    id_format: str
    service: str
    compute: Callable[[HandlerContext, str, Mapping[str, Json]], Document]
    requires: Callable[[HandlerContext, Mapping[str, Json]], None] | None = None
    mutable: frozenset[str] = frozenset()
    id_of: Callable[[HandlerContext, Mapping[str, Json]], str] | None = None
    tagged: bool = True

    @property
    def requests(self) -> tuple[ApiRequest, ...]:
        """None is sent; a row names the operation that AWS has."""
        return ()

    def unmapped(self, context: HandlerContext, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Every property is kept."""
        del context, inputs
        return ()

    def changeable(self, name: str) -> bool:
        """Whether the property may change in place."""
        return name in self.mutable or name == "tags"

    def create(self, context: HandlerContext, inputs: Mapping[str, Json]) -> str:
        """Keep a new object; see `Handler`."""
        if self.requires is not None:
            self.requires(context, inputs)
        identity = self.id_of(context, inputs) if self.id_of is not None else Identity(self.id_format).of(inputs)

        def kept(before: Document | None) -> Document:
            if before is not None:
                raise ApiError(
                    service=self.service,
                    operation="create",
                    reason="ResourceInUseException",
                    message=f"{context.token} {identity} already exists",
                )
            return self._document(context, identity, inputs)

        context.account.store.change(context.token, identity, make=kept)
        return identity

    def _document(self, context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
        document: Document = {**inputs, **self.compute(context, identity, inputs)}
        document.pop("__defaults", None)
        if self.tagged:
            document["tagsAll"] = {**all_tags(context.account, inputs)}
        return document

    def settle(self, context: HandlerContext, existing: ResourceState, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, context: HandlerContext, existing: ResourceState) -> Document | None:
        """The kept document; see `Handler`."""
        return context.account.store.get(context.token, existing.id)

    def update(self, context: HandlerContext, change: Change) -> None:
        """Keep the new inputs over the old document; see `Handler`."""

        def changed(before: Document | None) -> Document:
            if before is None:
                raise GoneError(f"{context.token} {change.existing.id} is gone", remedy="run `pulumi refresh`")
            unchanged = {name: value for name, value in before.items() if name not in {*change.names, "tagsAll"}}
            fresh = self._document(context, change.existing.id, change.new)
            return {
                **unchanged,
                **{name: value for name, value in fresh.items() if name not in unchanged or name in change.new},
            }

        context.account.store.change(context.token, change.existing.id, make=changed)

    def delete(self, context: HandlerContext, existing: ResourceState) -> None:
        """Forget the object."""
        context.account.store.drop(context.token, existing.id)
