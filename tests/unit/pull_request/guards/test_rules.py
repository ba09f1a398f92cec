"""The rules that sources declare, and what a change of them is."""

from pathlib import Path

import pytest

from quantos.policy.config import COST_RULES, SECURITY_RULES
from quantos.policy.cost.increase import COST_INCREASE
from quantos.pull_request.guards.rules import declared_rules
from quantos.pull_request.sources import SourceTree
from tests.support.source_trees import write_tree

ROOT = Path(__file__).resolve().parents[4]
EXPOSURE = '''"""Exposure."""
from quantos.policy.values import is_true
import quantos.policy.words as words

LIMIT = 8


def _open(resource):
    """Open."""
    if is_true(resource) and LIMIT > 7:
        yield words.OPEN


def _other(resource):
    yield "other"


def _rule(name, what):
    return Rule(name=name, description=what, complaints=_other)


RULES = (
    Rule(name="bucket-private", complaints=_open),
    _rule("queue-private", "Queues are private-ish."),
    _rule("topic-private", "Topics are."),
)
'''
FILES = {
    "quantos/__init__.py": "",
    "quantos/policy/__init__.py": "",
    "quantos/policy/exposure.py": EXPOSURE,
    "quantos/policy/values.py": "from quantos.depth import DEEP\n\ndef is_true(value):\n    return value is DEEP\n",
    "quantos/policy/words.py": 'OPEN = "open"\n',
    "quantos/depth.py": "DEEP = True\nUNUSED = 1\n",
}


def digests(root: Path, **changed: str) -> dict[str, str]:
    return {name: rule.digest for name, rule in declared_rules(write_tree(root, {**FILES, **changed})).items()}


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        pytest.param("quantos/policy/exposure.py", "LIMIT = 8", "LIMIT = 9", {"bucket-private"}, id="a-constant"),
        pytest.param(
            "quantos/policy/exposure.py", "complaints=_open", "complaints=_other", {"bucket-private"}, id="own"
        ),
        pytest.param("quantos/policy/values.py", "is DEEP", "is not DEEP", {"bucket-private"}, id="another-module"),
        pytest.param("quantos/depth.py", "DEEP = True", "DEEP = False", {"bucket-private"}, id="another-room"),
        pytest.param("quantos/policy/words.py", '"open"', '""', {"bucket-private"}, id="a-module-by-name"),
        pytest.param(
            "quantos/policy/exposure.py",
            'yield "other"',
            "yield from ()",
            {"queue-private", "topic-private"},
            id="maker",
        ),
        pytest.param("quantos/policy/exposure.py", "Topics are.", "T.", {"topic-private"}, id="what-a-maker-is-given"),
        pytest.param("quantos/policy/exposure.py", '"""Open."""', '"""Closed."""', set(), id="documentation"),
        pytest.param("quantos/policy/exposure.py", "LIMIT = 8", "LIMIT = 8  # eight", set(), id="a-comment"),
        pytest.param("quantos/depth.py", "UNUSED = 1", "UNUSED = 2", set(), id="what-no-rule-reads"),
    ],
)
def test_a_rule_changes_with_everything_that_it_says(
    tmp_path: Path, file: str, old: str, new: str, changed: set[str]
) -> None:
    before = digests(tmp_path / "base")
    after = digests(tmp_path / "head", **{file: FILES[file].replace(old, new)})
    assert set(before) == set(after) == {"bucket-private", "queue-private", "topic-private"}
    assert {name for name in before if before[name] != after[name]} == changed


def test_every_rule_of_the_project_is_found_and_nothing_else() -> None:
    assert set(declared_rules(SourceTree(ROOT))) == {*COST_RULES, *SECURITY_RULES, COST_INCREASE.name}
