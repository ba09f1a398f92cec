"""Types of resource for which nobody bills, each with the reason, from a file the project carries."""

import functools
from collections.abc import Mapping
from pathlib import Path

from quantos.catalog.catalog import DATA
from quantos.catalog.tables import read_table
from quantos.catalog.type_tokens import canonical_type
from quantos.errors import CatalogError

FILE = "free_types.csv"


@functools.cache
def free_types(data: Path = DATA) -> Mapping[str, str]:
    """Why a type costs nothing, by token; a token that ends in `*` stands for all that begin so.

    Raises CatalogError when the file cannot be read, or gives no reason.
    """
    return listed_types(data / FILE)


def listed_types(path: Path) -> Mapping[str, str]:
    """Reasons by type, from a file with a line each. Raises CatalogError when it cannot be read, or gives no reason."""
    remedy = "give each line a type and the reason why it is listed"
    listed = dict(read_table(path, lambda row: (row["type"], (row["reason"] or "").strip()), remedy=remedy))
    if bare := sorted(kind for kind, reason in listed.items() if not reason):
        raise CatalogError(f"{path.name} gives no reason for {', '.join(bare)}", remedy=remedy)
    return listed


def is_free(kind: str) -> bool:
    """Whether a type, by any of its tokens, is listed as free: by itself or by the beginning of its token."""
    listed, token = free_types(), canonical_type(kind)
    return token in listed or any(token.startswith(begin[:-1]) for begin in listed if begin.endswith("*"))
