"""`yaml/v2` ConfigFile and ConfigGroup: components whose children are the objects of manifests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import grpc

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.marks import bare, holds_secret, reference, secret, shielded
from sandbox.providers.kubernetes.yaml_documents import decoded, objects_of, read_files
from sandbox.providers.plugin import MESSAGE_BYTES
from sandbox.providers.protocol import provider_pb2, resource_pb2, resource_pb2_grpc
from sandbox.providers.values import (
    UNKNOWN,
    Document,
    Json,
    from_struct,
    holds_unknown,
    items,
    mapping,
    text,
    to_struct,
)

CONFIG_FILE, CONFIG_GROUP = "kubernetes:yaml/v2:ConfigFile", "kubernetes:yaml/v2:ConfigGroup"
_INPUTS = {
    CONFIG_FILE: frozenset({"file", "resourcePrefix", "skipAwait"}),
    CONFIG_GROUP: frozenset({"files", "objs", "resourcePrefix", "skipAwait", "yaml"}),
}
_FIRST = ("Namespace", "CustomResourceDefinition")


@dataclass(frozen=True, kw_only=True)
class Manifests:
    """What a component was given: `objects` is None while nobody can know them, `secret` where an input is one."""

    objects: list[Document] | None
    prefix: str
    skip_await: bool
    secret: bool = False


def manifests(token: str, *, name: str, inputs: Document) -> Manifests:
    """The objects of a ConfigFile's or ConfigGroup's inputs, namespaces and definitions first.

    Raises:
        SandboxError: another component, an unknown input, files that cannot be read, or no manifests in them.
    """
    if token not in _INPUTS:
        raise SandboxError(
            f"the Kubernetes stand-in has no component {token}: it renders no charts or kustomizations",
            remedy="render them to a file, and declare that with yaml.v2.ConfigFile",
        )
    if unknown := sorted(inputs.keys() - _INPUTS[token]):
        raise SandboxError(f"{token} has no input {', '.join(unknown)}", remedy=f"give {', '.join(_INPUTS[token])}")
    given = {key: bare(value) for key, value in inputs.items()}
    prefix, skips = text(given.get("resourcePrefix", name)), given.get("skipAwait") is True
    if any(holds_unknown(value) for key, value in given.items() if key != "objs") or _unnamed(given.get("objs")):
        return Manifests(objects=None, prefix=prefix, skip_await=skips)
    files = [text(path) for path in [*items(given.get("files")), *items(given.get("file"))]]
    objects = read_files(files) + decoded(text(given.get("yaml")))
    objects += [each for listed in items(given.get("objs")) for each in objects_of(listed)]
    for each in objects:
        if not form.metadata_of(each).get("name"):
            raise SandboxError(f"a {text(each.get('kind'))} has no metadata.name", remedy="name every object")
    ordered = sorted(objects, key=lambda each: text(each.get("kind")) not in _FIRST)
    return Manifests(objects=ordered, prefix=prefix, skip_await=skips, secret=holds_secret(inputs))


def _unnamed(objects: Json) -> bool:
    """Whether it is not known yet which objects there are."""
    for each in items(objects):
        metadata = form.metadata_of(mapping(each))
        names = [mapping(each).get("kind"), mapping(each).get("apiVersion"), metadata.get("name")]
        if each == UNKNOWN or UNKNOWN in (*names, metadata.get("namespace")):
            return True
    return False


class YamlComponent:
    """One component under construction, on the engine's resource monitor."""

    def __init__(self, request: provider_pb2.ConstructRequest, *, version: str) -> None:
        self._request = request
        self._version = version
        limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
        self._channel = grpc.insecure_channel(request.monitorEndpoint, options=limits)
        self._monitor = resource_pb2_grpc.ResourceMonitorStub(self._channel)

    def constructed(self) -> provider_pb2.ConstructResponse:
        """Register the component and an object after the other.

        Raises:
            SandboxError: as `manifests` does.
            grpc.RpcError: the engine refused one of them, and has said why.
        """
        manifest_set = manifests(self._request.type, name=self._request.name, inputs=from_struct(self._request.inputs))
        with self._channel:
            urn = self._monitor.RegisterResource(self._component()).urn
            outputs: Document = {"resources": UNKNOWN}
            if manifest_set.objects is not None:
                outputs = {"resources": self._children(urn, manifest_set, manifest_set.objects)}
            self._monitor.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=to_struct(outputs))
            )
        return provider_pb2.ConstructResponse(urn=urn, state=to_struct(outputs))

    def _component(self) -> resource_pb2.RegisterResourceRequest:
        request = self._request
        return resource_pb2.RegisterResourceRequest(
            type=request.type,
            name=request.name,
            parent=request.parent,
            dependencies=request.dependencies,
            providers=request.providers,
            protect=request.protect,
            aliases=request.aliases,
            aliasSpecs=True,
            acceptSecrets=True,
            acceptResources=True,
        )

    def _children(self, urn: str, manifest_set: Manifests, objects: Iterable[Document]) -> list[Json]:
        references: list[Json] = []
        first: list[str] = []
        for each in objects:
            answer = self._monitor.RegisterResource(self._child(urn, manifest_set, each, after=first))
            if each.get("kind") in _FIRST:
                first.append(answer.urn)
            references.append(reference(answer.urn, identifier=answer.id, version=self._version))
        return references

    def _child(
        self, urn: str, manifest_set: Manifests, each: Document, *, after: list[str]
    ) -> resource_pb2.RegisterResourceRequest:
        api_version, kind = text(each.get("apiVersion")), text(each.get("kind"))
        group = api_version if "/" in api_version else f"core/{api_version}"
        name = "-".join(part for part in (manifest_set.prefix, form.identity(each)) if part)
        return resource_pb2.RegisterResourceRequest(
            type=f"kubernetes:{group}:{kind}",
            name=name,
            parent=urn,
            custom=True,
            object=to_struct(_declared(each, manifest_set)),
            provider=self._request.providers.get("kubernetes", ""),
            version=self._version,
            dependencies=[] if kind in _FIRST else after,
            protect=self._request.protect,
            retainOnDelete=self._request.retainOnDelete,
            acceptSecrets=True,
            acceptResources=True,
        )


def _declared(each: Document, manifest_set: Manifests) -> Document:
    """The object as a program would declare it; all of it is secret where any of the component's inputs was."""
    metadata = form.metadata_of(each)
    if manifest_set.skip_await:
        notes = {**mapping(metadata.get("annotations")), form.SKIP_AWAIT: "true"}
        each = {**each, "metadata": {**metadata, "annotations": notes}}
    if not manifest_set.secret:
        return shielded(each)
    named = ("apiVersion", "kind", "metadata")
    return {key: part if key in named else secret(part) for key, part in each.items()}
