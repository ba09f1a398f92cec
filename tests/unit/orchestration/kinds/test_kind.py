"""Kinds are found by their files."""

from pathlib import Path

from quantos.orchestration.kinds import kind as module
from quantos.orchestration.kinds.kind import kinds


def test_each_file_that_holds_a_kind_is_one() -> None:
    folder = Path(module.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if "\nKIND = " in path.read_text(encoding="utf-8")}
    assert files == set(kinds())
    assert {name: each.name for name, each in kinds().items()} == {name: name for name in files}
