"""What somebody may have meant who wrote something near to it."""

import difflib
import heapq
from collections.abc import Collection
from typing import Final

MOST_SUGGESTED: Final = 24
"""Of many names that are unknown, suggestions are looked for to the first: each costs a comparison with all."""
_NEAR: Final = 0.6
_COMPARED: Final = 16
_LONGEST: Final = 200


def suggestion(word: str, words: Collection[str]) -> str:
    """`; did you mean …?` for the nearest of some words; empty where none is near.

    Of many words only those are compared letter by letter that begin and end most alike.
    """
    if len(word) > _LONGEST:
        return ""
    if len(words) > _COMPARED:
        words = heapq.nlargest(_COMPARED, words, key=lambda each: _ends_alike(word, each))
    near = difflib.get_close_matches(word, words, n=1, cutoff=_NEAR)
    return f"; did you mean {near[0]}?" if near else ""


def _ends_alike(first: str, second: str) -> int:
    """How many letters two words share at their beginnings and ends."""
    return _begin_alike(first, second) + _begin_alike(first[::-1], second[::-1])


def _begin_alike(first: str, second: str) -> int:
    return next((number for number, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
