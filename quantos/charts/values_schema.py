"""A chart's `values.schema.json`: which keys it names, and what it says of values."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from jsonschema import validators
from jsonschema.exceptions import ValidationError

from quantos.charts.documents import Complaint, Document, Json, items, mapping, text

Schemas: TypeAlias = "tuple[Document, ...]"
"""Every schema that holds at one path at once; none where no schema speaks of it."""

_COMBINED: Final = ("allOf", "anyOf", "oneOf")
_ANYTHING: Final[Document] = {"additionalProperties": True}
_LONGEST: Final = 160


def schemas_at_root(schema: Document | None) -> Schemas:
    """What holds of the values as a whole."""
    return () if schema is None else _resolved(schema, schema)


def schemas_of_key(root: Document | None, schemas: Schemas, key: str) -> Schemas | Literal["unnamed"]:
    """What holds of a member; "unnamed" where no schema names it, by itself or by leaving its mapping to the reader."""
    if root is None:
        return "unnamed"
    parts = [part for schema in schemas for part in _named(schema, key)]
    if not parts:
        return "unnamed"
    return tuple(part for schema in parts for part in _resolved(schema, root))


def schemas_of_items(root: Document | None, schemas: Schemas) -> Schemas:
    """What holds of every item of a list."""
    if root is None:
        return ()
    given = [schema.get("items") for schema in schemas]
    return tuple(part for each in given if isinstance(each, dict) for part in _resolved(each, root))


def named_keys(schemas: Schemas) -> frozenset[str]:
    """Keys that schemas name."""
    return frozenset(name for schema in schemas for name in mapping(schema.get("properties")))


def allows(schemas: Schemas, kind: str) -> bool:
    """Whether any schema takes values of a JSON type."""
    return any(kind in _types(schema) for schema in schemas)


def schema_complaints(values: Document, schema: Document) -> Iterator[Complaint]:
    """Where the whole values (defaults and ours together, as Helm merges them) break the schema."""
    validator = validators.validator_for(schema, default=validators.Draft7Validator)
    errors: Iterable[ValidationError] = validator(mapping(_within(schema))).iter_errors(values)
    for error in errors:
        yield Complaint(path=_path(error), what=f"the chart's schema refuses it: {_shortened(_cause(error).message)}")


def with_defaults(defaults: Json, ours: Json) -> Json:
    """Values as Helm merges them: mappings member by member, all else replaced, null taking a default away."""
    if not isinstance(defaults, dict) or not isinstance(ours, dict):
        return ours
    result = dict(defaults)
    for name, value in ours.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = with_defaults(result.get(name), value)
    return result


def _named(schema: Document, key: str) -> Iterator[Document]:
    properties = mapping(schema.get("properties"))
    if key in properties:
        yield mapping(properties[key])
        return
    yield from (mapping(part) for part in mapping(schema.get("patternProperties")).values())
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield more
    elif more is True and not properties:
        yield _ANYTHING


def _resolved(schema: Document, root: Document, *, seen: frozenset[str] = frozenset()) -> Schemas:
    """The schema and all that it refers to or combines, as far as this document holds them."""
    schemas: list[Document] = [schema]
    reference = text(schema.get("$ref"))
    if reference.startswith("#/") and reference not in seen:
        schemas += _resolved(_pointed(root, reference), root, seen=seen | {reference})
    for name in _COMBINED:
        for part in items(schema.get(name)):
            schemas += _resolved(mapping(part), root, seen=seen)
    return tuple(schemas)


def _pointed(root: Document, reference: str) -> Document:
    node: Json = root
    for step in reference[2:].split("/"):
        node = mapping(node).get(step.replace("~1", "/").replace("~0", "~"))
    return mapping(node)


def _types(schema: Document) -> tuple[str, ...]:
    given = schema.get("type")
    if isinstance(given, list):
        return tuple(text(each) for each in given)
    return (text(given),) if given else ()


def _within(schema: Json) -> Json:
    """The schema without references to other documents: they are not fetched, and refuse nothing."""
    if isinstance(schema, list):
        return [_within(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    here = {key: part for key, part in schema.items() if key != "$ref" or text(part).startswith("#")}
    return {key: _within(part) for key, part in here.items()}


def _cause(error: ValidationError) -> ValidationError:
    """The most telling of the alternatives that all fail."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return error


def _path(error: ValidationError) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in _cause(error).absolute_path)
    return steps.lstrip(".")


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
