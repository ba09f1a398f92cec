"""What somebody may have meant who wrote something near to it."""

import difflib
from collections.abc import Iterable
from typing import Final

_NEAR: Final = 0.6


def suggestion(word: str, words: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest of some words; empty where none is near."""
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=_NEAR)
    return f"; did you mean {near[0]}?" if near else ""
