"""Tests stand where their modules stand: by name, or by a table that says which test runs a module and why."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from quantos.pull_request.sources import SourceTree

ROOT = Path(__file__).resolve().parents[3]
PROJECT = SourceTree(ROOT)
ROOMS = ("quantos", "components", "stacks", "lambdas", "services", "policy_packs", "sandbox", "images", "cli")
OF_THE_WHOLE = ROOT / "tests" / "unit" / "repository"
TABLE = yaml.safe_load((ROOT / "tests" / "mirror.yaml").read_text(encoding="utf-8"))
STARTS_PROCESSES = ("tests/engine/", "tests/faults/", "tests/policy/", "tests/services/")
"""What these run, plugins and packs and functions, they do not import."""


def modules(rooms: Iterable[str] = ROOMS) -> Iterator[Path]:
    """Modules of the rooms, packages' own files left out."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name != "__init__.py":
                yield path.relative_to(ROOT)


def mirror(module: Path) -> Path:
    """Where the tests of a module stand; those of `quantos` have no folder of that name above them."""
    parts = module.parent.parts
    return ROOT.joinpath("tests", "unit", *(parts[1:] if parts[0] == "quantos" else parts))


def own_tests(module: Path) -> list[Path]:
    return [*mirror(module).glob(f"test_{module.stem}.py"), *mirror(module).glob(f"test_{module.stem}_*.py")]


def patterns(entry: Mapping[str, list[str]]) -> list[str]:
    return [expanded for pattern in entry["modules"] for expanded in braces(pattern)]


def braces(pattern: str) -> list[str]:
    choice = re.search(r"\{([^{}]*)\}", pattern)
    if choice is None:
        return [pattern]
    return [pattern.replace(choice[0], name) for name in choice[1].split(",")]


def named_by(entry: Mapping[str, list[str]]) -> set[Path]:
    return {path.relative_to(ROOT) for pattern in patterns(entry) for path in ROOT.glob(pattern)}


def reached(test: Path) -> set[Path]:
    """Files of the project that a test imports, directly or not, at the top of modules or inside functions."""
    module = ".".join(test.relative_to(ROOT).with_suffix("").parts)
    return {path.relative_to(ROOT) for path in PROJECT.files_of(PROJECT.reached([module]))}


def test_every_module_has_a_test_of_its_name_or_a_line_in_the_table() -> None:
    named = {path for entry in TABLE for path in named_by(entry)}
    assert [str(module) for module in modules() if not own_tests(module) and module not in named] == []


def test_the_table_names_only_what_has_no_test_of_its_name() -> None:
    idle = [
        pattern
        for entry in TABLE
        for pattern in patterns(entry)
        if all(own_tests(path.relative_to(ROOT)) or path.name == "__init__.py" for path in ROOT.glob(pattern))
    ]
    assert idle == []


@pytest.mark.parametrize("entry", [entry for entry in TABLE if "test" in entry], ids=lambda entry: entry["test"])
def test_a_module_is_run_by_the_test_that_the_table_says(entry: Mapping[str, str]) -> None:
    test = ROOT / entry["test"]
    assert test.is_file()
    assert entry["reason"]
    if not entry["test"].startswith(STARTS_PROCESSES):
        without = {module for module in named_by(entry) if not own_tests(module) and module.name != "__init__.py"}
        assert sorted(map(str, without - reached(test))) == []


def test_every_unit_test_is_named_for_a_module_beside_it() -> None:
    known = {(mirror(module), module.stem) for module in modules((*ROOMS, "benchmarks"))}
    packages = {(mirror(module.parent), module.parent.name) for module in modules() if len(module.parts) > 2}
    lost = []
    for test in sorted((ROOT / "tests" / "unit").rglob("test_*.py")):
        words = test.stem.removeprefix("test_").split("_")
        stems = {"_".join(words[:length]) for length in range(1, len(words) + 1)}
        if test.parent != OF_THE_WHOLE and not any((test.parent, stem) in known | packages for stem in stems):
            lost.append(str(test.relative_to(ROOT)))
    assert lost == []
