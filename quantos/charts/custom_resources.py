"""Custom resources against the OpenAPI schemas of their definitions, as strictly as a server that prunes nothing.

Not judged here: validation rules in CEL, uniqueness within lists, formats, and webhooks; only an API server does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from quantos.charts.documents import Complaint, Document, Json, items, joined, mapping, named, text

Definitions: TypeAlias = "Mapping[tuple[str, str], Definition]"
"""Definitions by API group and kind."""

_PRESERVED: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_OF_EVERY_OBJECT: Final = ("apiVersion", "kind", "metadata")
_COMBINED: Final = ("allOf", "anyOf", "oneOf")
_COPIED: Final = (
    "enum", "exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
    "minLength", "minProperties", "minimum", "multipleOf", "pattern", "propertyNames", "required", "uniqueItems",
)  # fmt: skip
_CONSTRAINTS_GROUP: Final = "constraints.gatekeeper.sh"
_CASELESS: Final = "(?i)"
_UNEXPECTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A kind of custom resource: schemas by served version; `unserved` versions are known and refused."""

    kind: str
    namespaced: bool
    schemas: Mapping[str, Document]
    unserved: tuple[str, ...] = ()


def definitions(crds: Sequence[Document]) -> Definitions:
    """Definitions of CustomResourceDefinition objects."""
    by_kind: dict[tuple[str, str], Definition] = {}
    for crd in crds:
        spec = mapping(crd.get("spec"))
        kind = text(mapping(spec.get("names")).get("kind"))
        versions = [mapping(version) for version in items(spec.get("versions"))]
        schemas = {
            text(version.get("name")): mapping(mapping(version.get("schema")).get("openAPIV3Schema"))
            for version in versions
            if version.get("served")
        }
        by_kind[text(spec.get("group")), kind] = Definition(
            kind=kind,
            namespaced=spec.get("scope") == "Namespaced",
            schemas=schemas,
            unserved=tuple(text(version.get("name")) for version in versions if not version.get("served")),
        )
    return by_kind


def declared_definitions(objects: Sequence[Document]) -> Definitions:
    """Definitions that objects themselves bring: definitions among them, and the constraints of Gatekeeper's templates.

    A constraint's kind is made by Gatekeeper from its template; its parameters have the schema that the template gives.
    """
    by_kind = dict(definitions([each for each in objects if each.get("kind") == "CustomResourceDefinition"]))
    for each in objects:
        if each.get("kind") != "ConstraintTemplate":
            continue
        spec = mapping(mapping(mapping(each.get("spec")).get("crd")).get("spec"))
        kind = text(mapping(spec.get("names")).get("kind"))
        validation = mapping(spec.get("validation"))
        parameters: Json = validation.get("openAPIV3Schema", {_PRESERVED: True})
        schema: Document = {"type": "object", "properties": {"spec": _constraint_spec(parameters)}}
        by_kind[_CONSTRAINTS_GROUP, kind] = Definition(kind=kind, namespaced=False, schemas={"v1beta1": schema})
    return by_kind


def _constraint_spec(parameters: Json) -> Document:
    free: Document = {"type": "object", _PRESERVED: True}
    words: Document = {"type": "string"}
    scoped: Document = {"type": "array", "items": free}
    members: Document = {
        "enforcementAction": words,
        "match": free,
        "parameters": parameters,
        "scopedEnforcementActions": scoped,
    }
    return {"type": "object", "properties": members}


