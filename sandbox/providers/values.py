"""Values on the wire between the engine and a provider plugin, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Document: TypeAlias = dict[str, Json]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine and providers write for a value that only an update will know (pulumi sdk, plugin/rpc.go)."""

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
ASSET_SIGNATURES = frozenset(
    {
        "c44067f5952c0a294b673a41bacd8c17",
        "0def7320c3a5731c473e5ecbe6d01bc7",
    }
)
"""Signatures of assets and archives in a marshalled property (pulumi sdk, resource/asset)."""


def _value(message: Value) -> Json:
    match message.WhichOneof("kind"):
        case "string_value":
            return message.string_value
        case "number_value":
            number = message.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return message.bool_value
        case "struct_value":
            return from_struct(message.struct_value)
        case "list_value":
            return [_value(item) for item in message.list_value.values]
        case _:
            return None


def from_struct(message: Struct) -> Document:
    """Plain values of a protobuf struct; integral numbers become `int`."""
    return {key: _value(value) for key, value in message.fields.items()}


def to_struct(document: Mapping[str, Json]) -> Struct:
    """A protobuf struct of plain values."""
    from google.protobuf import json_format, struct_pb2  # noqa: PLC0415  the plugin's start is timed

    return json_format.ParseDict(dict(document), struct_pb2.Struct())


def mapping(value: Json) -> Document:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """`value` where it is a list; a single value as a list of one; nothing as an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text(value: Json) -> str:
    """`value` as text; nothing as the empty text."""
    return "" if value is None else str(value)


def holds_unknown(value: Json) -> bool:
    """Whether any part of `value` is still unknown."""
    if isinstance(value, dict):
        return any(holds_unknown(part) for part in value.values())
    if isinstance(value, list):
        return any(holds_unknown(part) for part in value)
    return value == UNKNOWN


def without_nothing(document: Document) -> Document:
    """The document without members that are None, at any depth: to the engine they are the same as absent."""
    return {key: _pruned(value) for key, value in document.items() if value is not None}


def _pruned(value: Json) -> Json:
    if isinstance(value, dict):
        return without_nothing(value)
    return [_pruned(part) for part in value] if isinstance(value, list) else value


def string_map(value: Json) -> dict[str, str]:
    """A map of texts, such as tags."""
    return {key: text(part) for key, part in mapping(value).items()}


def at_path(value: Json, path: str) -> Json:
    """The part of `value` at a dotted path with list positions, as `Vpcs[0].VpcId`; None where it is not there."""
    for step in path.replace("[", ".[").split("."):
        if not step:
            continue
        if step.startswith("["):
            position = int(step[1:-1])
            value = value[position] if isinstance(value, list) and len(value) > position else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
