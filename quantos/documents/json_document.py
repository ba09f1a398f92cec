"""JSON as its own grammar has it: pairs of UTF-16 are one character, and keys may be of any length."""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from quantos.documents.places import HALF, MOST_DEEP, MOST_DIGITS, TOO_DEEP, Plain, Spot, YamlDocument, too_long, twice
from quantos.faults import MOST_COUNTED, Fault, FaultPath, Position

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?\d+(?P<fraction>(?:\.\d+)?(?:[eE][-+]?\d+)?)", re.ASCII)
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_DECODER: Final = json.JSONDecoder()
_WORDS: Final = {"t": (True, 4), "f": (False, 5), "n": (None, 4)}


def read_json(text: str) -> YamlDocument | None:
    """The document in a text of JSON; None where the text is none."""
    start = _behind_space(text, 0)
    if text[start : start + 1] not in {"{", "["}:
        return None
    try:
        json.loads(text, parse_int=len, parse_float=len, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    ends = [match.start() for match in re.finditer("\n", text)]
    walk = _Walk(text, ends, [])
    try:
        value, root, _ = walk.value(start, ())
    except _TooDeepError:
        return YamlDocument(None, None, (Fault((), TOO_DEEP),))
    return YamlDocument(value, root, tuple(walk.faults))


class _TooDeepError(Exception):
    """More stands within each other than is read."""


def _no_json(word: str) -> NoReturn:
    raise ValueError(word)


def _behind_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


@dataclass(frozen=True)
class _Walk:
    """Goes through a text that is known to be JSON; each step answers a value, its spot, and the offset behind it."""

    text: str
    line_ends: Sequence[int]
    faults: list[Fault]

    def value(self, at: int, path: FaultPath) -> tuple[Plain, Spot, int]:
        """The value that begins at an offset."""
        first = self.text[at]
        if first in "{[":
            if len(path) >= MOST_DEEP:
                raise _TooDeepError
            return self._mapping(at, path) if first == "{" else self._list(at, path)
        spot = Spot(self._position(at))
        if first == '"':
            word, end = self._text(at, path)
            return word, spot, end
        if first in _WORDS:
            value, length = _WORDS[first]
            return value, spot, at + length
        number, end = self._number(at, path)
        return number, spot, end

    def _list(self, at: int, path: FaultPath) -> tuple[Plain, Spot, int]:
        items: list[Plain] = []
        spots: dict[str | int, Spot] = {}
        end = _behind_space(self.text, at + 1)
        while self.text[end] != "]":
            item, spot, end = self.value(end, (*path, len(items)))
            spots[len(items)] = spot
            items.append(item)
            end = self._behind_comma(end)
        return items, Spot(self._position(at), spots), end + 1

    def _mapping(self, at: int, path: FaultPath) -> tuple[Plain, Spot, int]:
        members: dict[str | int | float | bool | None, Plain] = {}
        spots: dict[str | int, Spot] = {}
        end = _behind_space(self.text, at + 1)
        while self.text[end] != "}":
            place = self._position(end)
            key, end = self._text(end, path)
            colon = _behind_space(self.text, end)
            value, spot, end = self.value(_behind_space(self.text, colon + 1), (*path, key))
            if key in members:
                self._fault((*path, key), twice(key, spots[key].position), place)
            else:
                members[key], spots[key] = value, Spot(place, spot.below)
            end = self._behind_comma(end)
        return members, Spot(self._position(at), spots), end + 1

    def _text(self, at: int, path: FaultPath) -> tuple[str, int]:
        word, end = _DECODER.raw_decode(self.text, at)
        if _HALF.search(word):
            self._fault(path, HALF, self._position(at))
            return _HALF.sub("\ufffd", word), end
        return word, end

    def _fault(self, path: FaultPath, message: str, place: Position) -> None:
        if len(self.faults) < MOST_COUNTED:
            self.faults.append(Fault(path, message, place))

    def _number(self, at: int, path: FaultPath) -> tuple[Plain, int]:
        match = _NUMBER.match(self.text, at)
        if match is None:
            raise ValueError(f"no JSON at {at}")
        word = match[0]
        if match["fraction"]:
            return float(word), match.end()
        if len(word) > MOST_DIGITS:
            self._fault(path, too_long(len(word)), self._position(at))
            return word, match.end()
        return int(word), match.end()

    def _behind_comma(self, at: int) -> int:
        at = _behind_space(self.text, at)
        return _behind_space(self.text, at + 1) if self.text[at] == "," else at

    def _position(self, at: int) -> Position:
        line = bisect_right(self.line_ends, at - 1)
        return Position(line + 1, at - (self.line_ends[line - 1] if line else -1))