def crd_complaints(manifest: Document, known: Definitions) -> Iterator[Complaint]:
    """How a custom resource breaks its definition; a kind that no definition names is a complaint too."""
    group, _, version = text(manifest.get("apiVersion")).rpartition("/")
    kind = text(manifest.get("kind"))
    definition = known.get((group, kind))
    if definition is None:
        yield Complaint(path="kind", what=f"no definition of {kind} in {group or 'the core group'} is known")
        return
    schema = definition.schemas.get(version)
    if schema is None:
        served = ", ".join(definition.schemas)
        yield Complaint(path="apiVersion", what=f"{kind} has no served version {version}, only {served}")
        return
    if definition.namespaced != bool(named(manifest, "namespace")):
        says = "has a namespace, and none is given" if definition.namespaced else "is of the cluster, in no namespace"
        yield Complaint(path="metadata.namespace", what=f"a {kind} {says}")
    yield from structural_complaints(manifest, schema, whole_object=True)


def structural_complaints(
    value: Json, schema: Document, *, whole_object: bool = False, path: str = ""
) -> Iterator[Complaint]:
    """How a value breaks a structural schema, fields that it does not name included."""
    validator = Draft202012Validator(_strict(schema, whole_object=whole_object))
    for error in validator.iter_errors(value):
        yield Complaint(path=_at(path, error), what=_said(error))


def _strict(schema: Document, *, whole_object: bool = False) -> Document:
    """The schema for a validator that follows JSON Schema: unknown fields refused, Kubernetes's own words spelt out."""
    result = _copied(schema)
    result |= _combined(schema)
    if schema.get(_INT_OR_STRING):
        result["type"] = ["integer", "string"]
        result.pop("anyOf", None)
        return result
    kind = text(schema.get("type"))
    if kind:
        result["type"] = [kind, "null"] if schema.get("nullable") else kind
    if kind == "array":
        result["items"] = _strict(mapping(schema.get("items")))
    properties = mapping(schema.get("properties"))
    embedded = whole_object or bool(schema.get(_EMBEDDED))
    if properties or embedded:
        free: Document = {name: {} for name in _OF_EVERY_OBJECT if embedded}
        result["properties"] = {**{name: _strict(mapping(part)) for name, part in properties.items()}, **free}
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        result["additionalProperties"] = _strict(more) if isinstance(more, dict) else more
    elif kind == "object" and not schema.get(_PRESERVED):
        result["additionalProperties"] = False
    return result


def _combined(schema: Document) -> Document:
    rules: Document = {}
    for key in _COMBINED:
        parts: list[Json] = [_value_rule(mapping(part)) for part in items(schema.get(key))]
        if parts:
            rules[key] = parts
    return rules


def _copied(schema: Document) -> Document:
    """What both dialects say alike. Flags within a Go pattern hold to its end; in Python only those at its start do."""
    result: Document = {key: schema[key] for key in _COPIED if key in schema}
    if _CASELESS in text(result.get("pattern")):
        result["pattern"] = _CASELESS + text(result["pattern"]).replace(_CASELESS, "")
    return result


def _value_rule(schema: Document) -> Document:
    """A part of anyOf and its like, which judges values and names no fields."""
    result = {**_copied(schema), **({"type": schema["type"]} if "type" in schema else {})}
    properties = mapping(schema.get("properties"))
    if properties:
        result["properties"] = {name: _value_rule(mapping(part)) for name, part in properties.items()}
    if "not" in schema:
        result["not"] = _value_rule(mapping(schema["not"]))
    result |= _combined(schema)
    return result


def _at(path: str, error: ValidationError) -> str:
    for step in error.absolute_path:
        path = f"{path}[{step}]" if isinstance(step, int) else joined(path, str(step))
    return path


def _said(error: ValidationError) -> str:
    if error.validator == "additionalProperties":
        return "; ".join(_unknown_field(name, error) for name in _UNEXPECTED.findall(error.message))
    if error.validator in _COMBINED and error.context:
        return " or ".join(sorted({part.message for part in error.context}))
    return error.message


def _unknown_field(name: str, error: ValidationError) -> str:
    known = [str(key) for key in error.schema.get("properties", {})] if isinstance(error.schema, dict) else []
    near = get_close_matches(name, known, n=1)
    return f"it has no field {name}" + (f"; did you mean {near[0]}?" if near else "")
