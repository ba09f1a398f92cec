"""What a chart's `values.yaml` shows: every key with its default, and the keys that it shows commented out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import yaml

from quantos.charts.documents import Json
from quantos.errors import ChartsError

_COMMENTED = re.compile(r"^(?P<before> *)#(?P<after> *)(?P<key>[a-z_][\w./-]*|\"[^\"]+\"):(?P<value>\s.*)?$")
_COMMENTED_ITEM = re.compile(r"^(?P<before> *)#(?P<after> *)- ")
_PROSE = re.compile(r"^\s*(?:[A-Za-z(`'][\w()`',.-]*[,.]?\s+){3,}")
_MERGE: Final = "<<"


@dataclass(frozen=True)
class Known:
    """What a chart shows at one key.

    Attributes:
        default: the value in the file; None where it has none.
        keys: of a mapping, or of all items of a list together.
        shown: False for a key that only a comment or a template names: what it may hold nobody knows.
        partial: True where the chart of these values is not at hand, so that more keys may exist.
        copied: True where a template takes the value whole, whatever it holds.
    """

    default: Json = None
    keys: Mapping[str, "Known"] = field(default_factory=dict)
    shown: bool = True
    partial: bool = False
    copied: bool = False

    @property
    def open(self) -> bool:
        """Whether the file leaves what is in it to its reader: no value, or an empty mapping or list."""
        return self.default is None or self.default in ({}, [])


UNSHOWN: Final = Known(shown=False)


def values_file(source: str, *, name: str) -> Known:
    """The tree of a values file. Raises ChartsError where it is no YAML mapping."""
    try:
        root = yaml.compose(source, Loader=yaml.SafeLoader)
        default = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise ChartsError(f"{name} is no YAML: {error}", remedy="give the chart's own values.yaml") from error
    if root is None:
        return Known(default={})
    if not isinstance(root, yaml.MappingNode):
        raise ChartsError(f"{name} is no mapping", remedy="give the chart's own values.yaml")
    live = list(_live(root, ()))
    return with_paths(_known(default), _commented(source, live))


def with_paths(tree: Known, paths: Iterable[tuple[str, ...]]) -> Known:
    """The tree with keys that are named elsewhere: of what they hold nothing is known."""
    for path in paths:
        tree = _with_path(tree, path)
    return tree


def with_copied(tree: Known, paths: Iterable[tuple[str, ...]]) -> Known:
    """The tree with the values marked that templates take whole, as far as it has them."""
    for path in paths:
        tree = _with_copied(tree, path)
    return tree


def _with_copied(tree: Known, path: tuple[str, ...]) -> Known:
    if not path:
        return replace(tree, copied=True)
    below = tree.keys.get(path[0])
    return tree if below is None else replace(tree, keys={**tree.keys, path[0]: _with_copied(below, path[1:])})


def merged(first: Known, second: Known) -> Known:
    """Both trees in one; where both show a default, the second's counts."""
    keys = dict(first.keys)
    for name, known in second.keys.items():
        keys[name] = merged(keys[name], known) if name in keys else known
    default = second.default if second.default is not None else first.default
    return Known(
        default=default,
        keys=keys,
        shown=first.shown or second.shown,
        partial=first.partial or second.partial,
        copied=first.copied or second.copied,
    )


def _known(value: Json) -> Known:
    if isinstance(value, dict):
        return Known(value, {str(key): _known(part) for key, part in value.items()})
    if isinstance(value, list):
        together = Known()
        for part in value:
            if isinstance(part, dict):
                together = merged(together, _known(part))
        return Known(value, together.keys)
    return Known(value)


def _with_path(tree: Known, path: tuple[str, ...]) -> Known:
    if not path:
        return tree
    first, rest = path[0], path[1:]
    below = tree.keys.get(first)
    if below is None:
        if tree.default is not None and not isinstance(tree.default, dict):
            return tree
        below = UNSHOWN
    return replace(tree, keys={**tree.keys, first: _with_path(below, rest)})


@dataclass(frozen=True)
class _Place:
    line: int
    column: int
    last_line: int
    path: tuple[str, ...]
    holds_keys: bool
    empty: bool


def _live(node: yaml.Node, path: tuple[str, ...]) -> Iterator[_Place]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name = str(key.value)
        if name == _MERGE:
            continue
        nothing = isinstance(value, yaml.ScalarNode) and value.value in {"", "null", "~"}
        yield _Place(
            key.start_mark.line,
            key.start_mark.column,
            value.end_mark.line if isinstance(value, yaml.ScalarNode) else key.start_mark.line,
            (*path, name),
            nothing or isinstance(value, yaml.MappingNode),
            nothing or (isinstance(value, yaml.MappingNode) and not value.value),
        )
        yield from _live(value, (*path, name))


def _commented(source: str, live: list[_Place]) -> Iterator[tuple[str, ...]]:
    """Paths of keys that are commented out, by where their comments stand; lines within texts are no comments."""
    starts = {place.line: place for place in live}
    texts = {line for place in live for line in range(place.line + 1, place.last_line)}
    above: list[_Place] = []
    within: int | None = None
    for number, line in enumerate(source.splitlines()):
        if number in starts:
            above = [*(place for place in above if place.column < starts[number].column), starts[number]]
        match = None if number in texts else _COMMENTED.match(line) or _COMMENTED_ITEM.match(line)
        if match is None:
            within = within if line.strip().startswith("#") and number not in texts else None
            continue
        column = len(match["before"]) + max(len(match["after"]) - 1, 0)
        if within is not None and column > within:
            continue
        within = column
        if "key" in match.groupdict() and not _PROSE.match(match["value"] or ""):
            for parent in _parents(above, column):
                yield (*parent, match["key"].strip('"'))


def _parents(above: list[_Place], column: int) -> Iterator[tuple[str, ...]]:
    """Whose key a comment may be: the mapping that it is indented under, or the empty one right above it."""
    if above and above[-1].empty and above[-1].column == column:
        yield above[-1].path
    yield next((place.path for place in reversed(above) if place.column < column and place.holds_keys), ())
