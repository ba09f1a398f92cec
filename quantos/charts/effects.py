"""Values that change nothing of what a whole chart renders, and templates in values that the chart takes for text."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias

from quantos.charts.documents import Document, Json, items, mapping
from quantos.charts.installation import Render, Texts
from quantos.charts.values_file import Known

_OPENING: Final = "{{"
_HELM_WORDS: Final = re.compile(
    r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities)\b|(?:include|tpl|printf|template)\s)"
)
_OTHER: Final = "other"
Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Unread:
    """A value by its path, what is wrong with it, and what to do."""

    path: str
    what: str
    remedy: str


@dataclass(frozen=True)
class _Leaf:
    path: Path
    value: Json

    @property
    def name(self) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return steps.lstrip(".")


def vain_values(
    values: Document, shown: Known, render: Render, *, read: AbstractSet[str] = frozenset()
) -> Iterator[Unread]:
    """Values that are no defaults and that the chart does not read: without them, and with others, all is the same.

    Lines that differ from one rendering to the next, as made-up passwords do, are not compared. Values whose paths are
    `read` are passed over.
    """
    first = render(values)
    steady = _steady(first, render(values))
    for each in _leaves(values, ()):
        if each.name in read or _default(shown, each.path) == each.value:
            continue
        if not _same(first, render(without(values, each.path)), steady):
            continue
        if _same(first, render(_replaced(values, each.path, _changed(each.value))), steady):
            yield Unread(
                each.name,
                "the chart does not read this value: it renders the same without it, and with another",
                "take it away, or put it where the chart reads it",
            )


def stated(values: Document) -> frozenset[str]:
    """Paths of all values."""
    return frozenset(each.name for each in _leaves(values, ()))


def literal_templates(values: Document, rendering: Texts) -> Iterator[Unread]:
    """Values with a template that stands in the rendering as it was written.

    Templates of programs themselves (an alert's text, a workflow's variable) have no braces within braces, and no words
    of Helm's.
    """
    whole = "\n".join(rendering.values())
    for each in _leaves(values, ()):
        for source in _texts(each.value):
            if _is_helms(source) and any(part in whole for part in (source, source.replace('"', '\\"'))):
                yield Unread(
                    each.name,
                    "the chart does not expand this template, and renders it as it is written",
                    "write it as the program is to read it",
                )


def without(values: Document, path: Path) -> Document:
    """Values without one of them, and without the mappings that hold nothing else."""
    return mapping(_without(values, path))


def _without(value: Json, path: Path) -> Json:
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_without(each, rest) if number == first else each for number, each in enumerate(items(value))]
    members = mapping(value)
    inner = _without(members[first], rest) if rest else None
    kept: Document = {name: part for name, part in members.items() if name != first}
    return {**kept, first: inner} if inner else kept


def _replaced(value: Json, path: Path, other: Json) -> Document:
    return mapping(_with(value, path, other))


def _with(value: Json, path: Path, other: Json) -> Json:
    if not path:
        return other
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_with(each, rest, other) if number == first else each for number, each in enumerate(items(value))]
    return {**mapping(value), first: _with(mapping(value)[first], rest, other)}


def _leaves(value: Json, path: Path) -> Iterator[_Leaf]:
    """Texts, numbers, lists of these and what is empty; of mappings in lists, what they hold."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, (*path, name))
    elif isinstance(value, list) and value and all(isinstance(part, dict) and part for part in value):
        for number, part in enumerate(value):
            yield from _leaves(part, (*path, number))
    else:
        yield _Leaf(path, value)


def _default(shown: Known, path: Path) -> Json:
    for position, step in enumerate(path):
        if isinstance(step, int):
            return None
        if step not in shown.keys:
            return mapping(shown.default).get(step) if position == len(path) - 1 else None
        shown = shown.keys[step]
    return shown.default


def _changed(value: Json) -> Json:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}{_OTHER}"
        case list():
            return [*value, _changed(value[-1]) if value else _OTHER]
        case dict():
            return {**value, _OTHER: _OTHER}
    return _OTHER


def _steady(first: Texts, second: Texts) -> Mapping[str, frozenset[int]]:
    """Lines of each file that two renderings of the same have in common."""
    return {name: frozenset(_alike(source, second.get(name, ""))) for name, source in first.items()}


def _alike(first: str, second: str) -> Iterator[int]:
    for number, (ours, theirs) in enumerate(zip(first.splitlines(), second.splitlines(), strict=False)):
        if ours == theirs:
            yield number


def _same(first: Texts, other: Texts, steady: Mapping[str, frozenset[int]]) -> bool:
    """Whether two renderings are alike; one that failed is like none."""
    if first.keys() != other.keys():
        return False
    for name, source in first.items():
        if source == other[name]:
            continue
        ours, theirs = source.splitlines(), other[name].splitlines()
        if len(ours) != len(theirs) or any(ours[number] != theirs[number] for number in steady[name]):
            return False
    return True


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)


def _is_helms(source: str) -> bool:
    if _HELM_WORDS.search(source):
        return True
    opened = source.find(_OPENING)
    return opened >= 0 and 0 <= source.find(_OPENING, opened + 2) < source.find("}}", opened + 2)
