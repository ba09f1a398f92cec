"""Inputs held against an SDK's own types: unknown names, missing values, wrong kinds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.providers.schema import Fields, Kind, SdkSchemas
from sandbox.providers.values import ASSET_SIGNATURES, SIGNATURE_KEY, UNKNOWN, Json


@dataclass(frozen=True)
class Failure:
    """One refused property: its path in the inputs and the reason."""

    path: str
    reason: str


def failures(schemas: SdkSchemas, fields: Fields, *, value: Mapping[str, Json], path: str = "") -> Iterator[Failure]:
    """Every way in which an object breaks its type; unknown values are taken as right."""
    for name, part in value.items():
        here = f"{path}.{name}" if path else name
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Failure(here, f"{name} is not a property of this type{hint}")
        elif part is not None:
            yield from _kind_failures(schemas, fields[name].kind, value=part, path=here)
    for name, declared in fields.items():
        if declared.required and value.get(name) is None:
            here = f"{path}.{name}" if path else name
            yield Failure(here, f"missing required property {name}")


def _kind_failures(schemas: SdkSchemas, kind: Kind, *, value: Json, path: str) -> Iterator[Failure]:
    if value == UNKNOWN or kind.name == "any" or value is None:
        return
    if kind.name == "union":
        failures_by_choice = [list(_kind_failures(schemas, choice, value=value, path=path)) for choice in kind.choices]
        yield from min(failures_by_choice, key=len)
    elif isinstance(value, list) and kind.name == "list":
        for position, part in enumerate(value):
            yield from _kind_failures(schemas, kind.item or kind, value=part, path=f"{path}[{position}]")
    elif isinstance(value, dict) and kind.name == "map":
        for name, part in value.items():
            yield from _kind_failures(schemas, kind.item or kind, value=part, path=f"{path}.{name}")
    elif isinstance(value, dict) and kind.name == "object":
        yield from failures(schemas, schemas.fields(kind.fields), value=value, path=path)
    elif not _matches(kind, value):
        yield Failure(path, f"expected {_article(kind.name)}, got {_described(value)}")


def _matches(kind: Kind, value: Json) -> bool:
    match kind.name:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "asset":
            return isinstance(value, dict) and value.get(SIGNATURE_KEY) in ASSET_SIGNATURES
        case _:
            return False


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeio" else f"a {name}"


def _described(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return f"{type(value).__name__} {value!r}"
