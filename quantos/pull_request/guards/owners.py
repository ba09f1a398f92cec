"""Who has to approve a change of a file, as CODEOWNERS states it: the last pattern that fits counts.

Patterns are those of GitHub's CODEOWNERS (its documentation, "About code owners"): `*`, `**`, a leading `/` for the
root, a trailing `/` for everything below. A pattern without owners names nobody.
"""

import re
from dataclasses import dataclass

FILE = ".github/CODEOWNERS"


@dataclass(frozen=True)
class _Line:
    pattern: re.Pattern[str]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class CodeOwners:
    """What one CODEOWNERS file says; an empty text names nobody for anything."""

    text: str

    def of(self, path: str) -> tuple[str, ...]:
        """Who approves changes of a file, by its path from the root with `/`."""
        fitting = [line.owners for line in _lines(self.text) if line.pattern.fullmatch(path)]
        return fitting[-1] if fitting else ()


def _lines(text: str) -> list[_Line]:
    lines = (re.split(r"(?<!\\)#", line, maxsplit=1)[0].split() for line in text.splitlines())
    return [_Line(re.compile(_expression(words[0])), tuple(words[1:])) for words in lines if words]


def _expression(pattern: str) -> str:
    """A pattern as a regular expression of whole paths."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    parts = (_PARTS.get(part, re.escape(part)) for part in re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", body))
    below = "/.+" if pattern.endswith("/") else "(?:/.+)?"
    last = body.rpartition("/")[2]
    if anchored and "*" in last and not pattern.endswith("/"):
        below = ""
    return f"{'' if anchored else '(?:.+/)?'}{''.join(parts)}{below}"


_PARTS = {"**/": "(?:.+/)?", "/**": "/.+", "**": ".*", "*": "[^/]*", "?": "[^/]"}
