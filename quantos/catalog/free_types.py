"""Types of resource for which nobody bills, each with the reason, from a file the project carries."""

import csv
import functools
from collections.abc import Mapping
from pathlib import Path

from quantos.catalog.catalog import DATA
from quantos.catalog.type_tokens import canonical_type
from quantos.errors import CatalogError

FILE = "free_types.csv"
REMEDY = "give each line a type and the reason why it costs nothing"


@functools.cache
def free_types(data: Path = DATA) -> Mapping[str, str]:
    """Why a type costs nothing, by token; a token that ends in `*` stands for all that begin so.

    Raises CatalogError when the file cannot be read, or gives no reason.
    """
    try:
        with (data / FILE).open(encoding="utf-8", newline="") as file:
            listed = {row["type"]: (row["reason"] or "").strip() for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as exc:
        raise CatalogError(f"{data / FILE} cannot be read: {type(exc).__name__}: {exc}", remedy=REMEDY) from exc
    if bare := sorted(kind for kind, reason in listed.items() if not reason):
        raise CatalogError(f"{FILE} gives no reason for {', '.join(bare)}", remedy=REMEDY)
    return listed


def is_free(kind: str) -> bool:
    """Whether a type, by any of its tokens, is listed as free: by itself or by the beginning of its token."""
    listed, token = free_types(), canonical_type(kind)
    return token in listed or any(token.startswith(begin[:-1]) for begin in listed if begin.endswith("*"))
