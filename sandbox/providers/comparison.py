"""Old, new and actual values: what differs, what the API holds, what is not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.providers.schema import Fields, Kind, Property, SdkSchemas
from sandbox.providers.values import UNKNOWN, Document, Json, mapping

DEFAULTS_KEY = "__defaults"
"""Where Pulumi providers note which inputs they filled in themselves."""


@dataclass(frozen=True)
class Difference:
    """One differing path of two values."""

    path: str
    kind: Literal["add", "delete", "update"]


def differences(old: Json, new: Json, *, path: str = "") -> Iterator[Difference]:
    """Paths at which two values differ; absent and None are the same, JSON texts are compared by content."""
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new} - {DEFAULTS_KEY}):
            here = f"{path}.{name}" if path else name
            yield from differences(old.get(name), new.get(name), path=here)
    elif isinstance(old, list) and isinstance(new, list):
        for position in range(max(len(old), len(new))):
            before = old[position] if position < len(old) else None
            after = new[position] if position < len(new) else None
            yield from differences(before, after, path=f"{path}[{position}]")
    else:
        kind = "add" if old is None else "delete" if new is None else "update"
        yield Difference(path, kind)


def same(old: Json, new: Json) -> bool:
    """Whether two values are equal, JSON texts by content."""
    if old == new:
        return type(old) is type(new) or not isinstance(old, bool) ^ isinstance(new, bool)
    if isinstance(old, str) and isinstance(new, str) and old[:1] in {"{", "["} and new[:1] in {"{", "["}:
        try:
            return bool(json.loads(old) == json.loads(new))
        except ValueError:
            return False
    return False


def _scalars(value: list[Json]) -> bool:
    return all(not isinstance(part, (dict, list)) for part in value)


def overlaid(schemas: SdkSchemas, kind: Kind, *, existing: Json, actual: Json) -> Json:
    """A held input brought to the actual value: nested objects keep to the members which they have."""
    if actual is None:
        return existing
    if isinstance(existing, dict) and isinstance(actual, dict) and kind.name == "object":
        fields = schemas.fields(kind.fields)
        return {
            name: overlaid(schemas, fields[name].kind, existing=part, actual=actual.get(name))
            if name in fields
            else part
            for name, part in existing.items()
        }
    if isinstance(existing, list) and isinstance(actual, list):
        return _overlaid_list(schemas, kind, existing=existing, actual=actual)
    if isinstance(existing, dict) and isinstance(actual, str):
        return existing if same(json.dumps(existing), actual) else actual
    return existing if same(existing, actual) else actual


def _overlaid_list(schemas: SdkSchemas, kind: Kind, *, existing: list[Json], actual: list[Json]) -> Json:
    item = kind.item or kind
    if _scalars(existing) and _scalars(actual):
        return existing if sorted(map(str, existing)) == sorted(map(str, actual)) else actual
    if len(existing) == len(actual):
        pairs = zip(existing, actual, strict=True)
        return [overlaid(schemas, item, existing=before, actual=after) for before, after in pairs]
    return [_inputs_only(schemas, item, part) for part in actual]


def _inputs_only(schemas: SdkSchemas, kind: Kind, value: Json) -> Json:
    if kind.name != "object" or not isinstance(value, dict):
        return value
    fields = schemas.fields(kind.fields)
    return {
        name: _inputs_only(schemas, fields[name].kind, part)
        for name, part in value.items()
        if name in fields and part not in (None, "", [])
    }


def missing_paths(
    schemas: SdkSchemas, fields: Fields, *, wanted: Mapping[str, Json], actual: Mapping[str, Json]
) -> Iterator[str]:
    """Dotted paths of wanted inputs which the actual object does not answer at all."""
    for name, value in wanted.items():
        if value in (None, [], {}, "") or name not in fields:
            continue
        kind = fields[name].kind
        present = actual.get(name)
        if present is None:
            yield name
        elif kind.name == "object" and isinstance(value, dict) and isinstance(present, dict):
            inner = missing_paths(schemas, schemas.fields(kind.fields), wanted=value, actual=present)
            yield from (f"{name}.{path}" for path in inner)


def with_path(document: Document, path: str, *, value: Json) -> None:
    """Set `value` at a dotted path, making the objects on the way."""
    first, _, rest = path.partition(".")
    if not rest:
        document[first] = value
        return
    inner = mapping(document.get(first))
    document[first] = inner
    with_path(inner, rest, value=value)


def predicted(schemas: SdkSchemas, *, inputs: Fields, outputs: Fields, wanted: Mapping[str, Json]) -> Document:
    """Outputs of an object which does not exist yet: inputs as they are, everything that AWS decides unknown."""
    result: Document = {}
    for name, declared in outputs.items():
        value = wanted.get(name)
        if value is not None:
            result[name] = _predicted_value(schemas, inputs.get(name), declared.kind, value=value)
        elif declared.required or name not in inputs:
            result[name] = UNKNOWN
    return result


def _predicted_value(schemas: SdkSchemas, given: Property | None, kind: Kind, *, value: Json) -> Json:
    if given is None or kind.name != given.kind.name:
        return value
    if kind.name == "list" and isinstance(value, list):
        inner = Property(given.name, given.kind.item or given.kind, required=True)
        return [_predicted_value(schemas, inner, kind.item or kind, value=part) for part in value]
    if kind.name == "object" and isinstance(value, dict):
        return predicted(
            schemas, inputs=schemas.fields(given.kind.fields), outputs=schemas.fields(kind.fields), wanted=value
        )
    return value
