"""The stand-in for `pulumi-resource-kubernetes`: applied on a cluster where one is given, else manifests on disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.protobuf.struct_pb2 import Struct

from quantos.errors import QuantosError
from quantos.urn import Urn
from sandbox.errors import SandboxError
from sandbox.providers.comparison import Difference, differences
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.check import Naming, checked
from sandbox.providers.kubernetes.configuration import (
    ProviderSettings,
    provider_failures,
    provider_settings,
    replacing_settings,
)
from sandbox.providers.kubernetes.engine_log import EngineLog
from sandbox.providers.kubernetes.kinds import KindOfObject, KubernetesSchemas
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.marks import bare_document, shielded
from sandbox.providers.kubernetes.objects import Objects, ObjectState, Wanted
from sandbox.providers.kubernetes.place import place_of_objects
from sandbox.providers.kubernetes.readiness import NotReadyError, Patience
from sandbox.providers.kubernetes.releases import Releases, checked_release, imported_release, release_identity
from sandbox.providers.kubernetes.replacement import replaces, replacing_paths
from sandbox.providers.kubernetes.yaml_components import YamlComponent
from sandbox.providers.kubernetes.yaml_documents import decoded
from sandbox.providers.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, from_struct, text, to_struct

DECODE = "kubernetes:yaml:decode"


def _plain(message: Struct) -> Document:
    return bare_document(from_struct(message))


def _shown(document: Document, *like: Struct) -> Struct:
    return to_struct(shielded(document, *(from_struct(each) for each in like)))


def _abort(context: grpc.ServicerContext, error: QuantosError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{error.what}; {error.remedy}")
    raise AssertionError


def _abort_not_ready(context: grpc.ServicerContext, error: NotReadyError, inputs: Struct) -> NoReturn:
    """The object is there, so that the engine keeps it in the state and finishes it next time."""
    from google.rpc import status_pb2  # noqa: PLC0415  only on this path

    details = provider_pb2.ErrorResourceInitFailed(
        id=form.identity(error.live),
        properties=_shown(error.live, inputs),
        inputs=inputs,
        reasons=[f"{error.what}; {error.remedy}"],
    )
    packed = any_pb2.Any()
    packed.Pack(details)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=error.what, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, error.what)
    raise AssertionError


@contextmanager
def _aborting(context: grpc.ServicerContext, *, inputs: Struct | None = None) -> Iterator[None]:
    """Tell the engine of a refusal; `inputs` are those of an object which may be there and not ready."""
    try:
        yield
    except NotReadyError as error:
        if inputs is None:
            _abort(context, error)
        _abort_not_ready(context, error, inputs)
    except QuantosError as error:
        _abort(context, error)
    except grpc.RpcError as error:
        details = error.details() if isinstance(error, grpc.Call) else str(error)
        context.abort(grpc.StatusCode.UNKNOWN, f"the engine refused: {details}")


def _property_diff(difference: Difference, *, replacing: bool) -> provider_pb2.PropertyDiff:
    name = difference.kind.upper() + ("_REPLACE" if replacing else "")
    return provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(name), inputDiff=True)


def _checked(inputs: Document, refusals: list[Failure], news: Struct) -> provider_pb2.CheckResponse:
    refused = [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in refusals]
    return provider_pb2.CheckResponse(inputs=_shown(inputs, news), failures=refused)


def _identity(kind: KindOfObject, document: Document) -> str:
    return release_identity(document) if kind.release else form.identity(document)


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the kinds of the installed SDK, custom kinds and releases; charts and lists are refused by name."""

    def __init__(self, schemas: KubernetesSchemas, log: EngineLog) -> None:
        self._schemas = schemas
        self._log = log
        self._settings: ProviderSettings | None = None
        self._place: Objects | None = None
        self._choosing = threading.Lock()
        self._patience = Patience()

    def _configured(self) -> ProviderSettings:
        if self._settings is None:
            raise SandboxError("the Kubernetes stand-in was not configured", remedy="start it through the engine")
        return self._settings

    @property
    def _objects(self) -> Objects:
        with self._choosing:
            if self._place is None:
                self._place = place_of_objects(self._configured(), waiting=self._patience)
            return self._place

    def _place_of(self, kind: KindOfObject) -> Objects:
        return Releases(self._objects) if kind.release else self._objects

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Version of the SDK which it stands in for."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._schemas.version)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Settings of the provider, against those which the stand-in honours."""
        del context
        check_failures = [
            provider_pb2.CheckFailure(property=failure.path, reason=failure.reason)
            for failure in provider_failures(_plain(request.news), environment=os.environ)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=check_failures)

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Another cluster replaces the provider and all under it, as in the real one."""
        del context
        old, new = _plain(request.old_inputs or request.olds), _plain(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        replacing = replacing_settings(old, new) if changed else []
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed, replaces=replacing)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the settings; a cluster is reached for when the first object needs it."""
        with _aborting(context):
            self._settings = provider_settings(_plain(request.args), environment=os.environ)
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=True)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """`kubernetes:yaml:decode`, which the SDK's ConfigFile and ConfigGroup call."""
        with _aborting(context):
            if request.tok != DECODE:
                raise SandboxError(
                    f"the Kubernetes stand-in has no function {request.tok}: it renders no charts or kustomizations",
                    remedy="render them to a file, and declare that with yaml.v2.ConfigFile",
                )
            arguments = _plain(request.args)
            manifests = [self._with_namespace(manifest, arguments) for manifest in decoded(text(arguments.get("text")))]
        response = provider_pb2.InvokeResponse()
        listed: list[Json] = [*manifests]
        getattr(response, "return").CopyFrom(to_struct({"result": listed}))
        return response

    def _with_namespace(self, manifest: Document, arguments: Document) -> Document:
        namespace = text(arguments.get("defaultNamespace"))
        if not namespace or form.metadata_of(manifest).get("namespace"):
            return manifest
        api_version, kind = text(manifest.get("apiVersion")), text(manifest.get("kind"))
        group = api_version if "/" in api_version else f"core/{api_version}"
        namespaced = self._objects.namespaced(self._schemas.kind_of(f"kubernetes:{group}:{kind}"))
        return form.in_namespace(manifest, namespace) if namespaced else manifest

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Hold a manifest against its type; name it as the real provider does where it has no name."""
        naming = Naming(resource_name=Urn.parse(request.urn).name, seed=request.randomSeed)
        news, olds = _plain(request.news), _plain(request.olds)
        with _aborting(context):
            kind = self._schemas.kind_of(Urn.parse(request.urn).type)
            if kind.release:
                inputs, refusals = checked_release(self._schemas, kind, news=news, olds=olds, naming=naming)
                return _checked(inputs, refusals, request.news)
            if kind.custom and isinstance(self._objects, ManifestFolder):
                unchecked = f"no cluster is given, so the {kind.kind} of {kind.api_version} is not held against its CRD"
                self._log.warn(unchecked, urn=request.urn)
            inputs, refusals = checked(self._schemas, kind, news=news, olds=olds, naming=naming, objects=self._objects)
        return _checked(inputs, refusals, request.news)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """What differs, and which of it needs another object; that has the old one's name only once it is gone."""
        old, new, held = _plain(request.old_inputs), _plain(request.news), _plain(request.olds)
        with _aborting(context):
            kind = self._schemas.kind_of(Urn.parse(request.urn).type)
            paths = replacing_paths(kind, mutable=self._mutable(new))
        if not form.metadata_of(old).get("namespace") and (namespace := text(form.metadata_of(held).get("namespace"))):
            old = form.in_namespace(old, namespace)
            new = new if form.metadata_of(new).get("namespace") else form.in_namespace(new, namespace)
        detailed: dict[str, provider_pb2.PropertyDiff] = {}
        replacing: list[str] = []
        for difference in differences(old, new):
            another = replaces(difference.path, paths=paths)
            replacing += [difference.path] if another else []
            detailed[difference.path] = _property_diff(difference, replacing=another)
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(
            changes=some if detailed else none,
            diffs=sorted({path.partition(".")[0].partition("[")[0] for path in detailed}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            replaces=replacing,
            deleteBeforeReplace=bool(replacing) and _identity(kind, new) == _identity(kind, held),
        )

    def _mutable(self, new: Document) -> frozenset[str]:
        return frozenset() if new.get("immutable") is True else self._configured().mutable

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create, or say what creation would give."""
        inputs = _plain(request.properties)
        with _aborting(context, inputs=request.properties):
            wanted = Wanted(
                kind=self._schemas.kind_of(Urn.parse(request.urn).type),
                manifest=inputs,
                urn=request.urn,
                preview=request.preview,
                timeout_seconds=request.timeout,
            )
            state = self._place_of(wanted.kind).create(wanted)
        identifier = "" if request.preview else _identity(wanted.kind, state)
        return provider_pb2.CreateResponse(id=identifier, properties=_shown(state, request.properties))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change in place, or say what that would give."""
        inputs = _plain(request.news)
        with _aborting(context, inputs=request.news):
            wanted = Wanted(
                kind=self._schemas.kind_of(Urn.parse(request.urn).type),
                manifest=inputs,
                urn=request.urn,
                held=_plain(request.olds),
                preview=request.preview,
                timeout_seconds=request.timeout,
                ignored=tuple(request.ignoreChanges),
            )
            state = self._place_of(wanted.kind).update(wanted)
        return provider_pb2.UpdateResponse(properties=_shown(state, request.news))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """What is there now and the inputs that would give it; an empty answer when it is gone."""
        with _aborting(context):
            held = self._held(request.urn, request.id, request.properties)
            live = self._place_of(held.kind).read(held)
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = _plain(request.inputs)
        plain = {key: value for key, value in live.items() if key != form.MANAGER_KEY}
        imported = imported_release if held.kind.release else form.imported
        shown = form.refreshed(inputs, held=held.state, live=plain) if inputs else imported(plain)
        return provider_pb2.ReadResponse(
            id=request.id or _identity(held.kind, live),
            properties=_shown(live, request.properties, request.inputs),
            inputs=_shown(shown, request.inputs),
        )

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Delete; an object which is gone already counts as deleted."""
        with _aborting(context):
            held = self._held(request.urn, request.id, request.properties, timeout_seconds=request.timeout)
            self._place_of(held.kind).delete(held)
        return empty_pb2.Empty()

    def _held(self, urn: str, identifier: str, properties: Struct, *, timeout_seconds: float = 0.0) -> ObjectState:
        kind = self._schemas.kind_of(Urn.parse(urn).type)
        state = _plain(properties)
        return ObjectState(kind=kind, identifier=identifier, urn=urn, state=state, timeout_seconds=timeout_seconds)

    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """The SDK's components for manifests, made of objects as if the program had declared them."""
        with _aborting(context):
            return YamlComponent(request, version=self._schemas.version).constructed()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Stop waiting for anything."""
        del request, context
        self._patience.cancel()
        return empty_pb2.Empty()
