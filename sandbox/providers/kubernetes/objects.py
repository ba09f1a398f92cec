"""What the stand-in asks of a place where objects live: a cluster, or a folder of manifests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes.kinds import KindOfObject
from sandbox.providers.values import Document


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An object that a program declares.

    Attributes:
        held: state of the last operation; empty for an object that is new.
        timeout_seconds: the resource's own; 0 where it has none.
        ignored: dotted paths whose changes the program ignores.
    """

    kind: KindOfObject
    manifest: Document
    urn: str
    held: Document = field(default_factory=dict)
    preview: bool = False
    timeout_seconds: float = 0.0
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ObjectState:
    """An object of the state, to read or to delete."""

    kind: KindOfObject
    identifier: str
    urn: str
    state: Document
    timeout_seconds: float = 0.0


class Objects(Protocol):
    """A place of objects. Answers are states: what is there, with the field manager under `__fieldManager`."""

    @property
    def default_namespace(self) -> str:
        """Where objects without a namespace go."""

    def namespaced(self, kind: KindOfObject) -> bool | None:
        """Whether a kind has namespaces; None while nobody knows the kind."""

    def create(self, wanted: Wanted) -> Document:
        """Make an object, or say what that would give. Raises SandboxError, NotReadyError among them."""

    def update(self, wanted: Wanted) -> Document:
        """Change an object in place, or say what that would give. Raises as `create` does."""

    def read(self, held: ObjectState) -> Document | None:
        """The object as it is now; None where it is gone."""

    def delete(self, held: ObjectState) -> None:
        """Remove an object; one that is gone already is no error."""


class ExistingObjectError(SandboxError):
    """An object of this name is there already and belongs to somebody else."""

    code = "sandbox.exists"
