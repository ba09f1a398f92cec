"""The handler of types which moto does not have at all: their objects live in the stand-in's store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.providers.account import ApiError, GoneError
from sandbox.providers.aws.row import Change, Held, Identity, Scene
from sandbox.providers.aws.tags import all_tags
from sandbox.providers.values import Document, Json


@dataclass(frozen=True, kw_only=True)
class KeptObject:
    """Holds one type of object in the store, where moto has no operations for it.

    Attributes:
        id_format: the id as a template over properties.
        service: whose error messages it uses.
        compute: outputs that AWS would decide, from scene, id and inputs.
        requires: raises `ApiError` when what the object refers to is not there, as AWS does.
        mutable: properties which may change in place.
    """

    id_format: str
    service: str
    compute: Callable[[Scene, str, Mapping[str, Json]], Document]
    requires: Callable[[Scene, Mapping[str, Json]], None] | None = None
    mutable: frozenset[str] = frozenset()
    id_of: Callable[[Scene, Mapping[str, Json]], str] | None = None
    tagged: bool = True

    def unmapped(self, scene: Scene, inputs: Mapping[str, Json]) -> Iterable[str]:
        """Every property is kept."""
        del scene, inputs
        return ()

    def changeable(self, name: str) -> bool:
        """Whether the property may change in place."""
        return name in self.mutable or name == "tags"

    def create(self, scene: Scene, inputs: Mapping[str, Json]) -> str:
        """Keep a new object; see `Handler`."""
        if self.requires is not None:
            self.requires(scene, inputs)
        identity = self.id_of(scene, inputs) if self.id_of is not None else Identity(self.id_format).of(inputs)

        def kept(before: Document | None) -> Document:
            if before is not None:
                raise ApiError(
                    service=self.service,
                    operation="create",
                    reason="ResourceInUseException",
                    message=f"{scene.token} {identity} already exists",
                )
            return self._document(scene, identity, inputs)

        scene.account.store.change(scene.token, identity, make=kept)
        return identity

    def _document(self, scene: Scene, identity: str, inputs: Mapping[str, Json]) -> Document:
        document: Document = {**inputs, **self.compute(scene, identity, inputs)}
        document.pop("__defaults", None)
        if self.tagged:
            document["tagsAll"] = {**all_tags(scene.account, inputs)}
        return document

    def settle(self, scene: Scene, held: Held, inputs: Mapping[str, Json]) -> None:
        """Nothing is left to send."""

    def read(self, scene: Scene, held: Held) -> Document | None:
        """The kept document; see `Handler`."""
        return scene.account.store.get(scene.token, held.id)

    def update(self, scene: Scene, change: Change) -> None:
        """Keep the new inputs over the old document; see `Handler`."""

        def changed(before: Document | None) -> Document:
            if before is None:
                raise GoneError(f"{scene.token} {change.held.id} is gone", remedy="run `pulumi refresh`")
            held = {name: value for name, value in before.items() if name not in {*change.names, "tagsAll"}}
            fresh = self._document(scene, change.held.id, change.new)
            return {**held, **{name: value for name, value in fresh.items() if name not in held or name in change.new}}

        scene.account.store.change(scene.token, change.held.id, make=changed)

    def delete(self, scene: Scene, held: Held) -> None:
        """Forget the object."""
        scene.account.store.drop(scene.token, held.id)
