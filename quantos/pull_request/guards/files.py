"""Files that guard the project as a whole, and which of them a change touches."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.pull_request.model import Guard
from quantos.pull_request.sources import INSTRUMENTS, SourceTree

GUARDED_FILES: Final[Mapping[Guard, tuple[str, ...]]] = {
    "packs": ("policy_packs", "quantos/policy"),
    "prices": ("quantos/costing", "quantos/catalog"),
    "check": (*INSTRUMENTS, "cli/checkout/pr_check.py", "cli/commands/project.py"),
    "defaults": ("quantos/environment/settings", "quantos/environment/namespaces.py"),
    "workflow": (
        ".ci",
        ".github",
        ".pre-commit-config.yaml",
        "Dockerfile",
        "Makefile",
        "Pulumi.yaml",
        "pyproject.toml",
        "scripts",
        "uv.lock",
    ),
    "tests": (
        "tests/conftest.py",
        "tests/engine/test_pr_check.py",
        "tests/policy",
        "tests/slow.txt",
        "tests/unit/costing",
        "tests/unit/environment",
        "tests/unit/policy",
        "tests/unit/policy_packs",
        "tests/unit/pull_request",
        "tests/unit/repository",
        "tests/unit/sandbox/pull_request",
    ),
}
"""Folders, with all below, and files. The first that holds a file says which guard it is."""


def changed_files(head: SourceTree, base: SourceTree) -> Iterator[tuple[Guard, str, str]]:
    """Guard, path and what became of it, "added", "changed" or "removed", in the order of guards and paths."""
    seen: set[str] = set()
    for guard, places in GUARDED_FILES.items():
        old, new = base.contents(places), head.contents(places)
        for path in sorted({*old, *new} - seen):
            seen.add(path)
            if old.get(path) != new.get(path):
                yield guard, path, "added" if path not in old else "removed" if path not in new else "changed"
