"""API Gateway's HTTP APIs: routes, authorizers, integrations, stages; domains in the stand-in's store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from sandbox.providers.account import ApiError
from sandbox.providers.aws.api_object import ApiObject, Update
from sandbox.providers.aws.api_shapes import ApiRequest
from sandbox.providers.aws.kept_object import KeptObject
from sandbox.providers.aws.row import Change, HandlerContext, ResourceState, Row, Tagging
from sandbox.providers.aws.translation import Encoding
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, items, mapping, text

_SERVICE = "apigatewayv2"
_GONE = frozenset({"NotFoundException"})


def _tagging(resource: str) -> Tagging:
    return Tagging(
        member="Tags",
        add="tag_resource",
        remove="untag_resource",
        keys="TagKeys",
        identity=("ResourceArn", "arn:{partition}:apigateway:{region}::" + resource),
        described="Tags",
    )


def _refused(operation: str, message: str, *, reason: str = "BadRequestException") -> ApiError:
    return ApiError(service=_SERVICE, operation=operation, reason=reason, message=message)


def _http_only(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("protocolType") not in {"HTTP", None}:
        yield Failure("protocolType", "the stand-in holds HTTP APIs only")


_API_SETTINGS = frozenset(
    {
        "apiKeySelectionExpression",
        "corsConfiguration",
        "description",
        "disableExecuteApiEndpoint",
        "name",
        "routeSelectionExpression",
        "version",
    }
)

API = Row(
    resource="aws:apigatewayv2/api:Api",
    name="name",
    name_limit=128,
    replaces=frozenset({"protocolType"}),
    kept=frozenset({"ipAddressType"}),
    refusals=_http_only,
    differs="answers no request, checks no token and throttles nothing; a cross-origin setting cannot be taken away",
    handler=ApiObject(
        service=_SERVICE,
        create_operation="create_api",
        read_operation="get_api",
        delete_operation="delete_api",
        identity={"ApiId": "{id}"},
        id_at="ApiId",
        gone=_GONE,
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/apis/{id}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
        },
        present=lambda *_: {"ipAddressType": "ipv4"},
        tagging=_tagging("/apis/{id}"),
        updates=(Update(names=_API_SETTINGS, operation="update_api"),),
    ),
)


class _OfApi(ApiObject):
    """What belongs to an API; an import names it `<api>/<object>`."""

    def _properties(self, context: HandlerContext, existing: ResourceState) -> Document:
        known = super()._properties(context, existing)
        api, slash, own = existing.id.partition("/")
        return {**known, "apiId": api, "id": own} if slash else known

    def _presented(self, context: HandlerContext, existing: ResourceState, description: Document) -> Document:
        return {
            **super()._presented(context, existing, description),
            "apiId": self._properties(context, existing).get("apiId"),
        }


AUTHORIZER = Row(
    resource="aws:apigatewayv2/authorizer:Authorizer",
    name="name",
    name_limit=128,
    replaces=frozenset({"apiId"}),
    differs="the issuer is not reached, where AWS asks it for its OpenID configuration",
    handler=_OfApi(
        service=_SERVICE,
        create_operation="create_authorizer",
        read_operation="get_authorizer",
        delete_operation="delete_authorizer",
        identity={"ApiId": "{apiId}", "AuthorizerId": "{id}"},
        id_at="AuthorizerId",
        gone=_GONE,
        renames={"identitySources": "IdentitySource", "jwtConfiguration.audiences": "Audience"},
        present=lambda _, description, __: {
            "authorizerResultTtlInSeconds": description.get("AuthorizerResultTtlInSeconds") or 0
        },
        updates=(
            Update(
                names=frozenset({"authorizerType", "identitySources", "jwtConfiguration", "name"}),
                operation="update_authorizer",
            ),
        ),
    ),
)


def _no_response_mapping(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("responseParameters"):
        yield Failure("responseParameters", "the stand-in does not model response mappings")


INTEGRATION = Row(
    resource="aws:apigatewayv2/integration:Integration",
    replaces=frozenset({"apiId", "integrationSubtype", "integrationType"}),
    refusals=_no_response_mapping,
    differs="calls nothing; the function is not looked up",
    handler=_OfApi(
        service=_SERVICE,
        create_operation="create_integration",
        read_operation="get_integration",
        delete_operation="delete_integration",
        identity={"ApiId": "{apiId}", "IntegrationId": "{id}"},
        id_at="IntegrationId",
        gone=_GONE,
        renames={"timeoutMilliseconds": "TimeoutInMillis"},
        present=lambda _, description, __: {
            "connectionType": description.get("ConnectionType") or "INTERNET",
            "payloadFormatVersion": description.get("PayloadFormatVersion") or "1.0",
            "integrationResponseSelectionExpression": "",
        },
        updates=(
            Update(
                names=frozenset(
                    {
                        "connectionId",
                        "connectionType",
                        "credentialsArn",
                        "description",
                        "integrationMethod",
                        "integrationUri",
                        "payloadFormatVersion",
                        "requestParameters",
                        "timeoutMilliseconds",
                        "tlsConfig",
                    }
                ),
                operation="update_integration",
            ),
        ),
    ),
)

_ROUTE_SETTINGS = frozenset(
    {
        "apiKeyRequired",
        "authorizationScopes",
        "authorizationType",
        "authorizerId",
        "operationName",
        "routeKey",
        "target",
    }
)


def _rerouted(context: HandlerContext, change: Change) -> None:
    if change.old.get("authorizationScopes") and not change.new.get("authorizationScopes"):
        raise _refused("UpdateRoute", "moto cannot take a route's last scope away; replace the route")
    shape = context.account.input_shape(_SERVICE, "update_route")
    wanted = {name: change.new[name] for name in change.names & _ROUTE_SETTINGS if change.new.get(name) is not None}
    names: Document = {"ApiId": change.new["apiId"], "RouteId": change.existing.id.rpartition("/")[2]}
    context.account.call(_SERVICE, "update_route", {**names, **Encoding({}).request(wanted, shape)})


def _guarded(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("authorizationType") == "JWT" and not inputs.get("authorizerId"):
        yield Failure("authorizerId", "a route of authorization type JWT needs an authorizer")
    if inputs.get("requestParameters"):
        yield Failure("requestParameters", "are of WebSocket APIs, which the stand-in does not hold")


ROUTE = Row(
    resource="aws:apigatewayv2/route:Route",
    replaces=frozenset({"apiId"}),
    refusals=_guarded,
    differs="leads nowhere; authorizer and target are not looked up; taking a route's last scope away is refused",
    handler=_OfApi(
        service=_SERVICE,
        create_operation="create_route",
        read_operation="get_route",
        delete_operation="delete_route",
        identity={"ApiId": "{apiId}", "RouteId": "{id}"},
        id_at="RouteId",
        gone=_GONE,
        present=lambda _, description, __: {"authorizationType": description.get("AuthorizationType") or "NONE"},
        updates=(Update(names=_ROUTE_SETTINGS, send=_rerouted),),
    ),
)


def _staged(context: HandlerContext, inputs: Mapping[str, Json], request: Document) -> Document:
    """Route settings by route key, as the API takes them; a key without a route is refused."""
    wanted = {text(mapping(setting)["routeKey"]): mapping(setting) for setting in items(inputs.get("routeSettings"))}
    if not wanted:
        return request
    answer = context.account.call(_SERVICE, "get_routes", {"ApiId": inputs["apiId"]})
    there = {text(mapping(route).get("RouteKey")) for route in items(answer.get("Items"))}
    for key in sorted(wanted.keys() - there):
        message = f"Unable to find Route by key {key} within the provided RouteSettings"
        raise _refused("CreateStage", message, reason="NotFoundException")
    settings: Document = {
        key: {name[0].upper() + name[1:]: value for name, value in setting.items() if name != "routeKey"}
        for key, setting in wanted.items()
    }
    return {**request, "RouteSettings": settings}


def _stage(context: HandlerContext, description: Document, existing: ResourceState) -> Document:
    account, api = context.account, text(existing.state.get("apiId")) or existing.id.partition("/")[0]
    name = text(description.get("StageName"))
    path = "" if name == "$default" else name
    settings = [
        {"routeKey": key, **{part[0].lower() + part[1:]: value for part, value in mapping(setting).items()}}
        for key, setting in mapping(description.get("RouteSettings")).items()
    ]
    return {
        "arn": f"arn:{account.partition}:apigateway:{account.region}::/apis/{api}/stages/{name}",
        "executionArn": account.arn("execute-api", f"{api}/{name}"),
        "invokeUrl": f"https://{api}.execute-api.{account.region}.amazonaws.com/{path}",
        "deploymentId": hashlib.sha256(api.encode()).hexdigest()[:6],
        "routeSettings": [*settings],
    }


class _Stage(_OfApi):
    """A stage; moto cannot change one, so that a change makes it anew under the same name."""

    def update(self, context: HandlerContext, change: Change) -> None:
        """Write the stage anew; see `Handler`."""
        self.delete(context, change.existing)
        self.create(context, change.new)

    def changeable(self, name: str) -> bool:
        """All but whose stage it is."""
        return name not in {"apiId", "name"}


def _http_stage(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("clientCertificateId"):
        yield Failure("clientCertificateId", "is of WebSocket APIs, which the stand-in does not hold")
    for name in ("dataTraceEnabled", "loggingLevel"):
        if mapping(inputs.get("defaultRouteSettings")).get(name):
            yield Failure(f"defaultRouteSettings.{name}", "is of WebSocket APIs, which the stand-in does not hold")


STAGE = Row(
    resource="aws:apigatewayv2/stage:Stage",
    name="name",
    name_limit=128,
    replaces=frozenset({"apiId", "name"}),
    kept=frozenset({"deploymentId"}),
    refusals=_http_stage,
    differs="nothing is deployed, logged, measured or throttled; a change makes the stage anew",
    handler=_Stage(
        service=_SERVICE,
        create_operation="create_stage",
        read_operation="get_stage",
        delete_operation="delete_stage",
        identity={"ApiId": "{apiId}", "StageName": "{id}"},
        id_at="StageName",
        gone=_GONE,
        renames={"name": "StageName"},
        handled=frozenset({"routeSettings"}),
        prepare=_staged,
        present=_stage,
        tagging=_tagging("/apis/{apiId}/stages/{id}"),
    ),
)


def _modern_tls(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    wanted = {"endpointType": "REGIONAL", "securityPolicy": "TLS_1_2"}
    given = mapping(inputs.get("domainNameConfiguration"))
    for name, value in wanted.items():
        if given.get(name) != value:
            yield Failure(f"domainNameConfiguration.{name}", f"expected {value}, got {given.get(name)}")


def _domain(context: HandlerContext, identity: str, inputs: Mapping[str, Json]) -> Document:
    target = (
        f"d-{hashlib.sha256(identity.encode()).hexdigest()[:10]}.execute-api.{context.account.region}.amazonaws.com"
    )
    shown: Document = {"hostedZoneId": "Z1UJRXOUMOOFQ8", "targetDomainName": target, "ipAddressType": "ipv4"}
    return {
        "arn": f"arn:{context.account.partition}:apigateway:{context.account.region}::/domainnames/{identity}",
        "apiMappingSelectionExpression": "$request.basepath",
        "domainNameConfiguration": {**shown, **mapping(inputs.get("domainNameConfiguration"))},
        "routingMode": inputs.get("routingMode") or "API_MAPPING_ONLY",
    }


DOMAIN = Row(
    resource="aws:apigatewayv2/domainName:DomainName",
    stored=True,
    replaces=frozenset({"domainName"}),
    refusals=_modern_tls,
    differs="names nothing; certificate and trust store are not looked up, where AWS reads both",
    requests=(
        ApiRequest(
            service="apigatewayv2",
            operation="create_domain_name",
            renames={"domainNameConfiguration": "DomainNameConfigurations"},
        ),
    ),
    handler=KeptObject(
        service=_SERVICE,
        id_format="{domainName}",
        compute=_domain,
        mutable=frozenset({"domainNameConfiguration", "mutualTlsAuthentication", "routingMode"}),
    ),
)


def _mapped_there(context: HandlerContext, inputs: Mapping[str, Json]) -> None:
    if context.account.store.get(DOMAIN.resource, text(inputs["domainName"])) is None:
        raise _refused("CreateApiMapping", "Invalid domain name identifier specified", reason="NotFoundException")
    context.account.call(_SERVICE, "get_stage", {"ApiId": inputs["apiId"], "StageName": inputs["stage"]})


def _mapping_id(context: HandlerContext, inputs: Mapping[str, Json]) -> str:
    del context
    named = "/".join(text(inputs.get(name)) for name in ("domainName", "apiMappingKey"))
    return hashlib.sha256(named.encode()).hexdigest()[:6]


MAPPING = Row(
    resource="aws:apigatewayv2/apiMapping:ApiMapping",
    stored=True,
    replaces=frozenset({"apiId", "domainName"}),
    differs="leads nowhere",
    requests=(ApiRequest(service="apigatewayv2", operation="create_api_mapping"),),
    handler=KeptObject(
        service=_SERVICE,
        id_format="",
        id_of=_mapping_id,
        compute=lambda *_: {},
        requires=_mapped_there,
        mutable=frozenset({"apiMappingKey", "stage"}),
        tagged=False,
    ),
)

ROWS = (API, AUTHORIZER, INTEGRATION, ROUTE, STAGE, DOMAIN, MAPPING)
