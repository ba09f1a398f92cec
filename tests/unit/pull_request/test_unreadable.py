"""Files that nobody can read are refused by name, wherever they stand."""

from pathlib import Path

import pytest

from quantos.pull_request.unreadable import unreadable_files
from tests.support.source_trees import write_tree


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        pytest.param("quantos/policy/__pycache__/rules.cpython-311.pyc", "", "check/compiled-code", id="pyc"),
        pytest.param("docs/out/x.PYO", "", "check/compiled-code", id="pyo-in-capitals"),
        pytest.param("yaml.abi3.so", "", "check/compiled-code", id="extension"),
        pytest.param("lib/libx.so.1.2", "", "check/compiled-code", id="library-with-a-version"),
        pytest.param(".venv/lib/site-packages/a.pth", "", "check/compiled-code", id="pth"),
        pytest.param("a.egg-link", "", "check/compiled-code", id="egg-link"),
        pytest.param("quantos/policy/broken.py", "def (:", "check/unreadable", id="a-rule"),
        pytest.param("stacks/control.py", "imp ort x", "check/unreadable", id="a-program"),
        pytest.param("tests/conftest.py", "x = 1\0", "check/unreadable", id="a-test"),
        pytest.param("quantos/policy/rules.py", "x = 1", None, id="a-module"),
        pytest.param("docs/a.so.md", "", None, id="a-document"),
        pytest.param("docs/so", "(", None, id="no-suffix"),
    ],
)
def test_compiled_and_broken_code_is_refused(tmp_path: Path, path: str, content: str, said: str | None) -> None:
    refusals = list(unreadable_files(write_tree(tmp_path, {path: content, "README.md": ""})))
    assert [(refusal.rule, refusal.place.path, refusal.level) for refusal in refusals] == (
        [(said, path, "mandatory")] if said else []
    )
    assert all(path in refusal.message for refusal in refusals)


def test_the_line_is_that_of_the_fault(tmp_path: Path) -> None:
    (refusal,) = unreadable_files(write_tree(tmp_path, {"stacks/control.py": "x = 1\n\n\ndef (:\n"}))
    assert refusal.place.line == 4


def test_only_files_that_are_listed_are_the_projects(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"a.pyc": "", "b.pyc": ""})
    listed = type(tree)(tree.root, frozenset({"b.pyc"}))
    assert [refusal.place.path for refusal in unreadable_files(listed)] == ["b.pyc"]
