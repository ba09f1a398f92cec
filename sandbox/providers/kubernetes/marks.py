"""What the engine wraps values in on the wire: secrets, outputs and references to resources."""

from __future__ import annotations

from typing import Final

from sandbox.providers.values import SIGNATURE_KEY, UNKNOWN, Document, Json, mapping

_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a mark of the wire
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
"""Signatures of the Pulumi SDK (sdk, resource/properties)."""


def bare(value: Json) -> Json:
    """A value without its wrappings; an output that is not known yet is unknown."""
    if isinstance(value, list):
        return [bare(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE_KEY) in {_SECRET, _OUTPUT}:
        return bare(value.get("value", UNKNOWN))
    return {key: bare(part) for key, part in value.items()}


def bare_document(document: Document) -> Document:
    """A document without wrappings."""
    return mapping(bare(document))


def secret(value: Json) -> Json:
    """A value that the state keeps encrypted."""
    return {SIGNATURE_KEY: _SECRET, "value": value}


def _is_secret(value: Json) -> bool:
    wrapped = value if isinstance(value, dict) else {}
    signature = wrapped.get(SIGNATURE_KEY)
    return signature == _SECRET or (signature == _OUTPUT and wrapped.get("secret") is True)


def holds_secret(value: Json) -> bool:
    """Whether any part of a value, as the engine sent it, is secret."""
    if isinstance(value, list):
        return any(holds_secret(part) for part in value)
    return isinstance(value, dict) and (_is_secret(value) or any(holds_secret(part) for part in value.values()))


def marked_like(value: Json, like: Json) -> Json:
    """A bare value, with secrets marked where `like`, as the engine sent it, has them."""
    if value is None or value == UNKNOWN:
        return value
    if _is_secret(like):
        return secret(value)
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: marked_like(part, like.get(key)) for key, part in value.items()}
    if isinstance(value, list) and isinstance(like, list) and len(value) == len(like):
        return [marked_like(*pair) for pair in zip(value, like, strict=True)]
    return value


def reference(urn: str, *, identifier: str, version: str) -> Document:
    """A resource as a value."""
    return {SIGNATURE_KEY: _RESOURCE, "urn": urn, "id": identifier or UNKNOWN, "packageVersion": version}


def shielded(document: Document, *like: Document) -> Document:
    """A bare object for the engine: secret is what was secret in any of `like`, and what a Secret holds."""
    marked: Json = document
    for each in like:
        marked = marked_like(marked, each)
    result = mapping(marked)
    if document.get("kind") == "Secret" and document.get("apiVersion") == "v1":
        for key in ("data", "stringData"):
            if document.get(key) not in (None, UNKNOWN):
                result[key] = secret(document[key])
    return result
