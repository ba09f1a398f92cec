"""The stand-in for `pulumi-resource-aws`: the provider protocol over rows."""

from __future__ import annotations

import os
from typing import NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2

from quantos.errors import QuantosError
from quantos.urn import Urn
from sandbox.errors import SandboxError
from sandbox.providers.account import Account
from sandbox.providers.aws.configuration import provider_account, provider_failures
from sandbox.providers.aws.invokes import INVOKES
from sandbox.providers.aws.lifecycle import Naming, Resource, UnsettledError
from sandbox.providers.aws.row import ResourceState, Row
from sandbox.providers.aws.rows import find_row
from sandbox.providers.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, from_struct, to_struct

_DIFF_KINDS = {"add": "ADD", "delete": "DELETE", "update": "UPDATE"}


def _abort(context: grpc.ServicerContext, error: QuantosError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{error.what}; {error.remedy}")
    raise AssertionError


def _check_failures(refusals: list[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in refusals]


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves every type that has a row; any other is refused by its name."""

    def __init__(self, schemas: SdkSchemas) -> None:
        self._schemas = schemas
        self._account: Account | None = None

    def _resource(self, token: str) -> Resource:
        return Resource(self._row(token), self._configured(), self._schemas)

    def _row(self, token: str) -> Row:
        self._schemas.type(token)
        return find_row(token)

    def _configured(self) -> Account:
        if self._account is None:
            raise SandboxError("the AWS stand-in was not configured", remedy="start it through the Pulumi engine")
        return self._account

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Version of the SDK which it stands in for."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._schemas.version)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Settings of the provider, against those which the stand-in honours."""
        del context
        refusals = list(provider_failures(from_struct(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_check_failures(refusals))

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """A changed region replaces the provider and all under it, as in the real one."""
        del context
        old, new = from_struct(request.olds), from_struct(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        replaces = [name for name in changed if name == "region" and old.get(name) is not None]
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed, replaces=replaces)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Bind to the account of the environment; secrets and outputs are left to the engine."""
        try:
            self._account = provider_account(from_struct(request.args), environment=os.environ)
        except QuantosError as error:
            _abort(context, error)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:  # noqa: N802
        """A function of the provider."""
        try:
            function = INVOKES.get(request.tok)
            if function is None:
                raise SandboxError(
                    f"the AWS stand-in has no function {request.tok}",
                    remedy="add it to sandbox/providers/aws/invokes.py",
                )
            result = function(self._configured(), from_struct(request.args))
        except QuantosError as error:
            _abort(context, error)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))
        return response

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802
        """Hold inputs against the SDK's types and AWS's refusals."""
        naming = Naming(Urn.parse(request.urn).name, request.randomSeed)
        try:
            resource = self._resource(Urn.parse(request.urn).type)
            inputs, refusals = resource.checked(
                from_struct(request.news), olds=from_struct(request.olds), naming=naming
            )
        except QuantosError as error:
            _abort(context, error)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_check_failures(refusals))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802
        """Which properties differ and which of them replace."""
        existing = ResourceState(request.id, from_struct(request.olds))
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        try:
            resource = self._resource(Urn.parse(request.urn).type)
            differences = resource.differences(existing, old=old, new=new)
        except QuantosError as error:
            _abort(context, error)
        detailed: dict[str, provider_pb2.PropertyDiff] = {}
        replaces: list[str] = []
        for difference in differences:
            replacing = resource.row.replacing(difference.path)
            kind = _DIFF_KINDS[difference.kind] + ("_REPLACE" if replacing else "")
            detailed[difference.path] = provider_pb2.PropertyDiff(
                kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=difference.path != "tagsAll"
            )
            if replacing:
                replaces.append(difference.path)
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(
            changes=some if detailed else none,
            diffs=sorted({path.partition(".")[0].partition("[")[0] for path in detailed}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and resource.deletes_first(new),
        )

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create, or say what creation would give."""
        inputs = from_struct(request.properties)
        try:
            resource = self._resource(Urn.parse(request.urn).type)
            if request.preview:
                return provider_pb2.CreateResponse(properties=to_struct(resource.preview_created(inputs)))
            existing = resource.created(inputs)
        except UnsettledError as error:
            self._abort_unsettled(context, error, inputs=inputs)
        except QuantosError as error:
            _abort(context, error)
        return provider_pb2.CreateResponse(id=existing.id, properties=to_struct(existing.state))

    def _abort_unsettled(self, context: grpc.ServicerContext, error: UnsettledError, *, inputs: Document) -> NoReturn:
        from google.rpc import status_pb2  # noqa: PLC0415  only on this path

        details = provider_pb2.ErrorResourceInitFailed(
            id=error.existing.id,
            properties=to_struct(error.existing.state),
            inputs=to_struct(inputs),
            reasons=[f"{error.what}; {error.remedy}"],
        )
        packed = any_pb2.Any()
        packed.Pack(details)
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=error.what, details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, error.what)
        raise AssertionError

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802
        """Actual inputs and outputs; an empty answer when the object is gone."""
        existing = ResourceState(request.id, from_struct(request.properties))
        try:
            actual = self._resource(Urn.parse(request.urn).type).read(existing, inputs=from_struct(request.inputs))
        except QuantosError as error:
            _abort(context, error)
        if actual is None:
            return provider_pb2.ReadResponse()
        outputs, inputs = actual
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change in place, or say what that would give."""
        existing = ResourceState(request.id, from_struct(request.olds))
        inputs, old_inputs = from_struct(request.news), from_struct(request.old_inputs)
        try:
            resource = self._resource(Urn.parse(request.urn).type)
            if request.preview:
                outputs = resource.preview_updated(inputs, olds=dict(existing.state), old_inputs=old_inputs)
            else:
                outputs = resource.updated(existing, inputs=inputs, old_inputs=old_inputs)
        except QuantosError as error:
            _abort(context, error)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Delete; an object which is gone already counts as deleted."""
        try:
            self._resource(Urn.parse(request.urn).type).deleted(
                ResourceState(request.id, from_struct(request.properties))
            )
        except QuantosError as error:
            _abort(context, error)
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Operations are short; nothing is left to cancel."""
        del request, context
        return empty_pb2.Empty()
