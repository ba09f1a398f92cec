"""Until when AWS supports a version at the common price, and until when for more, from a dated file."""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from quantos.catalog.catalog import DATA
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
    try:
        with (data / FILE).open(encoding="utf-8", newline="") as file:
            return {
                (row["product"], row["version"]): Support(
                    standard_until=date.fromisoformat(row["standard_until"]),
                    extended_until=date.fromisoformat(row["extended_until"]),
                )
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, ValueError) as exc:
        raise CatalogError(
            f"{data / FILE} cannot be read: {type(exc).__name__}: {exc}",
            remedy="give each line product, version and the days on which its support ends",
        ) from exc
