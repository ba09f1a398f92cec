"""Properties held against botocore's shapes of the operations that take them.

botocore itself checks kinds, required members and minima before it sends a request; enumerations, patterns and maxima
are in its models and are left to the service, which moto is not. Here they are held before anything is sent.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, TypeAlias

from sandbox.providers.aws.translation import Renames, member_named
from sandbox.providers.validation import Failure
from sandbox.providers.values import UNKNOWN, Json, items

if TYPE_CHECKING:
    from botocore.model import Shape

    from sandbox.providers.account import Account
    from sandbox.providers.schema import Fields, Kind, SdkSchemas


@dataclass(frozen=True)
class Block:
    """Blocks of addresses of one version, without host bits and from `widest` to `narrowest`, their prefixes."""

    version: int
    widest: int
    narrowest: int

    def __contains__(self, value: object) -> bool:
        try:
            block = ip_network(str(value))
        except ValueError:
            return False
        return block.version == self.version and self.widest <= block.prefixlen <= self.narrowest

    def __str__(self) -> str:
        return f"a block of IPv{self.version} from /{self.widest} to /{self.narrowest}, without host bits"


ANY_BLOCK, ANY_BLOCK_6 = Block(4, 0, 32), Block(6, 0, 128)
PORTS = range(-1, 65536)
"""-1 stands for all types of ICMP."""
Allowed: TypeAlias = "range | frozenset[int] | frozenset[str] | Block"
"""What a service documents of a property and its model lacks."""
_SHOWN = 40
_PAIRS = (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"), ("Name", "Value"))
"""Members of the elements of lists that are maps to Pulumi."""
_DEEPEST = 3
_WHOLE, _DECIMAL = frozenset({"integer", "long"}), frozenset({"float", "double"})
_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
"""How patterns of AWS, which are Java's, say every character beyond U+FFFF."""
_CATEGORIES = {"L": "a-zA-Z", "N": "0-9", "Z": " ", "S": "$", "P": "!", "M": "`"}
_STANDING = {"L": "a", "N": "0", "Z": " ", "S": "$", "P": "!", "M": "`"}
"""Categories of Unicode as patterns name them, and the ASCII character by which one of each is matched."""


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """An operation that takes properties of a type.

    Attributes:
        service, operation: in botocore's spelling.
        at: path of the member of the request that the properties are in.
        renames: member by dotted Pulumi path, for names which differ by more than case; itself a path below `at`.
    """

    service: str
    operation: str
    at: str = ""
    renames: Renames = field(default_factory=dict)

    def shape(self, account: Account) -> Shape:
        """Shape of the structure that the properties are in."""
        shape: Shape | None = account.input_shape(self.service, self.operation)
        for name in filter(None, self.at.split(".")):
            shape = _below(shape, name) if shape is not None else None
        if shape is None:
            raise ValueError(f"{self.operation} of {self.service} has no {self.at}")
        return shape


