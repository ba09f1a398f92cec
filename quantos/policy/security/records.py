"""What happened is recorded, and the record is kept."""

from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import at, number, text, texts

PROTECTED_LOG_DAYS = 365
CLUSTER_LOGS = frozenset({"api", "audit", "authenticator"})


def _endless_or_short(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    days = number(resource.properties, "retentionInDays") or 0
    if not days:
        yield f"{resource.name} does not say how long it keeps its log"
    elif limits.protected and days < PROTECTED_LOG_DAYS:
        yield f"{resource.name} keeps its log for {days:.0f} days; {limits.environment} keeps {PROTECTED_LOG_DAYS}"


def _silent_cluster(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if missing := sorted(CLUSTER_LOGS - set(texts(resource.properties, "enabledClusterLogTypes"))):
        yield f"{resource.name} keeps no log of {', '.join(missing)}"


def _silent_api(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if not text(resource.properties, "accessLogSettings", "destinationArn"):
        yield f"{resource.name} does not record who called"


def _endless_calls(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    settings = at(resource.properties, "defaultRouteSettings")
    if not number(settings, "throttlingRateLimit") or not number(settings, "throttlingBurstLimit"):
        yield f"{resource.name} takes any number of calls"


def _silent_flow(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "trafficType") not in {"ALL", "REJECT"}:
        yield f"{resource.name} does not record refused connections"


def _untraced(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    if text(resource.properties, "tracingConfig", "mode") != "Active":
        yield f"{resource.name} sends no traces"


RECORD_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="log-retention",
        description=f"Logs say how long they are kept; in protected environments {PROTECTED_LOG_DAYS} days at least.",
        remedy="set retentionInDays",
        control=fsbp("CloudWatch.16"),
        types=("aws:cloudwatch/logGroup:LogGroup",),
        complaints=_endless_or_short,
    ),
    ResourceRule(
        name="cluster-logs",
        description="A cluster records calls of its API, who made them, and what became of them.",
        remedy="enable the log types api, audit and authenticator",
        control=fsbp("EKS.8"),
        types=("aws:eks/cluster:Cluster",),
        complaints=_silent_cluster,
    ),
    ResourceRule(
        name="api-access-log",
        description="APIs record who called.",
        remedy="set accessLogSettings.destinationArn to a log group",
        control=fsbp("APIGateway.9"),
        types=("aws:apigatewayv2/stage:Stage",),
        complaints=_silent_api,
    ),
    ResourceRule(
        name="api-throttled",
        description="APIs take a bounded number of calls.",
        remedy="set throttlingRateLimit and throttlingBurstLimit in defaultRouteSettings",
        control=firm("nothing answers without end", section="exposure"),
        types=("aws:apigatewayv2/stage:Stage",),
        complaints=_endless_calls,
    ),
    ResourceRule(
        name="flow-log-refusals",
        description="Flow logs record refused connections.",
        remedy="set trafficType to ALL",
        control=fsbp("EC2.6"),
        types=("aws:ec2/flowLog:FlowLog",),
        complaints=_silent_flow,
    ),
    ResourceRule(
        name="function-traced",
        description="Functions send traces.",
        remedy="set tracingConfig.mode to Active",
        control=fsbp("Lambda.7"),
        types=("aws:lambda/function:Function",),
        complaints=_untraced,
    ),
)
