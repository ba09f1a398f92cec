"""Tables of the project, read line by line."""

from pathlib import Path

import pytest

from quantos.catalog.tables import read_table
from quantos.errors import CatalogError, SettingsError


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_read_by_the_names_of_the_heading(tmp_path: Path) -> None:
    path = table(tmp_path, 'name,count\na,1\n"b, c",2\n')
    assert read_table(path, lambda row: (row["name"], int(row["count"])), remedy="-") == (("a", 1), ("b, c", 2))


@pytest.mark.parametrize("text", ["other\n1\n", "count\nmany\n"])
@pytest.mark.parametrize("error", [CatalogError, SettingsError])
def test_what_does_not_fit_is_refused_with_file_reason_and_remedy(tmp_path: Path, text: str, error: type) -> None:
    path = table(tmp_path, text)
    with pytest.raises(error, match=rf"{path} cannot be read: (KeyError|ValueError)") as refused:
        read_table(path, lambda row: int(row["count"]), remedy="count", into=error)
    assert refused.value.remedy == "count"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="FileNotFoundError"):
        read_table(tmp_path / "none.csv", dict, remedy="-")
