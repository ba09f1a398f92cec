"""Until when AWS supports a version at the common price, and until when for more, from a dated file."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from quantos.catalog.catalog import DATA
from quantos.catalog.tables import read_table
from quantos.errors import CatalogError

FILE = "support_ends.csv"


@dataclass(frozen=True, kw_only=True)
class Support:
    """Support of a version: from `standard_until` on it costs more, from `extended_until` there is none.

    AWS bills extended support from the beginning of the day on which standard support ends, in UTC.
    """

    standard_until: date
    extended_until: date


def support_of(product: str, version: str) -> Support:
    """Support of a version of `eks` or `rds-postgres`. Raises CatalogError for a version of which nothing is known."""
    support = support_ends().get((product, version))
    if support is None:
        raise CatalogError(
            f"nobody has said until when AWS supports {product} {version}",
            remedy=f"add its days from AWS's release calendar to quantos/catalog/data/{FILE}",
        )
    return support


@functools.cache
def support_ends(data: Path = DATA) -> Mapping[tuple[str, str], Support]:
    """Support by product and version. Raises CatalogError when the file cannot be read."""
    remedy = "give each line product, version and the days on which its support ends"
    return dict(read_table(data / FILE, _support, remedy=remedy))


def _support(row: Mapping[str, str]) -> tuple[tuple[str, str], Support]:
    days = {name: date.fromisoformat(row[name]) for name in ("standard_until", "extended_until")}
    return (row["product"], row["version"]), Support(**days)
