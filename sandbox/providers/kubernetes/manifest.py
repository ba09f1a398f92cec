"""A manifest between program, state and server: names, what a preview may say, what a refresh puts back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sandbox.providers.comparison import same, with_path
from sandbox.providers.values import UNKNOWN, Document, Json, at_path, mapping, text

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
PATCH_FORCE: Final = "pulumi.com/patchForce"
FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
REFUSED_ANNOTATIONS = frozenset({"pulumi.com/waitFor", "pulumi.com/replaceUnready", "config.kubernetes.io/depends-on"})
"""Annotations by which the real provider waits or orders, and which the stand-in does not know."""

MANAGER_KEY: Final = "__fieldManager"
"""Where the state keeps the name under which fields are owned on the server."""

_SERVER_METADATA = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_CHANGING_METADATA = ("resourceVersion", "generation", "managedFields")
_SERVER_ANNOTATIONS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")
_ID_LENGTH = 8


def metadata_of(document: Document) -> Document:
    """The metadata of an object; empty where it has none."""
    return mapping(document.get("metadata"))


def annotation(document: Document, name: str) -> str:
    """An annotation's text; empty where there is none."""
    return text(mapping(metadata_of(document).get("annotations")).get(name))


def flagged(document: Document, name: str) -> bool:
    """Whether an annotation says true."""
    return annotation(document, name).lower() in {"true", "1"}


def identity(document: Document) -> str:
    """`namespace/name`, or `name` where there is no namespace: the id of a resource."""
    metadata = metadata_of(document)
    return "/".join(text(metadata[key]) for key in ("namespace", "name") if metadata.get(key))


def split_identity(identifier: str) -> tuple[str, str]:
    """Namespace and name of an id; the namespace is empty where the id has none."""
    namespace, _, name = identifier.rpartition("/")
    return namespace, name


def field_manager(manifest: Document, state: Document, urn: str) -> str:
    """Under which name fields are owned: an annotation's, the state's, else one of this resource alone."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:_ID_LENGTH]
    return annotation(manifest, FIELD_MANAGER) or text(state.get(MANAGER_KEY)) or f"pulumi-kubernetes-{digest}"


def sent(manifest: Document) -> Document:
    """The manifest as the server gets it: without what only Pulumi knows."""
    return {key: value for key, value in manifest.items() if not key.startswith("__") and key != "status"}


def in_namespace(manifest: Document, namespace: str) -> Document:
    """The manifest with a namespace in its metadata."""
    return {**manifest, "metadata": {**metadata_of(manifest), "namespace": namespace}}


def named_in(manifest: Document, *, namespace: str, name: str) -> Document:
    """What names an object and nothing else, so that applying it gives up every field."""
    metadata: Document = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": manifest.get("apiVersion"), "kind": manifest.get("kind"), "metadata": metadata}


def without_name(manifest: Document) -> Document:
    """The manifest for an object of another name, which the server makes up."""
    metadata = metadata_of(manifest)
    prefix = f"{text(metadata.get('name'))[:50]}-"
    kept = {key: value for key, value in metadata.items() if key != "name"}
    return {**manifest, "metadata": {**kept, "generateName": prefix}}


def guessed(inputs: Document) -> Document:
    """Outputs of a preview that no server was asked for: the inputs, and unknown what only a server decides."""
    metadata: Document = {**metadata_of(inputs)}
    for key in (*_SERVER_METADATA[:-1], *(() if metadata.get("name") else ("name",))):
        metadata.setdefault(key, UNKNOWN)
    return {**inputs, "metadata": metadata, "status": UNKNOWN}


def previewed(inputs: Document, answer: Document, *, old: Document | None = None) -> Document:
    """Outputs of a dry run: known are the inputs and, of an object which is there already, what stays as it was."""
    result = _known(inputs, answer, old or {})
    metadata = metadata_of(result)
    for key in _SERVER_METADATA[:-1] if old is None else _CHANGING_METADATA:
        metadata[key] = UNKNOWN
    if not metadata_of(inputs).get("name") and old is None:
        metadata["name"] = UNKNOWN
    status = result.get("status", UNKNOWN) if old is not None else UNKNOWN
    return {**result, "metadata": metadata, "status": status}


def _known(given: Document, answer: Document, old: Document) -> Document:
    result: Document = {}
    for key in {*given, *answer}:
        result[key] = _known_value(given.get(key), answer.get(key), old.get(key))
    return result


def _known_value(given: Json, answer: Json, old: Json) -> Json:
    if isinstance(given, dict) and isinstance(answer, dict):
        return _known(given, answer, mapping(old))
    if isinstance(given, list) and isinstance(answer, list) and len(given) == len(answer):
        before = old if isinstance(old, list) and len(old) == len(given) else [None] * len(given)
        return [_known_value(*parts) for parts in zip(given, answer, before, strict=True)]
    if given is not None:
        return given
    return answer if old is not None and same(old, answer) else UNKNOWN


def refreshed(inputs: Document, *, held: Document, live: Document) -> Document:
    """The inputs as the cluster holds them now: a member that changed since the last operation takes its live value.

    What the server only writes differently (quantities, defaults) is the same in `held`, the state of the last
    operation, and in `live`, and stays as the program gave it.
    """
    result: Document = {}
    for key, value in inputs.items():
        if key.startswith("__"):
            result[key] = value
            continue
        refreshed_value = _refreshed_value(value, held.get(key), live.get(key))
        if refreshed_value is not None:
            result[key] = refreshed_value
    return result


def _refreshed_value(given: Json, held: Json, live: Json) -> Json:
    if live is not None and same(held, live):
        return given
    if isinstance(given, dict) and isinstance(live, dict):
        return refreshed(given, held=mapping(held), live=live)
    if isinstance(given, list) and isinstance(live, list) and isinstance(held, list):
        if len(given) == len(held) == len(live):
            return [_refreshed_value(*parts) for parts in zip(given, held, live, strict=True)]
        return live
    return given if held is None and live is None else live


def imported(live: Document) -> Document:
    """The inputs of an object that no program has declared yet: all of it but what the server wrote."""
    metadata = {key: value for key, value in metadata_of(live).items() if key not in _SERVER_METADATA}
    notes = {key: part for key, part in mapping(metadata.get("annotations")).items() if key not in _SERVER_ANNOTATIONS}
    metadata["annotations"] = notes
    if not notes:
        del metadata["annotations"]
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def with_live(manifest: Document, live: Document, *, paths: Sequence[str]) -> Document:
    """The manifest with its ignored paths as the cluster holds them, so that applying takes them from nobody."""
    result = _copied(manifest)
    for path in paths:
        live_value = at_path(live, path)
        if live_value is not None and at_path(result, path) is not None and "[" not in path:
            with_path(result, path, value=live_value)
    return result


def _copied(document: Document) -> Document:
    return {key: _copied(part) if isinstance(part, dict) else part for key, part in document.items()}


def with_manager(live: Document, manager: str) -> Document:
    """The state of an object: what is there, and under which name its fields are owned."""
    return {**live, MANAGER_KEY: manager}
