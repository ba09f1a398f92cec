"""Logs, alarms, keys, secrets and guards: what watches the rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from quantos.costing.cost import DAYS_PER_MONTH
from quantos.costing.resource import Resource, is_list
from quantos.costing.tariff import Entry, Pricer, Tariff

PAID_ROTATIONS: Final = 2
BAND_METRICS: Final = 3
INGESTED: Final[Mapping[str, str]] = {"STANDARD": "logs-ingested", "INFREQUENT_ACCESS": "logs-ingested-infrequent"}
DEAR_GROUPS: Final = ("BotControl", "ATPRuleSet", "ACFPRuleSet", "AntiDDoS")
DEAR_ACTIONS: Final = frozenset({"captcha", "challenge"})
STANDARD_SECONDS: Final = 60


def _log_group(group: Resource, tariff: Tariff) -> Iterator[Entry]:
    """What comes in, and what is kept once retention has filled up, as if it were not compressed."""
    days = group.number("retentionInDays", default=0)
    if days == 0:
        raise group.unreadable("retentionInDays", "for ever, so that no month is the dearest")
    item = INGESTED.get(group.text("logGroupClass", default="STANDARD") or "STANDARD")
    if item is None:
        raise group.unreadable("logGroupClass", group.properties.get("logGroupClass"))
    yield tariff.used(item, "log_gib_per_day", unit="GiB", by=group, times=DAYS_PER_MONTH)
    yield tariff.used("logs-kept", "log_gib_per_day", unit="GiB-month", by=group, times=days)


def _alarm(alarm: Resource, tariff: Tariff) -> Iterator[Entry]:
    """By the metrics it looks at; a band of what is normal counts as three."""
    expressions = [str(query.properties.get("expression", "")) for query in alarm.parts("metricQueries")]
    if any(expression.upper().startswith("SELECT") for expression in expressions):
        raise alarm.unreadable("metricQueries", "a query, billed by the metrics that it finds")
    queries = [query.part("metric") for query in alarm.parts("metricQueries")]
    metrics = sum(1 for metric in queries if metric.properties) or 1
    if alarm.properties.get("thresholdMetricId"):
        metrics *= BAND_METRICS
    periods = [alarm, *queries]
    fine = any(0 < part.number("period", default=STANDARD_SECONDS) < STANDARD_SECONDS for part in periods)
    item = "cloudwatch-alarm-fine" if fine else "cloudwatch-alarm"
    yield tariff.declared(item, metrics, unit="metric-month", what="alarm")


def _composite_alarm(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.declared("cloudwatch-composite-alarm", 1, unit="month")


def _dashboard(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    yield tariff.declared("cloudwatch-dashboard", 1, unit="month")


def _metric_filter(_: Resource, tariff: Tariff) -> Iterator[Entry]:
    """The filter is free, the metric it writes is a custom one."""
    yield tariff.declared("cloudwatch-metric", 1, unit="metric-month", what="custom metric")


def _key(key: Resource, tariff: Tariff) -> Iterator[Entry]:
    """The first two rotations each add the price of a key."""
    most = 1 + (PAID_ROTATIONS if key.flag("enableKeyRotation") else 0)
    yield tariff.declared("kms-key", most, unit="month", floor=1, what="key, and its first rotations")
    yield tariff.used("kms-requests", "kms_million_requests", unit="million", by=key)


def _secret(secret: Resource, tariff: Tariff) -> Iterator[Entry]:
    copies = 1 + len(secret.sequence("replicas"))
    yield tariff.declared("secret", copies, unit="month")
    yield tariff.used("secret-reads", "secret_million_reads", unit="million", by=secret)


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """Every key inside nested objects and lists, with what stands there."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield key, inner
            yield from _inside(inner)
    elif is_list(value):
        for element in cast("Sequence[object]", value):
            yield from _inside(element)


def _is_dear(key: str, value: object) -> bool:
    """Whether a part of a rule is billed beside the rule: a dear group of AWS's, anybody else's, or a puzzle."""
    if key == "vendorName":
        return value != "AWS"
    dear_group = key == "name" and any(part in str(value) for part in DEAR_GROUPS)
    return dear_group or (key in DEAR_ACTIONS and value is not None)


def _web_acl(acl: Resource, tariff: Tariff) -> Iterator[Entry]:
    for rule in acl.parts("rules"):
        for key, value in _inside(rule.properties):
            if _is_dear(key, value):
                raise acl.unreadable("rules", f"{key} in {rule.properties.get('name')}, billed by the request")
    yield tariff.declared("waf-acl", 1, unit="month")
    yield tariff.declared("waf-rule", len(acl.sequence("rules")), unit="month")
    yield tariff.used("waf-requests", "api_million_requests", unit="million", by=acl)


PRICERS: Final[Mapping[str, Pricer]] = {
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filter,
    "aws:kms/key:Key": _key,
    "aws:kms/replicaKey:ReplicaKey": _key,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:wafv2/webAcl:WebAcl": _web_acl,
}
