"""One token for each type of resource: what a provider still takes by an older or a second name has one name here.

`aws:alb/loadBalancer:LoadBalancer` is `aws:lb/loadBalancer:LoadBalancer`. The table is made of the provider's SDK: the
aliases that it declares, and modules that are copies of another; a test holds it against the SDK.
"""

import csv
import functools
from collections.abc import Mapping
from pathlib import Path

from quantos.catalog.catalog import DATA
from quantos.errors import CatalogError

FILE = "type_aliases.csv"


def canonical_type(token: str) -> str:
    """The one token of a type; a token that has no other is its own."""
    return type_aliases().get(token, token)


@functools.cache
def type_aliases(data: Path = DATA) -> Mapping[str, str]:
    """The one token by each of its other names. Raises CatalogError when the file cannot be read."""
    try:
        with (data / FILE).open(encoding="utf-8", newline="") as file:
            return {row["alias"]: row["type"] for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as exc:
        raise CatalogError(
            f"{data / FILE} cannot be read: {type(exc).__name__}: {exc}",
            remedy="restore it: a line is an alias and the type that it is",
        ) from exc