def request_failures(account: Account, request: ApiRequest, inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Every property that the service would refuse; those that the operation does not take are passed over."""
    yield from _structure(inputs, request.shape(account), renames=request.renames)


def limit_failures(inputs: Mapping[str, Json], limits: Mapping[str, Allowed]) -> Iterator[Failure]:
    """Every property outside what a row states, by dotted path."""
    for path, value in _leaves(inputs):
        allowed = limits.get(plain(path))
        if allowed is None or value == UNKNOWN or value in allowed:
            continue
        if isinstance(allowed, range):
            yield Failure(path, _outside(path, value, least=allowed.start, most=allowed.stop - 1))
        elif isinstance(allowed, Block):
            yield Failure(path, f"expected {_name(path)} to be {allowed}, got {value}")
        else:
            yield Failure(path, _not_among(path, value, sorted(map(str, allowed), key=lambda name: (len(name), name))))


def plain(path: str) -> str:
    """A path without positions in lists."""
    return re.sub(r"\[\d+\]", "", path)


def held_properties(
    schemas: SdkSchemas, fields: Fields, *, account: Account, request: ApiRequest
) -> Iterator[tuple[str, Shape]]:
    """Every property of a type that an operation takes, and its shape; types that hold themselves three deep."""
    yield from _held(schemas, fields, shape=request.shape(account), renames=request.renames)


def _held(
    schemas: SdkSchemas, fields: Fields, *, shape: Shape, renames: Renames, path: str = ""
) -> Iterator[tuple[str, Shape]]:
    for name, declared in fields.items():
        here = f"{path}.{name}" if path else name
        member = _member(shape, renames, here)
        if member is not None and plain(here).split(".").count(name) < _DEEPEST:
            yield from _held_in(schemas, declared.kind, shape=member, renames=renames, path=here)


def _held_in(
    schemas: SdkSchemas, kind: Kind, *, shape: Shape, renames: Renames, path: str
) -> Iterator[tuple[str, Shape]]:
    yield path, shape
    kind = kind.choices[0] if kind.name == "union" else kind
    element: Shape = getattr(shape, "member", shape)
    if kind.name == "list" and kind.item is not None:
        yield from _held_in(schemas, kind.item, shape=element, renames=renames, path=f"{path}[0]")
    elif kind.name == "object" and element.type_name == "structure":
        yield from _held(schemas, schemas.fields(kind.fields), shape=element, renames=renames, path=path)
    elif kind.name == "map" and kind.item is not None and shape.type_name == "map":
        value: Shape = getattr(shape, "value", shape)
        yield from _held_in(schemas, kind.item, shape=value, renames=renames, path=f"{path}.key")


def _leaves(value: Json | Mapping[str, Json], path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _leaves(part, f"{path}[{position}]")
    elif value is not None:
        yield path, value


def _below(shape: Shape, name: str) -> Shape | None:
    """A member of a structure, or of the structures in a list."""
    members: Mapping[str, Shape] = getattr(getattr(shape, "member", shape), "members", {})
    member = member_named(name, members)
    return None if member is None else members[member]


def _member(shape: Shape, renames: Renames, path: str) -> Shape | None:
    """What a structure has for a property."""
    member: Shape | None = shape
    for part in renames.get(plain(path), _name(path)).split("."):
        member = _below(member, part) if member is not None else None
    return member


def _structure(inputs: Mapping[str, Json], shape: Shape, *, renames: Renames, path: str = "") -> Iterator[Failure]:
    for name, value in inputs.items():
        here = f"{path}.{name}" if path else name
        member = _member(shape, renames, here)
        if member is not None:
            yield from _value(value, member, renames=renames, path=here)


def _value(value: Json, shape: Shape, *, renames: Renames, path: str) -> Iterator[Failure]:
    if value is None or value == UNKNOWN:
        return
    if shape.type_name == "structure":
        for position, part in enumerate(items(value)):
            if isinstance(part, dict):
                place = f"{path}[{position}]" if isinstance(value, list) else path
                yield from _structure(part, shape, renames=renames, path=place)
    elif shape.type_name == "list":
        yield from _list(value, shape, renames=renames, path=path)
    elif shape.type_name == "map" and isinstance(value, dict):
        yield from _length(len(value), shape, path)
        for key, part in value.items():
            yield from _value(key, getattr(shape, "key", shape), renames=renames, path=f"{path}.{key}")
            yield from _value(part, getattr(shape, "value", shape), renames=renames, path=f"{path}.{key}")
    elif not isinstance(value, list):
        yield from _scalar(value, shape, path)


def _list(value: Json, shape: Shape, *, renames: Renames, path: str) -> Iterator[Failure]:
    element: Shape = getattr(shape, "member", shape)
    members: Mapping[str, Shape] = getattr(element, "members", {})
    parts = items(value)
    pair = next((names for names in _PAIRS if set(names) == set(members)), None)
    if isinstance(value, dict) and pair is not None:
        yield from _length(len(value), shape, path)
        for key, part in value.items():
            yield from _value(key, members[pair[0]], renames=renames, path=f"{path}.{key}")
            yield from _value(part, members[pair[1]], renames=renames, path=f"{path}.{key}")
        return
    yield from _length(len(parts), shape, path)
    for position, part in enumerate(parts):
        place = f"{path}[{position}]" if isinstance(value, list) else path
        yield from _value(part, element, renames=renames, path=place)


def _scalar(value: Json, shape: Shape, path: str) -> Iterator[Failure]:
    limits: Mapping[str, Json] = shape.metadata
    if shape.type_name == "string":
        text = value if isinstance(value, str) else json.dumps(value)
        allowed = [str(name) for name in items(limits.get("enum"))]
        if allowed and text not in allowed:
            yield Failure(path, _not_among(path, text, allowed))
        yield from _length(len(text), shape, path)
        pattern = readable(str(limits["pattern"])) if limits.get("pattern") else None
        if pattern is not None and not pattern.fullmatch(_standing(text) if r"\p" in str(limits["pattern"]) else text):
            yield Failure(path, f"invalid value for {_name(path)}: {_short(text)} must match {limits['pattern']}")
    elif shape.type_name in _WHOLE | _DECIMAL and (number := _number(value)) is not None:
        least, most = limits.get("min"), limits.get("max")
        if (least is not None and number < float(str(least))) or (most is not None and number > float(str(most))):
            yield Failure(path, _outside(path, value, least=least, most=most))


def _length(length: int, shape: Shape, path: str) -> Iterator[Failure]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and length < least) or (most is not None and length > most):
        yield Failure(path, _outside(f"length of {_name(path)}", length, least=least, most=most))


def _number(value: Json) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return float(str(value))
    except ValueError:
        return None


def _outside(path: str, value: Json, *, least: Json, most: Json) -> str:
    if most is None:
        return f"expected {_name(path)} to be at least ({least}), got {value}"
    if least is None:
        return f"expected {_name(path)} to be at most ({most}), got {value}"
    return f"expected {_name(path)} to be in the range ({least} - {most}), got {value}"


def _not_among(path: str, value: Json, allowed: list[str]) -> str:
    more = f" and {len(allowed) - _SHOWN} more" if len(allowed) > _SHOWN else ""
    return f"expected {_name(path)} to be one of {', '.join(allowed[:_SHOWN])}{more}, got {value}"


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


@functools.cache
def readable(pattern: str) -> re.Pattern[str] | None:
    """A pattern of AWS's as Python reads it; None where it cannot. It holds for a text as a whole."""
    python = pattern.replace(_ASTRAL, r"\U00010000-\U0010FFFF")
    for category, characters in _CATEGORIES.items():
        python = python.replace(rf"\p{{{category}}}", characters)
    try:
        return re.compile(python, re.ASCII)
    except re.error:
        return None


def _standing(text: str) -> str:
    """A text with one ASCII character for each other of the same category."""
    return "".join(
        character if character.isascii() else _STANDING.get(unicodedata.category(character)[0], character)
        for character in text
    )
