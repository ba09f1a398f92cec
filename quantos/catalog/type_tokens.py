"""One token for each type of resource: what a provider still takes by an older or a second name has one name here.

`aws:alb/loadBalancer:LoadBalancer` is `aws:lb/loadBalancer:LoadBalancer`. The table is made of the provider's SDK: the
aliases that it declares, and modules that are copies of another; a test holds it against the SDK.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from quantos.catalog.catalog import DATA
from quantos.catalog.tables import read_table

FILE = "type_aliases.csv"


def canonical_type(token: str) -> str:
    """The one token of a type; a token that has no other is its own."""
    return type_aliases().get(token, token)


@functools.cache
def type_aliases(data: Path = DATA) -> Mapping[str, str]:
    """The one token by each of its other names. Raises CatalogError when the file cannot be read."""
    remedy = "restore it: a line is an alias and the type that it is"
    return dict(read_table(data / FILE, lambda row: (row["alias"], row["type"]), remedy=remedy))
