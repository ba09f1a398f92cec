"""What answers calls from outside, by itself or for what stands behind it: APIs, their names, balancers' targets."""

from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.access.patterns import is_pattern
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, text, texts

API = "aws:apigatewayv2/api:Api"
REST_API = "aws:apigateway/restApi:RestApi"
ENCRYPTED_TARGETS = frozenset({"HTTPS", "TLS"})
ANSWER_TO_THE_INTERNET = (
    "aws:cloudfront/distribution:Distribution", "aws:cloudfront/multitenantDistribution:MultitenantDistribution",
    "aws:cloudfront/distributionTenant:DistributionTenant", "aws:globalaccelerator/accelerator:Accelerator",
    "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator", "aws:apprunner/service:Service",
    "aws:amplify/app:App", "aws:amplify/branch:Branch", "aws:lightsail/instance:Instance",
    "aws:lightsail/lb:Lb", "aws:lightsail/containerService:ContainerService",
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
)  # fmt: skip


def _unasked_route(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "authorizationType") in {"", "NONE"}:
        yield f"{resource.name} answers whoever asks"


def _unasked_method(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "authorization") in {"", "NONE"}:
        yield f"{resource.name} answers whoever asks"


def _hidden_routes(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "target"):
        yield f"{resource.name} makes a route to its target that answers whoever asks"
    if at(resource.properties, "body") is not None:
        yield f"{resource.name} takes its routes from a document, where nobody sees whom they ask"


def _public_rest_api(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """One without an endpoint's type answers to the internet."""
    types = texts(resource.properties, "endpointConfiguration", "types")
    if types != ("PRIVATE",):
        yield f"{resource.name} answers to the internet ({', '.join(types) or 'no type of endpoint is stated'})"


def _any_origin(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if any(is_pattern(origin) for origin in texts(resource.properties, "corsConfiguration", "allowOrigins")):
        yield f"{resource.name} answers pages of any origin"


def _plain_integration(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    address = text(resource.properties, "integrationUri") or text(resource.properties, "uri")
    if address.lower().startswith("http://"):
        yield f"{resource.name} sends calls on to {address} without TLS"


def _plain_targets(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    """Functions and balancers as targets have no protocol of their own."""
    protocol = text(resource.properties, "protocol")
    if text(resource.properties, "targetType") not in {"lambda", "alb"} and protocol not in ENCRYPTED_TARGETS:
        yield f"{resource.name} sends traffic on by {protocol or 'a protocol that is not stated'}"


def _answers(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    yield f"{resource.name} answers to the internet, as everything of its kind does"


API_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="api-route-authorised",
        description="Each route of an API asks who calls.",
        remedy="give the route an authorizer",
        control=fsbp("APIGateway.8"),
        types=("aws:apigatewayv2/route:Route",),
        complaints=_unasked_route,
    ),
    ResourceRule(
        name="api-method-authorised",
        description="Each method of a REST API asks who calls.",
        remedy="give the method an authorizer",
        control=fsbp("APIGateway.8"),
        types=("aws:apigateway/method:Method",),
        complaints=_unasked_method,
    ),
    ResourceRule(
        name="api-routes-declared",
        description="Routes of an API are declared one by one.",
        remedy="declare each route with its authorizer and its integration",
        control=fsbp("APIGateway.8"),
        types=(API, REST_API),
        complaints=_hidden_routes,
    ),
    ResourceRule(
        name="rest-api-private",
        description="REST APIs answer inside the VPC only.",
        remedy="set the type of the endpoint to PRIVATE",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=(REST_API,),
        complaints=_public_rest_api,
    ),
    ResourceRule(
        name="api-origins-named",
        description="APIs name the pages that may call them.",
        remedy="list the origins in corsConfiguration.allowOrigins",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=(API,),
        complaints=_any_origin,
    ),
    ResourceRule(
        name="api-integration-encrypted",
        description="APIs send calls on by TLS only.",
        remedy="send them to a function, or to an address that begins with https",
        control=firm("data on its way is encrypted by today's means", section="transit"),
        types=("aws:apigatewayv2/integration:Integration", "aws:apigateway/integration:Integration"),
        complaints=_plain_integration,
    ),
    ResourceRule(
        name="targets-encrypted",
        description="Load balancers talk TLS with their targets.",
        remedy="set the protocol of the target group to HTTPS or TLS",
        control=firm("data on its way is encrypted by today's means", section="transit"),
        types=("aws:lb/targetGroup:TargetGroup",),
        complaints=_plain_targets,
    ),
    ResourceRule(
        name="no-edge-service",
        description="Nothing is declared that answers to the internet whatever its settings are.",
        remedy="put the HTTP API in front of it, or exempt it with the reason",
        control=firm("nothing answers to the internet unsaid", section="exposure"),
        types=ANSWER_TO_THE_INTERNET,
        complaints=_answers,
    ),
)
