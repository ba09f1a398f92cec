"""YAML as people mean it: plain values with the places they stand at, and every reading that could surprise refused.

Values are those of YAML 1.2 (core schema), which JSON is a part of. What YAML 1.1, and so most readers in Python, takes
for something else is refused and has to be quoted: `yes`, `16:00` (960), `0755` (493), `1_000`. So are a key that
stands twice, anchors, aliases, tags and merge keys. A date stays the text that it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import yaml

from quantos.faults import Fault, FaultPath, Position

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str | int | float | bool | None, Plain] | None"

_NULL: Final = re.compile(r"|~|null|Null|NULL")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER: Final = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TRUTH: Final = re.compile(r"yes|no|on|off|y|n", re.IGNORECASE)
_CLOCK: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
_OLD_NUMBER: Final = re.compile(
    r"[-+]?(0[0-9_]+(\.[0-9_]*)?|0o[0-7]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?)", re.ASCII
)
_MOST_DIGITS: Final = 4000
_RESOLVER: Final = yaml.resolver.Resolver()


@dataclass(frozen=True)
class YamlDocument:
    """What a text holds.

    Attributes:
        value: of keys that stand twice the first.
        places: by path, where each value begins.
        faults: what had to be refused while reading; empty where all is well.
    """

    value: Plain
    places: Mapping[FaultPath, Position]
    faults: tuple[Fault, ...]

    def place(self, path: FaultPath) -> Position | None:
        """Where a value stands, or the nearest that holds it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


def read_yaml(text: str) -> YamlDocument:
    """The one document in a text. Nothing is raised: what is no YAML at all is a fault too."""
    reading = _Reading({}, [])
    try:
        root = yaml.compose(text, Loader=_Nodes)
        value = None if root is None else reading.value(root, ())
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = None if mark is None else Position(mark.line + 1, mark.column + 1)
        return YamlDocument(None, {}, (Fault((), _said(exc), place),))
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        column = exc.position - text.rfind("\n", 0, exc.position)
        return YamlDocument(None, {}, (Fault((), f"is not YAML: {exc.reason}", Position(line, column)),))
    except RecursionError:
        return YamlDocument(None, {}, (Fault((), "is not YAML that can be read: it is nested too deeply"),))
    return YamlDocument(value, reading.places, tuple(reading.faults))


def _said(error: yaml.MarkedYAMLError) -> str:
    message = ", ".join(part for part in (error.context, error.problem) if part)
    return message if isinstance(error, _AnchorError) else f"is not YAML: {message}"


class _AnchorError(yaml.composer.ComposerError):
    """A node has a name, or is one of another node."""


class _Nodes(yaml.SafeLoader):
    """Composes nodes without anchors: an alias would be a value that stands where nobody sees it."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            sign = f"*{event.anchor}" if isinstance(event, yaml.AliasEvent) else f"&{event.anchor}"
            problem = f"{sign} is not read here: write the value out where it belongs"
            raise _AnchorError(problem=problem, problem_mark=cast("yaml.Mark", event.start_mark))
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class _Reading:
    places: dict[FaultPath, Position]
    faults: list[Fault]

    def value(self, node: yaml.Node, path: FaultPath) -> Plain:
        self.places[path] = _position(node)
        implicit = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
        if not isinstance(node, yaml.ScalarNode) and node.tag not in implicit:
            self._fault(path, f"a tag ({node.tag}) is not read here: write the plain value", node)
        if isinstance(node, yaml.MappingNode):
            return dict(self._members(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None

    def _members(
        self, node: yaml.MappingNode, path: FaultPath
    ) -> Iterator[tuple[str | int | float | bool | None, Plain]]:
        first: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(path, "a key must be a plain word, not a list or a mapping", key_node)
                continue
            key = self._key(key_node, path)
            if str(key) in first:
                line = first[str(key)].start_mark.line + 1
                self._fault((*path, str(key)), f"key {key_node.value!r} stands twice, first in line {line}", key_node)
                continue
            first[str(key)] = key_node
            inner = (*path, str(key))
            value = self.value(value_node, inner)
            self.places[inner] = _position(key_node)
            yield key, value

    def _key(self, node: yaml.ScalarNode, path: FaultPath) -> str | int | float | bool | None:
        if node.value == "<<" and node.style is None:
            self._fault(path, "a merge key (<<) is not read here: write the values out", node)
        key = self._scalar(node, (*path, node.value))
        return key if isinstance(key, str | int | float | bool | None) else str(key)

    def _scalar(self, node: yaml.ScalarNode, path: FaultPath) -> Plain:
        text = node.value
        if node.style is not None and node.tag == "tag:yaml.org,2002:str":
            return text
        if _is_tagged(node):
            self._fault(path, f"a tag ({node.tag}) is not read here: write the plain value", node)
            return text
        if surprise := _surprise(text):
            self._fault(path, surprise, node)
            return text
        return _plain(text)

    def _fault(self, path: FaultPath, message: str, node: yaml.Node) -> None:
        self.faults.append(Fault(path, message, _position(node)))


def _is_tagged(node: yaml.ScalarNode) -> bool:
    """Whether the text carries a tag of its own: PyYAML resolves every plain scalar to one that its value has."""
    if node.style is None:
        return node.tag != _RESOLVER.resolve(yaml.ScalarNode, node.value, (True, False))
    return node.tag != "tag:yaml.org,2002:str"


def _surprise(text: str) -> str | None:
    """Why a plain scalar has to be quoted or written otherwise."""
    if _TRUTH.fullmatch(text):
        return f"{text} is true or false to some readers of YAML and a word to others: write true or false, or quote it"
    if _CLOCK.fullmatch(text):
        return f'{text} without quotes is a number to base 60 to some readers of YAML: write it in quotes, "{text}"'
    if _OLD_NUMBER.fullmatch(text):
        return f'{text} is read as different numbers by readers of YAML: write a plain number, or quote it, "{text}"'
    return None


def _plain(text: str) -> Plain:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _NO_NUMBER.fullmatch(text):
        return float(f"{match[1] or ''}{match[2] or match[3]}")
    return text


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
