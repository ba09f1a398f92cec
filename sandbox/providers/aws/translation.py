"""Between Pulumi's property names and those of the AWS API, led by the SDK's types and botocore's shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.providers.schema import Fields, Kind, SdkSchemas
from sandbox.providers.values import UNKNOWN, Document, Json, items, mapping, text

if TYPE_CHECKING:
    from botocore.model import Shape

Renames = Mapping[str, str]
"""API member by dotted Pulumi path, for names which differ by more than case."""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@dataclass
class Encoding:
    """Pulumi inputs as an API request; `unmapped` collects the paths which the operation has no member for."""

    renames: Renames
    unmapped: list[str] = field(default_factory=list)

    def request(self, inputs: Mapping[str, Json], shape: Shape, *, path: str = "") -> Document:
        """Members of a structure `shape` for `inputs`."""
        members: Mapping[str, Shape] = getattr(shape, "members", {})
        request: Document = {}
        for name, value in inputs.items():
            here = _join(path, name)
            member = member_named(self.renames.get(here, name), members)
            if member is None:
                self.unmapped.append(here)
            elif value is not None:
                request[member] = self._value(value, members[member], path=here)
        return request

    def _value(self, value: Json, shape: Shape, *, path: str) -> Json:
        kind = shape.type_name
        if value == UNKNOWN:
            return value
        if kind == "structure":
            return self.request(mapping(items(value)[0] if items(value) else {}), shape, path=path)
        if kind == "list" and isinstance(value, dict) and _pair(shape):
            return [{"Key": key, "Value": part} for key, part in value.items()]
        if kind == "list":
            return [self._value(part, getattr(shape, "member", shape), path=path) for part in items(value)]
        if kind == "map":
            element = getattr(shape, "value", shape)
            return {key: self._value(part, element, path=path) for key, part in mapping(value).items()}
        return _scalar(value, kind)


def _pair(shape: Shape) -> bool:
    members: Mapping[str, Shape] = getattr(getattr(shape, "member", None), "members", {})
    return {"Key", "Value"} == set(members)


def _scalar(value: Json, kind: str) -> Json:
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value)
    if kind in {"integer", "long"} and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean" and isinstance(value, str):
        return value == "true"
    return value


def member_named(name: str, members: Mapping[str, object]) -> str | None:
    """The member of a structure that is called so, but for its case."""
    if name in members:
        return name
    wanted = name.lower()
    return next((member for member in members if member.lower() == wanted), None)


@dataclass(frozen=True)
class Decoding:
    """An API object as Pulumi outputs, by the SDK's output types."""

    schemas: SdkSchemas
    renames: Renames

    def outputs(self, description: Mapping[str, Json], fields: Fields, *, path: str = "") -> Document:
        """Outputs in `fields` for which the API object has a member."""
        result: Document = {}
        for name, declared in fields.items():
            here = _join(path, name)
            member = member_named(self.renames.get(here, name), description)
            if member is not None and description[member] is not None:
                result[name] = self._value(description[member], declared.kind, path=here)
        return result

    def _value(self, value: Json, kind: Kind, *, path: str) -> Json:
        if kind.name == "list":
            return [self._value(part, kind.item or kind, path=path) for part in items(value)]
        if kind.name == "map" and isinstance(value, list):
            return {text(mapping(part).get("Key")): mapping(part).get("Value") for part in value}
        if kind.name == "map":
            return {key: self._value(part, kind.item or kind, path=path) for key, part in mapping(value).items()}
        if kind.name == "object":
            return self.outputs(
                mapping(items(value)[0] if items(value) else {}), self.schemas.fields(kind.fields), path=path
            )
        return _typed(value, kind)


def _typed(value: Json, kind: Kind) -> Json:
    match kind.name:
        case "string" if isinstance(value, bool):
            return str(value).lower()
        case "string" if isinstance(value, dict):
            return json.dumps(value)
        case "string":
            return str(value)
        case "integer" if isinstance(value, str):
            return int(value)
        case "boolean" if isinstance(value, str):
            return value.lower() == "true"
        case _:
            return value
