"""Files that guard the project."""

from pathlib import Path

from quantos.pull_request.guards.files import GUARDED_FILES, changed_files
from tests.support.source_trees import write_tree

ROOT = Path(__file__).resolve().parents[4]


def test_every_place_that_is_guarded_is_there() -> None:
    places = [place for places in GUARDED_FILES.values() for place in places]
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_what_became_of_each_file_is_said_once_and_by_the_first_guard_that_holds_it(tmp_path: Path) -> None:
    base = write_tree(tmp_path / "base", {"quantos/policy/a.py": "1", "Makefile": "1", "uv.lock": "1", "other": "1"})
    head = write_tree(
        tmp_path / "head", {"quantos/policy/a.py": "2", "Makefile": "1", "scripts/new.py": "", "other": "2"}
    )
    assert list(changed_files(head, base)) == [
        ("packs", "quantos/policy/a.py", "changed"),
        ("workflow", "scripts/new.py", "added"),
        ("workflow", "uv.lock", "removed"),
    ]
