"""An HTTP API in front of functions, for callers with a token."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.aws.alarms.alarm import Alarm, AlarmArgs

STAGE: Final = "$default"
INTEGRATION_MAX_SECONDS: Final = 30
LATENCY_PERIODS: Final = 3
LATENCY_PERCENTILE: Final = 99
LOGGED: Final = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "source_ip": "$context.identity.sourceIp",
    "subject": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "refused": "$context.authorizer.error",
    "failed": "$context.integrationErrorMessage",
    "latency_ms": "$context.responseLatency",
}
"""What is logged of every request: who, what and how it went; no header, no token and no body."""


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Requests of all callers together: how many at once, and how many a second after that."""

    burst_requests: int
    requests_per_second: float


@dataclass(frozen=True, kw_only=True)
class CalledFunction:
    """A function that answers; `alias_arn` ends in `:<function>:<alias>`, `invoke_arn` is the alias's."""

    alias_arn: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]
    timeout_seconds: int


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    """A route by its key, `GET /api/health`; `scopes` are those of which a token must hold one, none for any token.

    `function` is a key of the API's functions; without `throttle` the API's own holds.
    """

    key: str
    function: str
    scopes: Sequence[str]
    throttle: Throttle | None = None


@dataclass(frozen=True, kw_only=True)
class ApiDomain:
    """The API's own name, its certificate in ACM, and the PEM file in S3 of the authorities that sign its callers'."""

    name: str
    certificate_arn: str
    trust_store_uri: str


@dataclass(frozen=True, kw_only=True)
class HttpApiArgs:
    """`issuer` is an OpenID provider; a token must be its, and for one of `audiences`.

    An alarm goes off when the 99th percentile of latency stays above `latency_ms`. The key must let CloudWatch Logs use
    it for `log_group_name`.
    """

    api_name: str
    issuer: str
    audiences: Sequence[str]
    routes: Sequence[RouteArgs]
    functions: Mapping[str, CalledFunction]
    throttle: Throttle
    latency_ms: int
    log_group_name: str
    log_retention_days: int
    kms_key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    domain: ApiDomain | None = None


