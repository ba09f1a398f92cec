"""What a pull request changes of what guards the project."""

from pathlib import Path

import pytest

from quantos.pull_request.guards.changes import guard_changes
from quantos.pull_request.model import GuardChange
from quantos.pull_request.sources import SourceTree
from tests.support.pull_requests import CEILING, PRIVATE, make_environment
from tests.support.source_trees import write_tree

RULE = 'RULES = (Rule(name="private-buckets", complaints=print), Rule(name="pool-ceiling", complaints=len))\n'
FILES = {
    ".github/CODEOWNERS": "* @all\n/quantos/policy/ @security\n",
    ".github/workflows/ci.yml": "jobs: {}\n",
    "Makefile": "test:\n",
    "quantos/policy/rules.py": RULE,
    "policy_packs/cost/__main__.py": "",
    "stacks/environments/dev.yaml": "limits:\n  max_nodes: 10\n",
    "tests/unit/policy/test_rules.py": "",
    "components/bucket.py": "",
}


def tree(root: Path, changed: dict[str, str | None]) -> SourceTree:
    return write_tree(root, {**FILES, **changed})


def changes(tmp_path: Path, changed: dict[str, str | None]) -> tuple[GuardChange, ...]:
    return guard_changes(tree(tmp_path / "head", changed), tree(tmp_path / "base", {}))


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("components/bucket.py", "changed", []),
        ("Makefile", "all:\n", [("workflow", "Makefile is changed", "Makefile", 1)]),
        ("Makefile", None, [("workflow", "Makefile is removed", "Makefile", 1)]),
        (".github/workflows/more.yml", "", [("workflow", "more.yml is added", ".github/workflows/more.yml", 1)]),
        (".github/CODEOWNERS", "* @me\n", [("workflow", "CODEOWNERS is changed", ".github/CODEOWNERS", 1)]),
        ("tests/unit/policy/test_rules.py", None, [("tests", "is removed", "tests/unit/policy/test_rules.py", 1)]),
        (
            "stacks/environments/dev.yaml",
            "owner: x\nlimits:\n  max_nodes: 11\n",
            [("limit", "dev: limits.max_nodes, 10 becomes 11", "stacks/environments/dev.yaml", 3)],
        ),
        ("stacks/environments/dev.yaml", "limits:\n  max_nodes: 9\n", []),
        (
            "stacks/environments/new.yaml",
            "limits: {}",
            [("limit", "new environment", "stacks/environments/new.yaml", 1)],
        ),
        (
            "quantos/environment/settings/limits.py",
            "SHARE = 0.5\n",
            [
                ("reading", "SHARE, nothing becomes 0.5", "quantos/environment/settings/limits.py", 1),
                ("reading", "limits.py is added", "quantos/environment/settings/limits.py", 1),
            ],
        ),
        (
            "quantos/policy/rules.py",
            RULE.replace("len", "min"),
            [
                ("rule", "pool-ceiling is changed", "quantos/policy/rules.py", 1),
                ("packs", "quantos/policy/rules.py is changed", "quantos/policy/rules.py", 1),
            ],
        ),
        (
            "quantos/policy/rules.py",
            RULE.replace('Rule(name="private-buckets", complaints=print), ', ""),
            [
                ("rule", "private-buckets is removed", "quantos/policy/rules.py", 1),
                ("packs", "quantos/policy/rules.py is changed", "quantos/policy/rules.py", 1),
            ],
        ),
    ],
)
def test_what_guards_is_named_with_its_place(
    tmp_path: Path, path: str, text: str | None, said: list[tuple[str, str, str, int]]
) -> None:
    found = changes(tmp_path, {path: text})
    assert [(each.guard, each.place.path, each.place.line) for each in found] == [
        (guard, at, line) for guard, _, at, line in said
    ]
    assert all(what in each.what for each, (_, what, _, _) in zip(found, said, strict=True))


def test_approvers_are_those_of_the_base_whatever_the_head_says(tmp_path: Path) -> None:
    changed = {".github/CODEOWNERS": "* @me\n", "quantos/policy/rules.py": ""}
    found = {each.what: each.approvers for each in changes(tmp_path, changed)}
    assert found["private-buckets is removed"] == ("@security",)
    assert found[".github/CODEOWNERS is changed"] == ("@all",)


def test_what_the_packs_really_register_counts_beside_what_is_declared(tmp_path: Path) -> None:
    dropped = make_environment(rules=(CEILING,), base_rules=(CEILING, PRIVATE))
    lowered = make_environment(
        rules=(CEILING, type(PRIVATE)(pack=PRIVATE.pack, name=PRIVATE.name, description="", level="advisory")),
        base_rules=(CEILING, PRIVATE),
    )
    same = tree(tmp_path / "head", {})
    for environment, said in ((dropped, "is registered by no pack any more"), (lowered, "becomes advisory")):
        (change,) = guard_changes(same, tree(tmp_path / "base", {}), [environment, environment])
        assert change.what.startswith(f"private-buckets {said}")


def test_the_same_tree_changes_nothing(tmp_path: Path) -> None:
    assert changes(tmp_path, {}) == ()
