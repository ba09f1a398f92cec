"""Kubernetes quantities and shares as numbers."""

import re
from typing import Final

from quantos.charts.documents import Json, text
from quantos.errors import ChartsError

_UNITS: Final = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_QUANTITY = re.compile(r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")
_SHARE = re.compile(r"([0-9]+)%")


def amount(quantity: Json) -> float:
    """The number that a quantity means, in cores, bytes or pieces; 0 for none. Raises ChartsError for other text."""
    if quantity is None:
        return 0.0
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None or match[2] not in _UNITS:
        raise ChartsError(f"{quantity!r} is no quantity of Kubernetes", remedy="write it like 500m, 2 or 10Gi")
    return float(match[1]) * _UNITS[match[2]]


def share(value: Json, whole: int) -> int:
    """How many of `whole` a count or a share like 25% means; shares are rounded up. Raises ChartsError for neither."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SHARE.fullmatch(text(value))
    if match is None:
        raise ChartsError(f"{value!r} is neither a count nor a share", remedy="write it like 1 or 25%")
    return -(-whole * int(match[1]) // 100)
