"""What a model allows at a place of a document, in words, from its JSON schema."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from quantos.faults import FaultPath

Schema = Mapping[str, Any]
_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "fields",
}


def allowed_keys(schema: Schema, path: FaultPath, document: object) -> list[str]:
    """The keys that the mapping at a path may have; none where any may stand."""
    node = _at(schema, path, document)
    return list(node.get("properties", {}))


def allowed_value(schema: Schema, path: FaultPath, document: object) -> str:
    """What may stand at a path, in a few words."""
    return _words(_at(schema, path, document), schema)


def _at(schema: Schema, path: FaultPath, document: object) -> Schema:
    """The part of the schema that a path comes to; of several that are possible, that which fits the document best."""
    node, value = _chosen(schema, schema, document), document
    for part in path:
        inner = node.get("properties", {}).get(part)
        if inner is None:
            inner = node.get("items") if isinstance(part, int) else node.get("additionalProperties")
        value = _below(value, part)
        node = _chosen(inner, schema, value) if isinstance(inner, Mapping) else {}
    return node


def _below(value: object, part: str | int) -> object:
    if isinstance(value, Mapping):
        return next((inner for key, inner in value.items() if str(key) == str(part)), None)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _chosen(node: Schema, schema: Schema, value: object) -> Schema:
    node = _resolved(node, schema)
    branches = [_resolved(branch, schema) for branch in (*node.get("anyOf", ()), *node.get("oneOf", ()))]
    if not branches or not isinstance(value, Mapping):
        return node
    keys = {str(key) for key in value}
    return max(branches, key=lambda branch: len(keys & set(branch.get("properties", {}))))


def _resolved(node: Schema, schema: Schema) -> Schema:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _words(node: Schema, schema: Schema) -> str:
    node = _resolved(node, schema)
    if branches := (*node.get("anyOf", ()), *node.get("oneOf", ())):
        return " or ".join(dict.fromkeys(_words(branch, schema) for branch in branches))
    if "enum" in node:
        return f"one of {', '.join(map(str, node['enum']))}"
    if "const" in node:
        return f"write {node['const']}"
    if node.get("type") == "array":
        return f"a list of {_words(node.get('items', {}), schema)}"
    if "properties" in node:
        return f"fields {', '.join(node.get('required', node['properties']))}"
    return " ".join([_TYPES.get(node.get("type", ""), "a value"), *_bounds(node)])


def _bounds(node: Schema) -> Iterator[str]:
    words = {
        "minimum": "from",
        "exclusiveMinimum": "above",
        "maximum": "up to",
        "exclusiveMaximum": "below",
        "pattern": "like",
        "format": "that is a",
    }
    for key, word in words.items():
        if key in node:
            yield f"{word} {node[key]:g}" if isinstance(node[key], float) else f"{word} {node[key]}"
