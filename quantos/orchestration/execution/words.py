"""What programs and engines say, made fit to be told: to people's terminals, and in messages of bounded size."""

import re
from typing import Final

MOST_CHARACTERS: Final = 1_000
CUT: Final = " … (cut)"
_REPLACEMENT: Final = "\ufffd"
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""All that steers a terminal but the tab, what turns the direction of writing, and halves of characters."""


def printable(text: str) -> str:
    """A line without anything that a terminal acts upon."""
    return _UNPRINTABLE.sub(_REPLACEMENT, text)


def bounded(text: str) -> str:
    """A line that fits into any message, its end marked where it was cut. Bounding it again changes nothing."""
    kept = text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - len(CUT)] + CUT
    return printable(kept)
