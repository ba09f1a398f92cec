"""The HTTP API of an environment: its routes and the functions that answer them, out of one table."""

from collections.abc import Mapping, Sequence

from components.aws.functions.function import Function
from components.aws.functions.http_api import ApiDomain, CalledFunction, HttpApi, HttpApiArgs, RouteArgs, Throttle
from quantos.environment.functions import HTTP_ROUTES, FunctionSpec, HttpRoute
from stacks.control_layer import ControlLayer


def http_api(layer: ControlLayer, made: Mapping[str, Function], specs: Sequence[FunctionSpec]) -> HttpApi:
    """The API over the functions of the layer."""
    settings, names, api = layer.settings, layer.settings.names(), layer.settings.api
    answering = {route.function for route in HTTP_ROUTES}
    args = HttpApiArgs(
        api_name=names.prefix,
        issuer=api.issuer,
        audiences=api.audiences,
        routes=[_route(route) for route in HTTP_ROUTES],
        functions={
            spec.name: CalledFunction(
                alias_arn=made[spec.name].alias_arn,
                invoke_arn=made[spec.name].alias_invoke_arn,
                timeout_seconds=spec.timeout_seconds,
            )
            for spec in specs
            if spec.name in answering
        },
        throttle=Throttle(burst_requests=api.burst_requests, requests_per_second=api.requests_per_second),
        latency_ms=api.latency_ms,
        log_group_name=f"/{names.prefix}/api",
        log_retention_days=settings.functions.log_retention_days,
        kms_key_arn=layer.output("data_key_arn"),
        alarm_topic_arn=layer.alarms.arn,
        tags=settings.tags(),
        domain=_domain(layer),
    )
    return HttpApi("api", args)


def _route(route: HttpRoute) -> RouteArgs:
    own = route.burst_requests > 0
    throttle = Throttle(burst_requests=route.burst_requests, requests_per_second=route.requests_per_second)
    return RouteArgs(
        key=route.key,
        function=route.function,
        scopes=(route.scope,) if route.scope else (),
        throttle=throttle if own else None,
    )


def _domain(layer: ControlLayer) -> ApiDomain | None:
    own = layer.settings.api.domain
    if own is None:
        return None
    return ApiDomain(name=own.name, certificate_arn=own.certificate_arn, trust_store_uri=own.trust_store_uri)
