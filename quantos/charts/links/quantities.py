"""Kubernetes quantities as numbers."""

import re
from typing import Final

from quantos.charts.documents import Json
from quantos.errors import ChartsError

_UNITS: Final = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "Ki": 2.0**10, "Mi": 2.0**20,
    "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)")


def amount(quantity: Json) -> float:
    """The number that a quantity means, in cores, bytes or pieces; 0 for none. Raises ChartsError for other text."""
    if quantity is None:
        return 0.0
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None or match[2] not in _UNITS:
        raise ChartsError(f"{quantity!r} is no quantity of Kubernetes", remedy="write it like 500m, 2 or 10Gi")
    return float(match[1]) * _UNITS[match[2]]
