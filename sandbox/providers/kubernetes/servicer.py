"""The stand-in for `pulumi-resource-kubernetes`: manifests held against the SDK's types and written to disk."""

from __future__ import annotations

import hashlib
from typing import NoReturn

import grpc
from google.protobuf import empty_pb2

from quantos.errors import QuantosError, SandboxError
from sandbox.providers.aws.comparison import differences
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from sandbox.providers.schema import SdkSchemas, UnknownTypeError
from sandbox.providers.validation import failures
from sandbox.providers.values import Document, from_struct, mapping, text, to_struct, without_nothing

_REPLACING = ("apiVersion", "kind", "metadata.name", "metadata.namespace")


class KubernetesSchemas(SdkSchemas):
    """Types of `pulumi_kubernetes`, whose modules are named by the first label of the API group."""

    def __init__(self) -> None:
        super().__init__("pulumi_kubernetes")

    def _module(self, token: str) -> tuple[str, str]:
        group, _, version = token.partition(":")[2].rpartition(":")[0].partition("/")
        class_name = token.rpartition(":")[2]
        relative = f"{group.partition('.')[0]}/{version}/{class_name}.py"
        if not (self.root / relative).is_file():
            raise UnknownTypeError(
                f"the Kubernetes stand-in has no type {token}: only kinds of the installed SDK, no charts or CRDs",
                remedy="run against a cluster with the real provider for this type",
            )
        return relative, class_name


def _abort(context: grpc.ServicerContext, error: QuantosError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{error.what}; {error.remedy}")
    raise AssertionError


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Keeps objects as files; nothing runs, and no server checks them."""

    def __init__(self, schemas: KubernetesSchemas) -> None:
        self._schemas = schemas

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Version of the SDK which it stands in for."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._schemas.version)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """A cluster's address is refused: server-side apply is not here yet, and a file is no cluster."""
        del context
        wrong = [name for name in ("kubeconfig", "context", "cluster") if from_struct(request.news).get(name)]
        reason = "the Kubernetes stand-in writes manifests to disk and reaches no cluster"
        found = [provider_pb2.CheckFailure(property=name, reason=reason) for name in wrong]
        return provider_pb2.CheckResponse(inputs=request.news, failures=found)

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """No setting matters to manifests on disk."""
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Ready at once."""
        del request, context
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Hold a manifest against the SDK's types; name it as the real provider does where it has no name."""
        news = without_nothing(from_struct(request.news))
        try:
            fields = self._schemas.type(_token(request.urn)).inputs
        except QuantosError as error:
            _abort(context, error)
        found = [
            provider_pb2.CheckFailure(property=failure.path, reason=failure.reason)
            for failure in failures(self._schemas, fields, value=news)
        ]
        found += [
            provider_pb2.CheckFailure(property=name, reason=f"missing required property {name}")
            for name in ("apiVersion", "kind")
            if not news.get(name)
        ]
        metadata = mapping(news.get("metadata"))
        if not metadata.get("name"):
            old = mapping(from_struct(request.olds).get("metadata")).get("name")
            seed = hashlib.sha256(request.randomSeed).hexdigest()[:8]
            metadata["name"] = old or f"{request.urn.split('::', 3)[3].lower()}-{seed}"
        return provider_pb2.CheckResponse(inputs=to_struct({**news, "metadata": metadata}), failures=found)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """What differs; another name, namespace or kind is another object."""
        del context
        kinds = provider_pb2.PropertyDiff
        detailed: dict[str, provider_pb2.PropertyDiff] = {}
        for found in differences(from_struct(request.old_inputs), from_struct(request.news)):
            suffix = "_REPLACE" if found.path in _REPLACING else ""
            detailed[found.path] = kinds(kind=kinds.Kind.Value(found.kind.upper() + suffix), inputDiff=True)
        replaces = [path for path in detailed if path in _REPLACING]
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(
            changes=some if detailed else none, detailedDiff=detailed, hasDetailedDiff=True, replaces=replaces
        )

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Write the manifest; an object of this name that is there already is an error, as on a server."""
        manifest = from_struct(request.properties)
        metadata = mapping(manifest.get("metadata"))
        identity = "/".join(text(metadata[key]) for key in ("namespace", "name") if metadata.get(key))
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        try:
            folder = ManifestFolder.from_environment()
            if folder.read(manifest) is not None:
                kind = text(manifest.get("kind"))
                raise SandboxError(f"{kind} {identity} already exists", remedy="import it, or take another name")
            folder.write(manifest)
        except QuantosError as error:
            _abort(context, error)
        return provider_pb2.CreateResponse(id=identity, properties=request.properties)

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """The manifest as it is on disk; an empty answer when it is gone."""
        try:
            found = ManifestFolder.from_environment().read(from_struct(request.properties))
        except QuantosError as error:
            _abort(context, error)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(found), inputs=to_struct(found))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Write the manifest anew."""
        if not request.preview:
            self._keep(context, from_struct(request.news))
        return provider_pb2.UpdateResponse(properties=request.news)

    def _keep(self, context: grpc.ServicerContext, manifest: Document) -> None:
        try:
            ManifestFolder.from_environment().write(manifest)
        except QuantosError as error:
            _abort(context, error)

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Remove the manifest."""
        try:
            ManifestFolder.from_environment().remove(from_struct(request.properties))
        except QuantosError as error:
            _abort(context, error)
        return empty_pb2.Empty()
