"""Wildcards as IAM reads them: `*` stands for any text, `?` for one character, and nothing else is special."""

import re

WILDCARDS = frozenset("*?")


def is_pattern(text: str) -> bool:
    """Whether a text has a wildcard."""
    return bool(WILDCARDS & set(text))


def literal_head(text: str) -> str:
    """What stands before the first wildcard."""
    return re.split(r"[*?]", text, maxsplit=1)[0]


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern stands for a text; capitals count."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
