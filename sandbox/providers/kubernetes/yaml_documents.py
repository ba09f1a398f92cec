"""Objects in YAML texts and files."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sandbox.errors import SandboxError
from sandbox.providers.values import Document, Json, items, mapping, text

if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _TextDates(_SafeLoader):
    """Dates stay text, as in JSON, which manifests are."""


_TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
}


def decoded(source: str) -> list[Document]:
    """Objects of a text of YAML documents, lists taken apart, empty documents left out.

    Raises:
        SandboxError: no YAML, or a document without apiVersion and kind.
    """
    try:
        documents = list(yaml.load_all(source, _TextDates))
    except yaml.YAMLError as error:
        raise SandboxError(f"the manifests are no YAML: {error}", remedy="correct the text") from error
    return [manifest for document in documents if document for manifest in objects_of(_with_text_keys(document))]


def _with_text_keys(value: Json) -> Json:
    """The value as JSON has it: `on: 1` is a key of YAML 1.1 that says true."""
    if isinstance(value, list):
        return [_with_text_keys(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {key if isinstance(key, str) else json.dumps(key): _with_text_keys(part) for key, part in value.items()}


def objects_of(document: Json) -> Iterator[Document]:
    """The document, or what it lists. Raises SandboxError where it is no object."""
    manifest = mapping(document)
    kind = text(manifest.get("kind"))
    if not manifest.get("apiVersion") or not kind:
        said = str(document)[:100]
        raise SandboxError(f"a manifest has no apiVersion and kind: {said}", remedy="give both in every document")
    if kind.endswith("List") and isinstance(manifest.get("items"), list):
        for item in items(manifest["items"]):
            yield from objects_of(item)
    else:
        yield manifest


def read_files(patterns: list[str]) -> list[Document]:
    """Objects of the files that paths or glob patterns name, in order.

    Raises:
        SandboxError: a file is not there or cannot be read; an address, since the stand-in fetches nothing.
    """
    manifests: list[Document] = []
    for pattern in patterns:
        if "://" in pattern:
            raise SandboxError(f"{pattern} is an address", remedy="download the manifests and give their file")
        wild = any(mark in pattern for mark in "*?[")
        paths = sorted(glob.glob(pattern)) if wild else [pattern]  # noqa: PTH207  patterns may be absolute
        if not paths:
            raise SandboxError(f"no file matches {pattern}", remedy="correct the pattern")
        for path in paths:
            try:
                source = Path(path).read_text(encoding="utf-8")
            except OSError as error:
                raise SandboxError(f"{path} cannot be read: {error}", remedy="correct the path") from error
            manifests += decoded(source)
    return manifests
