"""CEL, as far as it tells whether a namespace that may be missing is asked for before it is read."""

import re
from collections.abc import Callable
from functools import reduce
from typing import Final

_STRING: Final = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_COMMENT: Final = re.compile(r"//[^\n]*")
_SPACE: Final = re.compile(r"\s*([^\w\s])\s*")
_INDEX: Final = re.compile(r"\[\s*(?:\"(\w+)\"|'(\w+)')\s*\]")
_READ: Final = re.compile(r"\b(request\.namespace|object\.metadata\.namespace|namespaceObject)\b")
_THERE: Final = re.compile(r"has\((request\.namespace|object\.metadata\.namespace)\)|(namespaceObject)!=null")
_NULL: Final = re.compile(r"(namespaceObject)==null")
_OPENING, _CLOSING = "([{", ")]}"
_Known = frozenset[str]


def reads_unguarded(expression: str) -> bool:
    """Whether an expression reads the namespace of a request, which one for an object of the cluster has not."""
    return _fails(_SPACE.sub(r"\1", _plain(expression)), frozenset())


def conjuncts(expression: str) -> list[str]:
    """What has to hold together for an expression to hold, as it is written."""
    bare = _bare(expression)
    parts = _split(bare, "&&")
    if len(parts) == 1 or len(_split(bare, "||")) > 1 or len(_split(bare, "?")) > 1:
        return [bare]
    return [inner for each in parts for inner in conjuncts(each)]


def _plain(expression: str) -> str:
    """Members by index as members by name, texts and comments emptied."""
    dotted = _INDEX.sub(lambda match: f".{match[1] or match[2]}", expression)
    return _COMMENT.sub("", _STRING.sub('""', dotted))


def _fails(source: str, known: _Known) -> bool:
    """Whether an expression reads what is not `known` to be there."""
    source = _bare(source)
    condition, *branches = _split(source, "?")
    if branches and (sides := _split("?".join(branches), ":"))[1:]:
        first, rest = sides[0], ":".join(sides[1:])
        return (
            _fails(condition, known)
            or _fails(first, known | _there(condition))
            or _fails(rest, known | _gone(condition))
        )
    for operator, after in (("||", _gone), ("&&", _there)):
        if len(parts := _split(source, operator)) > 1:
            return _one_fails(parts, known, after)
    if source.startswith("!"):
        return _fails(source[1:], known)
    if _THERE.fullmatch(source) or _NULL.fullmatch(source):
        return False
    outer, inner = _groups(source)
    return any(each not in known for each in _READ.findall(outer)) or any(_fails(each, known) for each in inner)


def _one_fails(parts: list[str], known: _Known, after: Callable[[str], _Known]) -> bool:
    for each in parts:
        if _fails(each, known):
            return True
        known |= after(each)
    return False


def _there(source: str) -> _Known:
    """What is there where an expression holds."""
    return _known_there(source, holds=True)


def _gone(source: str) -> _Known:
    """What is there where an expression does not hold."""
    return _known_there(source, holds=False)


def _known_there(source: str, *, holds: bool) -> _Known:
    source = _bare(source)
    if len(_split(source, "?")) > 1:
        return frozenset()
    for operator, together in (("||", not holds), ("&&", holds)):
        if len(parts := _split(source, operator)) > 1:
            known = [_known_there(each, holds=holds) for each in parts]
            return frozenset().union(*known) if together else reduce(frozenset.intersection, known)
    if source.startswith("!"):
        return _known_there(source[1:], holds=not holds)
    match = (_THERE if holds else _NULL).fullmatch(source)
    return frozenset(each for each in match.groups() if each) if match else frozenset()


def _bare(source: str) -> str:
    """An expression without the parentheses around all of it."""
    source = source.strip()
    while source.startswith("(") and _end(source, 0) == len(source) - 1:
        source = source[1:-1].strip()
    return source


def _end(source: str, start: int) -> int:
    """Where the bracket that opens at `start` closes."""
    depth = 0
    for position in range(start, len(source)):
        depth += (source[position] in _OPENING) - (source[position] in _CLOSING)
        if depth == 0:
            return position
    return len(source)


def _split(source: str, operator: str) -> list[str]:
    """Parts between an operator outside all brackets; the optional `.?` is none."""
    parts, depth, start, position = list[str](), 0, 0, 0
    while position < len(source):
        depth += (source[position] in _OPENING) - (source[position] in _CLOSING)
        if depth == 0 and source.startswith(operator, position) and source[position - 1 : position] not in {".", "["}:
            parts.append(source[start:position])
            start = position = position + len(operator)
        else:
            position += 1
    return [*parts, source[start:]]


def _groups(source: str) -> tuple[str, list[str]]:
    """A text without what stands in brackets, and that, split at commas."""
    outer, inner, position = "", list[str](), 0
    while position < len(source):
        if source[position] in _OPENING:
            end = _end(source, position)
            inner += _split(source[position + 1 : end], ",")
            position = end
        else:
            outer += source[position]
        position += 1
    return outer, [each for each in inner if each]
