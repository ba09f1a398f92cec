"""A stack's resources as a throwaway backend in a folder holds them, read without starting the engine."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from quantos.environment.names import PROJECT
from quantos.errors import EngineError
from quantos.pull_request.model import SourceLocation
from quantos.translation import Vendor, translated

_STATES = Vendor(raises=(OSError, UnicodeError, json.JSONDecodeError, KeyError))
DECLARING = ("stacks",)
"""Folders of programs; the frame of a call stack that lies there says what a person wrote."""


class Frame(TypedDict, total=False):
    """One frame of the program's call stack, innermost first."""

    sourcePosition: str


class ResourceState(TypedDict, total=False):
    """A resource of a state, as far as it is read here."""

    urn: str
    type: str
    parent: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]
    propertyDependencies: Mapping[str, list[str] | None]
    stackTrace: list[Frame]
    delete: bool


def resources_of(stack: str, *, backend: Path) -> tuple[ResourceState, ...]:
    """Resources of a stack, providers included; none where the stack was never brought up.

    Raises EngineError for a state that cannot be read.
    """
    path = backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
    with translated(_STATES, into=EngineError, what=f"the state {path} cannot be read", remedy="run the check again"):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        latest = json.loads(text)["checkpoint"].get("latest") or {}
        return tuple(resource for resource in latest.get("resources") or () if not resource.get("delete"))


def declared_places(
    resources: tuple[ResourceState, ...], *, root: Path, project_dir: Path
) -> Mapping[str, SourceLocation]:
    """Where the programs of the checkout `root` declare each resource, by URN; what they declare deferred is left out.

    The engine keeps the program's call stack with each resource, by paths from the project's folder.
    """
    return {resource["urn"]: place for resource in resources for place in _first(resource, root, project_dir)}


def _first(resource: ResourceState, root: Path, project_dir: Path) -> Iterator[SourceLocation]:
    for frame in resource.get("stackTrace") or ():
        location, _, line = frame.get("sourcePosition", "").removeprefix("project:///").rpartition("#")
        path = (project_dir / location).resolve()
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in DECLARING:
            shown = path.relative_to(root)
            if shown.stem != "programs":
                yield SourceLocation(path=shown.as_posix(), line=int(line.partition(",")[0]))
                return
