"""Wildcards as IAM reads them: `*` stands for any text, `?` for one character, `${...}` for what a request says.

`${*}`, `${?}` and `${$}` stand for the characters themselves; nothing else is special.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re

_MARKED = re.compile(r"\$\{[*?$]\}|(?P<wildcard>[*?]|\$\{[^}]*\}?)")


def is_pattern(text: str) -> bool:
    """Whether a text has a wildcard or a variable."""
    return len(literal_head(text)) < len(text)


def literal_head(text: str) -> str:
    """What stands before the first wildcard or variable."""
    first = next((mark.start() for mark in _MARKED.finditer(text) if mark["wildcard"]), len(text))
    return text[:first]


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern stands for a text; capitals count."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
