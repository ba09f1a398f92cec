"""What programs of charts ask on the Internet by themselves, and the value that stops them: raise it with the pins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Json


@dataclass(frozen=True, kw_only=True)
class Call:
    """A host that a chart's program asks, unless one of the values of `unless` is as stated there, by its path."""

    host: str
    unless: Mapping[tuple[str, ...], Json]
    remedy: str


CALLS: Final[Mapping[str, tuple[Call, ...]]] = {
    "aws-load-balancer-controller": (
        Call(host="wafv2", unless={("enableWafv2",): False}, remedy="set enableWafv2: false"),
        Call(host="waf-regional", unless={("enableWaf",): False}, remedy="set enableWaf: false"),
        Call(host="shield", unless={("enableShield",): False}, remedy="set enableShield: false"),
    ),
    "kube-prometheus-stack": (
        Call(
            host="grafana.com (updates)",
            unless={("grafana", "grafana.ini", "analytics", "check_for_updates"): False},
            remedy="set grafana.grafana.ini.analytics.check_for_updates: false",
        ),
        Call(
            host="stats.grafana.org",
            unless={("grafana", "grafana.ini", "analytics", "reporting_enabled"): False},
            remedy="set grafana.grafana.ini.analytics.reporting_enabled: false",
        ),
    ),
    "loki": (
        Call(
            host="stats.grafana.org",
            unless={("loki", "analytics", "reporting_enabled"): False},
            remedy="set loki.analytics.reporting_enabled: false",
        ),
    ),
    "opencost": (
        Call(
            host="pricing.us-east-1.amazonaws.com",
            unless={
                ("opencost", "customPricing", "enabled"): True,
                ("opencost", "exporter", "extraEnv", "USE_CSV_PROVIDER"): "true",
            },
            remedy="state prices of the catalog: customPricing, or the provider of a CSV file",
        ),
    ),
    "tempo": (
        Call(
            host="stats.grafana.org",
            unless={("tempo", "reportingEnabled"): False},
            remedy="set tempo.reportingEnabled: false",
        ),
    ),
}
