"""Defaults and bounds of environment files that a change states otherwise."""

from pathlib import Path

import pytest

from quantos.pull_request.guards.defaults import changed_defaults
from tests.support.source_trees import write_tree

FILE = "quantos/environment/settings/limits.py"
TEXT = '''"""Limits."""
KINDS = frozenset({"a"})


class Limits(Settings):
    """What is held."""

    nodes: int = Field(ge=1, le=30)
    share: float = 0.25
    name: str

    def rule(self) -> int:
        local = 1
        return local
'''


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.25", "0.5", [("Limits.share, 0.25 (float) becomes 0.5 (float)", 9)]),
        ("le=30", "le=90", [("Limits.nodes, Field(ge=1, le=30) (int) becomes Field(ge=1, le=90) (int)", 8)]),
        ("name: str\n", "name: str = 'x'\n", [("Limits.name, no default (str) becomes 'x' (str)", 10)]),
        ("    share: float = 0.25\n", "", [("Limits.share, 0.25 (float) becomes nothing", 9)]),
        ('{"a"}', '{"a", "b"}', [("KINDS, frozenset({'a'}) becomes frozenset({'a', 'b'})", 2)]),
        ("What is held.", "Other words.", []),
        ("local = 1", "local = 2", []),
    ],
)
def test_what_is_stated_otherwise_is_told_with_both_values(
    tmp_path: Path, old: str, new: str, said: list[tuple[str, int]]
) -> None:
    assert old in TEXT
    base = write_tree(tmp_path / "base", {FILE: TEXT})
    head = write_tree(tmp_path / "head", {FILE: TEXT.replace(old, new)})
    changes = list(changed_defaults(head, base))
    assert [(what, place.line) for what, place in changes] == said
    assert {place.path for _, place in changes} <= {FILE}


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    base, head = (write_tree(tmp_path / name, {FILE: f"X = {'x' * 500 + name!r}\n"}) for name in ("base", "head"))
    ((what, _),) = changed_defaults(head, base)
    assert len(what) < 300