class HttpApi(pulumi.ComponentResource):
    """Routes, each behind a JWT authorizer and a throttle, with access logs and alarms on errors and latency.

    An HTTP API is reached from the internet: AWS gives it neither a private endpoint nor a resource policy. What
    guards it: no route without a valid token and, where stated, a scope; throttles; TLS 1.2 and above; with `domain`
    callers must show a certificate of the trust store too, and the API's own address answers nobody. The name's DNS
    record is made outside, as an alias of `domain_target`.

    Outputs: `api_id`, `endpoint`, `domain_target` (empty without a domain), `log_group_name`.
    Guarded by: the security pack, as plain objects.
    """

    api_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    domain_target: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/functions:HttpApi", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        log = aws.cloudwatch.LogGroup(
            name,
            name=args.log_group_name,
            retention_in_days=args.log_retention_days,
            kms_key_id=args.kms_key_arn,
            tags=args.tags,
            opts=self._child,
        )
        api = aws.apigatewayv2.Api(
            name,
            name=args.api_name,
            protocol_type="HTTP",
            disable_execute_api_endpoint=args.domain is not None,
            tags=args.tags,
            opts=self._child,
        )
        stage = self._stage(api, log, self._routes(api))
        self.api_id = api.id
        self.log_group_name = log.name
        self.domain_target = pulumi.Output.from_input("")
        self.endpoint = api.api_endpoint
        if args.domain is not None:
            self.domain_target = self._domain(args.domain, api, stage)
            self.endpoint = pulumi.Output.from_input(f"https://{args.domain.name}")
        self._alarms(api)
        self.register_outputs(
            {
                "apiId": self.api_id,
                "endpoint": self.endpoint,
                "domainTarget": self.domain_target,
                "logGroupName": self.log_group_name,
            }
        )

    def _routes(self, api: aws.apigatewayv2.Api) -> list[pulumi.Resource]:
        args = self._args
        authorizer = aws.apigatewayv2.Authorizer(
            self._name,
            name=args.api_name,
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": args.issuer, "audiences": args.audiences},
            opts=self._child,
        )
        targets = {key: self._integration(key, function, api) for key, function in args.functions.items()}
        return [
            aws.apigatewayv2.Route(
                f"{self._name} {route.key}",
                api_id=api.id,
                route_key=route.key,
                authorization_type="JWT",
                authorizer_id=authorizer.id,
                authorization_scopes=route.scopes or None,
                target=pulumi.Output.format("integrations/{0}", targets[route.function].id),
                opts=self._child,
            )
            for route in args.routes
        ]

    def _integration(
        self, key: str, function: CalledFunction, api: aws.apigatewayv2.Api
    ) -> aws.apigatewayv2.Integration:
        called = pulumi.Output.from_input(function.alias_arn).apply(lambda arn: arn.split(":"))
        aws.lambda_.Permission(
            f"{self._name}-{key}",
            statement_id=f"{self._args.api_name}-calls",
            action="lambda:InvokeFunction",
            function=called.apply(lambda parts: parts[-2]),
            qualifier=called.apply(lambda parts: parts[-1]),
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.format("{0}/{1}/*", api.execution_arn, STAGE),
            opts=self._child,
        )
        return aws.apigatewayv2.Integration(
            f"{self._name}-{key}",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=function.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=min(function.timeout_seconds, INTEGRATION_MAX_SECONDS) * 1000,
            opts=self._child,
        )

    def _stage(
        self, api: aws.apigatewayv2.Api, log: aws.cloudwatch.LogGroup, routes: Sequence[pulumi.Resource]
    ) -> aws.apigatewayv2.Stage:
        args = self._args
        own = [(route.key, route.throttle) for route in args.routes if route.throttle is not None]
        return aws.apigatewayv2.Stage(
            self._name,
            name=STAGE,
            api_id=api.id,
            auto_deploy=True,
            access_log_settings={"destination_arn": log.arn, "format": json.dumps(LOGGED)},
            default_route_settings={
                "detailed_metrics_enabled": True,
                "throttling_burst_limit": args.throttle.burst_requests,
                "throttling_rate_limit": args.throttle.requests_per_second,
            },
            route_settings=[
                {
                    "route_key": key,
                    "detailed_metrics_enabled": True,
                    "throttling_burst_limit": throttle.burst_requests,
                    "throttling_rate_limit": throttle.requests_per_second,
                }
                for key, throttle in own
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=list(routes))),
        )

    def _domain(
        self, domain: ApiDomain, api: aws.apigatewayv2.Api, stage: aws.apigatewayv2.Stage
    ) -> pulumi.Output[str]:
        made = aws.apigatewayv2.DomainName(
            self._name,
            domain_name=domain.name,
            domain_name_configuration={
                "certificate_arn": domain.certificate_arn,
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            mutual_tls_authentication={"truststore_uri": domain.trust_store_uri},
            tags=self._args.tags,
            opts=self._child,
        )
        aws.apigatewayv2.ApiMapping(
            self._name, api_id=api.id, domain_name=made.domain_name, stage=stage.name, opts=self._child
        )
        return made.domain_name_configuration.apply(lambda configuration: configuration.target_domain_name or "")

    def _alarms(self, api: aws.apigatewayv2.Api) -> None:
        args = self._args
        Alarm(
            f"{self._name}-5xx",
            AlarmArgs(
                alarm_name=f"{args.api_name}-5xx",
                description=f"{args.api_name}: requests failed on our side in the last five minutes",
                namespace="AWS/ApiGateway",
                metric="5xx",
                dimensions={"ApiId": api.id},
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=self._child,
        )
        Alarm(
            f"{self._name}-latency",
            AlarmArgs(
                alarm_name=f"{args.api_name}-latency",
                description=f"{args.api_name}: one request in a hundred takes longer than {args.latency_ms} ms",
                namespace="AWS/ApiGateway",
                metric="Latency",
                percentile=LATENCY_PERCENTILE,
                threshold=args.latency_ms,
                periods=LATENCY_PERIODS,
                dimensions={"ApiId": api.id},
                topic_arn=args.alarm_topic_arn,
                tags=args.tags,
            ),
            opts=self._child,
        )
