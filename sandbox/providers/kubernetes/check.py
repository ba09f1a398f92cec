"""What a program may declare: a manifest held against the SDK's types, named and put into a namespace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.grammar import grammar_failures
from sandbox.providers.kubernetes.kinds import KindOfObject, KubernetesSchemas
from sandbox.providers.kubernetes.objects import Objects
from sandbox.providers.validation import Failure, failures
from sandbox.providers.values import UNKNOWN, Document, mapping, text, without_nothing


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What a name is made of where the program gives none."""

    resource_name: str
    seed: bytes


def checked(
    schemas: KubernetesSchemas, kind: KindOfObject, *, news: Document, olds: Document, naming: Naming, objects: Objects
) -> tuple[Document, list[Failure]]:
    """The manifest as it will be applied, and every way in which it breaks its type.

    Raises:
        SandboxError: the cluster cannot be asked whether the kind has namespaces.
    """
    given = without_nothing(news)
    refusals = list(_failures(schemas, kind, given))
    metadata = {**form.metadata_of(given)}
    if not metadata.get("name") and not metadata.get("generateName"):
        if kind.patch:
            refusals.append(Failure("metadata.name", "a patch must name what it patches"))
        else:
            _name(metadata, old=form.metadata_of(olds), naming=naming)
    if not metadata.get("namespace") and objects.namespaced(kind):
        metadata["namespace"] = objects.default_namespace
    return {**given, "metadata": metadata}, refusals


def _name(metadata: Document, *, old: Document, naming: Naming) -> None:
    autonamed = mapping(old.get("annotations")).get(form.AUTONAMED) == "true"
    seed = hashlib.sha256(naming.seed).hexdigest()[:8]
    metadata["name"] = old["name"] if autonamed else f"{naming.resource_name.lower()}-{seed}"
    metadata["annotations"] = {**mapping(metadata.get("annotations")), form.AUTONAMED: "true"}


def _failures(schemas: KubernetesSchemas, kind: KindOfObject, given: Document) -> Iterator[Failure]:
    if kind.custom:
        metadata = form.metadata_of(given)
        yield from failures(schemas, schemas.metadata, value=metadata, path="metadata")
    else:
        yield from failures(schemas, schemas.inputs(kind), value=given)
    yield from grammar_failures(kind, given)
    for name, wanted in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        value = text(given.get(name))
        if not value:
            yield Failure(name, f"missing required property {name}")
        elif value not in (wanted, UNKNOWN):
            yield Failure(name, f"{kind.token} is {wanted}, not {value}")
    notes = mapping(form.metadata_of(given).get("annotations"))
    for name in sorted(form.REFUSED_ANNOTATIONS & notes.keys()):
        yield Failure(f"metadata.annotations.{name}", f"the Kubernetes stand-in does not honour {name}")
