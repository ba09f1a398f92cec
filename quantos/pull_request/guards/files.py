"""Files that guard the project as a whole, and which of them a change touches."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from quantos.pull_request.model import Guard
from quantos.pull_request.sources import SourceTree

GUARDED_FILES: Final[Mapping[Guard, tuple[str, ...]]] = {
    "packs": ("policy_packs", "quantos/policy"),
    "prices": ("quantos/catalog", "quantos/costing"),
    "check": (
        "cli",
        "quantos/adapters",
        "quantos/deployment",
        "quantos/operations",
        "quantos/pull_request",
        "sandbox",
    ),
    "reading": ("quantos/charts", "quantos/documents", "quantos/environment"),
    "audit": ("quantos/audit",),
    "resizing": ("lambdas/resize", "quantos/capacity/adapters", "quantos/capacity/resize"),
    "workflow": (".ci", ".github", "scripts"),
    "tests": (
        "tests/conftest.py",
        "tests/engine",
        "tests/faults",
        "tests/mirror.yaml",
        "tests/policy",
        "tests/services",
        "tests/slow.txt",
        "tests/unit/repository",
    ),
}
"""Folders, with all below, and files. Tests of the unit `tests/unit/x` guard as well, where `x` or `quantos/x` does."""
ANYWHERE: Final = (".gitattributes", "conftest.py", "sitecustomize.py", "usercustomize.py", "*.pth")
"""Names that change how other files are read or run, wherever they stand."""
UNGUARDED: Final = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "components",
    "dashboards",
    "docs",
    "lambdas",
    "quantos",
    "stacks",
    "tests",
)
"""At the root: documents, and folders of which only what is named above guards. Anything else there does."""
_UNIT_TESTS: Final = "tests/unit/"


def guard_of(path: str) -> Guard | None:
    """Which guard a file is, by its path from the root; None for one that guards nothing."""
    for guard, places in GUARDED_FILES.items():
        if _below_any(path, places):
            return guard
    if _tests_a_guard(path):
        return "tests"
    name = path.rpartition("/")[2]
    if any(fnmatchcase(name, pattern) for pattern in ANYWHERE) or path.partition("/")[0] not in UNGUARDED:
        return "workflow"
    return None


def changed_files(head: SourceTree, base: SourceTree) -> Iterator[tuple[Guard, str, str]]:
    """Guard, path and what became of it, "added", "changed" or "removed", in the order of guards and paths."""
    guards = {path: guard for path in {*base.paths, *head.paths} if (guard := guard_of(path)) is not None}
    old, new = base.contents(guards), head.contents(guards)
    order = (*GUARDED_FILES,)
    for path, guard in sorted(guards.items(), key=lambda item: (order.index(item[1]), item[0])):
        if old.get(path) != new.get(path):
            yield guard, path, "added" if path not in old else "removed" if path not in new else "changed"


def _tests_a_guard(path: str) -> bool:
    """Whether a unit test mirrors a module that guards."""
    room = path.removeprefix(_UNIT_TESTS)
    places = [place for places in GUARDED_FILES.values() for place in places]
    return room != path and (_below_any(room, places) or _below_any(f"quantos/{room}", places))


def _below_any(path: str, places: tuple[str, ...] | list[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)
