"""Tables that the project carries as CSV files with a heading."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from quantos.errors import CatalogError, QuantosError
from quantos.translation import Vendor, translated

T = TypeVar("T")
_TABLE: Final = Vendor(raises=(OSError, KeyError, ValueError), reason=lambda error: f"{type(error).__name__}: {error}")


def read_table(
    path: Path, row: Callable[[Mapping[str, str]], T], *, remedy: str, into: type[QuantosError] = CatalogError
) -> tuple[T, ...]:
    """What `row` makes of each line, by the names in the heading.

    Raises `into` when the file cannot be read, or a line is not as `row` takes it, which it tells by KeyError or
    ValueError.
    """
    with (
        translated(_TABLE, into=into, what=f"{path} cannot be read", remedy=remedy),
        path.open(encoding="utf-8", newline="") as file,
    ):
        return tuple(row(line) for line in csv.DictReader(file))
