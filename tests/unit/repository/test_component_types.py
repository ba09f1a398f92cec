"""Type tokens of components are part of the names by which an engine knows resources: one that goes needs an alias."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantos.contracts.plan import PLAN_TYPE
from quantos.pull_request.sources import SourceTree
from stacks.programs import PROGRAMS
from tests.conftest import GOLDEN, Golden

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "components"
TOKENS = GOLDEN / "components" / "types.txt"
RECORDED = TOKENS.read_text(encoding="utf-8").split()


def declared() -> Iterator[tuple[Path, str, str]]:
    """Each component: its file, its class, and the token with which it registers."""
    for path in sorted(COMPONENTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any("ComponentResource" in ast.unparse(base) for base in node.bases):
                (call,) = [
                    call
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
                ]
                token = call.args[0]
                yield path, node.name, str(token.value) if isinstance(token, ast.Constant) else PLAN_TYPE


def aliased() -> set[str]:
    """Tokens that some component still answers to."""
    return {
        str(keyword.value.value)
        for path in COMPONENTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Alias")
        for keyword in node.keywords
        if keyword.arg == "type_" and isinstance(keyword.value, ast.Constant)
    }


@pytest.mark.parametrize(("path", "name", "token"), list(declared()), ids=lambda value: getattr(value, "stem", value))
def test_a_token_says_room_and_class(path: Path, name: str, token: str) -> None:
    room = path.parent.relative_to(COMPONENTS).as_posix()
    assert token in {f"quantos:{room}:{name}", PLAN_TYPE}


def test_every_component_is_of_a_layer() -> None:
    project = SourceTree(ROOT)
    reached = set(project.files_of(project.reached(PROGRAMS.values())))
    assert [name for path, name, _ in declared() if path not in reached] == [], "let a program in stacks declare it"


def test_a_token_that_went_has_an_alias() -> None:
    known = {token for _, _, token in declared()} | aliased()
    assert set(RECORDED) - known == set(), (
        "a component that was renamed needs pulumi.Alias(type_=...) for each of these"
    )


def test_every_token_is_recorded(golden: Golden) -> None:
    golden("components/types.txt", "\n".join(sorted({*RECORDED, *(token for _, _, token in declared())})))
