"""What goes into an image: one file a program, held to what a build can make of it."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field

from images.errors import ImageError
from quantos.documents.places import Plain, YamlDocument
from quantos.documents.settings_file import validated
from quantos.faults import Fault, FaultPath, in_order

DEFINITIONS: Final = Path(__file__).parent / "definitions"
PYTHON: Final = "python"
"""As the first word of an entrypoint: the interpreter of the base, wherever it lies."""
_OURS: Final = frozenset({"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "HOME", "USER"})
"""Variables that every image has from the builder."""
_REMEDY: Final = "correct the file; docs/images.md has the fields"
_NUMERIC_USER: Final = re.compile(r"^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$")
Tool: TypeAlias = Literal["engine"]
"""What is not a package of Python and goes into some images: the Pulumi engine."""


@dataclass(frozen=True, kw_only=True)
class ImageDefinition:
    """One image.

    Attributes:
        name: of the file, and of the repository.
        project: whether the project's own dependencies go in.
        groups: dependency groups of the lock that go in beside.
        code: folders of the project, as git tracks them.
        unpinned: environment files among the code, whose digests of images are blanked.
        tools: what else goes in.
        entrypoint: its program; the first word `python` is the base's.
        user: `uid:gid`, both numbers, neither root.
        home: the folder that the code lies in, and that the program starts in.
    """

    name: str
    project: bool
    groups: tuple[str, ...]
    code: tuple[str, ...]
    unpinned: tuple[str, ...]
    tools: tuple[Tool, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    home: str
    environment: Mapping[str, str]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Name = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
_Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]
_Word = Annotated[str, Field(min_length=1)]


class _Packages(_Table):
    project: bool = False
    groups: tuple[_Name, ...] = ()


class _Stated(_Table):
    code: tuple[_Folder, ...] = Field(min_length=1)
    unpinned: tuple[_Folder, ...] = ()
    tools: tuple[Tool, ...] = ()
    entrypoint: tuple[_Word, ...] = Field(min_length=1)
    command: tuple[_Word, ...] = ()
    user: str
    home: str = Field(default="/app", pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$")
    packages: _Packages = _Packages()
    environment: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = {}


def read_definitions(names: Iterable[str], *, project: Path, folder: Path = DEFINITIONS) -> tuple[ImageDefinition, ...]:
    """The definitions of some images, or of all where none is named.

    Raises:
        ImageError: there is none of a name, or any is wrong; tells every fault of all of them.
    """
    defined = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    wanted = tuple(dict.fromkeys(names)) or tuple(defined)
    if unknown := [name for name in wanted if name not in defined]:
        raise ImageError(
            f"no image is defined as {', '.join(unknown)}; there are {', '.join(defined) or 'none'}",
            remedy=f"name one of these, or add a file to {folder}",
        )
    definitions: list[ImageDefinition] = []
    lines: list[str] = []
    for name in wanted:
        definition, faults = _read(defined[name], project=project)
        lines += [fault.line(defined[name].name) for fault in faults]
        definitions += [] if definition is None else [definition]
    if lines:
        raise ImageError("\n".join(lines), remedy=_REMEDY)
    return tuple(definitions)


def _read(path: Path, *, project: Path) -> tuple[ImageDefinition | None, tuple[Fault, ...]]:
    try:
        value = cast("Plain", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        return None, (Fault((), f"cannot be read: {exc}"),)
    stated, faults = validated(_Stated, YamlDocument(value, root=None, faults=()))
    if stated is None:
        return None, faults
    if wrong := [Fault(*fault) for fault in _faults(path.stem, stated, project)]:
        return None, in_order(wrong)
    return _definition(path.stem, stated), ()


def _definition(name: str, stated: _Stated) -> ImageDefinition:
    return ImageDefinition(
        name=name,
        project=stated.packages.project,
        groups=stated.packages.groups,
        code=stated.code,
        unpinned=stated.unpinned,
        tools=stated.tools,
        entrypoint=stated.entrypoint,
        command=stated.command,
        user=stated.user,
        home=stated.home,
        environment=stated.environment,
    )


def _faults(name: str, stated: _Stated, project: Path) -> Iterator[tuple[FaultPath, str]]:
    """What only the project can tell, or several fields together."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        yield (), f"{name} names no repository: write small letters and digits, with single dashes between"
    if not _NUMERIC_USER.match(stated.user):
        yield ("user",), f"{stated.user!r} is not UID:GID with numbers from 1: no program runs as root"
    for place, folder in enumerate(stated.code):
        if not (project / folder).is_dir():
            yield ("code", place), f"{folder} is no folder of the project"
    for place, pattern in enumerate(stated.unpinned):
        if not f"{pattern}/".startswith(tuple(f"{folder}/" for folder in stated.code)):
            yield ("unpinned", place), f"{pattern} lies in none of the folders of code"
    known = dependency_groups(project)
    for place, group in enumerate(stated.packages.groups):
        if group not in known:
            yield ("packages", "groups", place), f"pyproject.toml has no group {group}, but {', '.join(known)}"
    for variable in sorted(_OURS & set(stated.environment)):
        yield ("environment", variable), "is set by the builder"


def dependency_groups(project: Path) -> tuple[str, ...]:
    """The dependency groups that a project states. Raises ImageError where its pyproject.toml cannot be read."""
    file = project / "pyproject.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise ImageError(f"{file} cannot be read: {exc}", remedy="build from a checkout of the project") from exc
    groups = document.get("dependency-groups", {})
    return tuple(sorted(groups)) if isinstance(groups, dict) else ()
