"""YAML as people mean it: plain values with the places they stand at, and every reading that could surprise refused.

Values are those of YAML 1.2 (core schema), which JSON is a part of. What YAML 1.1, and so most readers in Python, takes
for something else is refused and has to be quoted: `yes`, `16:00` (960), `0755` (493), `1_000`. So are a key that
stands twice, anchors, aliases, tags and merge keys. A date stays the text that it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import yaml

from quantos.documents.json_document import read_json
from quantos.documents.places import HALF, MOST_DEEP, MOST_DIGITS, TOO_DEEP, Plain, Spot, YamlDocument, too_long, twice
from quantos.faults import MOST_COUNTED, Fault, FaultPath, Position

_NULL: Final = re.compile(r"|~|null|Null|NULL")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER: Final = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TRUTH: Final = re.compile(r"yes|no|on|off|y|n", re.IGNORECASE)
_JSON_NUMBER: Final = re.compile(r"NaN|-?Infinity")
_CLOCK: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
_OLD_NUMBER: Final = re.compile(
    r"[-+]?(0[0-9_]+(\.[0-9_]*)?|0o[0-7]+|0b[01_]+|(?=[0-9]+_)[0-9_]+(\.[0-9_]*)?)", re.ASCII
)
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_UNREADABLE: Final = yaml.reader.Reader.NON_PRINTABLE
_PARSER: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML has it: ten times as fast."""


def read_yaml(text: str) -> YamlDocument:
    """The one document in a text. Nothing is raised: what is no YAML at all is a fault too."""
    return read_json(text) or _read(text)


def _read(text: str) -> YamlDocument:
    if unreadable := _UNREADABLE.search(text):
        message = f"is not YAML: the character U+{ord(unreadable[0]):04X} may not stand in it"
        return YamlDocument(None, None, (Fault((), message, _place(text, unreadable.start())),))
    reading = _Reading([], yaml.parse(text, Loader=_PARSER))
    try:
        value, root = reading.document()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = None if mark is None else Position(mark.line + 1, mark.column + 1)
        return YamlDocument(None, None, (Fault((), _said(exc), place),))
    except (yaml.YAMLError, ValueError, OverflowError) as exc:
        return YamlDocument(None, None, (Fault((), f"is not YAML that can be read: {exc}"),))
    return YamlDocument(value, root, tuple(reading.faults))


def _said(error: yaml.MarkedYAMLError) -> str:
    message = ", ".join(part for part in (error.context, error.problem) if part)
    return message if isinstance(error, _UnreadError) else f"is not YAML: {message}"


def _place(text: str, index: int) -> Position:
    return Position(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


class _UnreadError(yaml.MarkedYAMLError):
    """YAML that is right, and not read here."""


@dataclass(frozen=True)
class _Reading:
    faults: list[Fault]
    events: Iterator[yaml.Event]

    def document(self) -> tuple[Plain, Spot | None]:
        """The value of the one document that there is, and its spot; None where there is none."""
        next(self.events)
        first = next(self.events)
        if isinstance(first, yaml.StreamEndEvent):
            return None, None
        value, root = self._value(next(self.events), ())
        next(self.events)
        if not isinstance(another := next(self.events), yaml.StreamEndEvent):
            raise _UnreadError(problem="holds a second document: one file holds one", problem_mark=_mark(another))
        return value, root

    def _value(self, event: yaml.Event, path: FaultPath) -> tuple[Plain, Spot]:
        place = _position(event)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            sign = f"*{event.anchor}" if isinstance(event, yaml.AliasEvent) else f"&{event.anchor}"
            problem = f"{sign} is not read here: write the value out where it belongs"
            raise _UnreadError(problem=problem, problem_mark=_mark(event))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path), Spot(place)
        if len(path) >= MOST_DEEP:
            raise _UnreadError(problem=TOO_DEEP, problem_mark=_mark(event))
        if tag := getattr(event, "tag", None):
            self._fault(path, f"a tag ({tag}) is not read here: write the plain value", event)
        if isinstance(event, yaml.MappingStartEvent):
            members, below = self._mapping(path)
            return members, Spot(place, below)
        items: list[Plain] = []
        spots: dict[str | int, Spot] = {}
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            item, spots[len(items)] = self._value(event, (*path, len(items)))
            items.append(item)
        return items, Spot(place, spots)

    def _mapping(self, path: FaultPath) -> tuple[Plain, dict[str | int, Spot]]:
        members: dict[str | int | float | bool | None, Plain] = {}
        spots: dict[str | int, Spot] = {}
        while not isinstance(key_event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key_event, yaml.ScalarEvent):
                self._fault(path, "a key must be a plain word, not a list or a mapping", key_event)
                self._value(key_event, (*path, "?"))
                self._value(next(self.events), (*path, "?"))
                continue
            key = self._key(key_event, path)
            inner = (*path, str(key))
            if str(key) in spots:
                self._fault(inner, twice(key_event.value, spots[str(key)].position), key_event)
                self._value(next(self.events), inner)
                continue
            members[key], spot = self._value(next(self.events), inner)
            spots[str(key)] = Spot(_position(key_event), spot.below)
        return members, spots

    def _key(self, event: yaml.ScalarEvent, path: FaultPath) -> str | int | float | bool | None:
        if event.value == "<<" and not event.style:
            self._fault(path, "a merge key (<<) is not read here: write the values out", event)
        key = self._scalar(event, (*path, event.value))
        return key if isinstance(key, str | int | float | bool | None) else str(key)

    def _scalar(self, event: yaml.ScalarEvent, path: FaultPath) -> Plain:
        text = event.value
        if event.tag is not None:
            self._fault(path, f"a tag ({event.tag}) is not read here: write the plain value", event)
            return text
        if _HALF.search(text):
            self._fault(path, HALF, event)
            text = _HALF.sub("\ufffd", text)
        if event.style:
            return text
        if surprise := _surprise(text):
            self._fault(path, surprise, event)
            return text
        return _plain(text)

    def _fault(self, path: FaultPath, message: str, event: yaml.Event) -> None:
        if len(self.faults) < MOST_COUNTED:
            self.faults.append(Fault(path, message, _position(event)))


def _surprise(text: str) -> str | None:
    """Why a plain scalar has to be quoted or written otherwise."""
    if _TRUTH.fullmatch(text):
        return f"{text} is true or false to some readers of YAML and a word to others: write true or false, or quote it"
    if _JSON_NUMBER.fullmatch(text):
        return f"{text} is no number of JSON's, though some write it: leave it out, or quote it if it is a word"
    if _CLOCK.fullmatch(text):
        return f'{text} without quotes is a number to base 60 to some readers of YAML: write it in quotes, "{text}"'
    if _OLD_NUMBER.fullmatch(text):
        return f'{text} is read as different numbers by readers of YAML: write a plain number, or quote it, "{text}"'
    if len(text) > MOST_DIGITS and _INT.fullmatch(text):
        return too_long(len(text))
    return None


def _plain(text: str) -> Plain:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _NO_NUMBER.fullmatch(text):
        return float(f"{match[1] or ''}{match[2] or match[3]}")
    return text


def _position(event: yaml.Event) -> Position:
    mark = _mark(event)
    return Position(mark.line + 1, mark.column + 1)


def _mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)
