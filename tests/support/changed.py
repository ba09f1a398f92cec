"""Nested plain values with one thing changed, so that a test states what it breaks and nothing else."""

import copy
from collections.abc import Mapping
from typing import Any

ABSENT = object()


def changed(values: Mapping[str, object], path: str, new: object) -> dict[str, object]:
    """A deep copy with what stands at a dotted path replaced, or removed for ABSENT; a number is an index."""
    result = copy.deepcopy(dict(values))
    *parents, last = path.split(".")
    place: Any = result
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    key = int(last) if isinstance(place, list) else last
    if new is ABSENT:
        del place[key]
    else:
        place[key] = new
    return result
