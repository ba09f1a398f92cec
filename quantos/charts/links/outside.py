"""What programs of charts ask on the Internet by themselves, and the value that stops them: raise it with the pins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Json


@dataclass(frozen=True, kw_only=True)
class Call:
    """A host that a chart's program asks, unless the value at `path` is `off`."""

    host: str
    path: tuple[str, ...]
    off: Json
    remedy: str


CALLS: Final[Mapping[str, tuple[Call, ...]]] = {
    "aws-load-balancer-controller": (
        Call(host="wafv2", path=("enableWafv2",), off=False, remedy="set enableWafv2: false"),
        Call(host="waf-regional", path=("enableWaf",), off=False, remedy="set enableWaf: false"),
        Call(host="shield", path=("enableShield",), off=False, remedy="set enableShield: false"),
    ),
    "kube-prometheus-stack": (
        Call(
            host="grafana.com (updates)",
            path=("grafana", "grafana.ini", "analytics", "check_for_updates"),
            off=False,
            remedy="set grafana.grafana.ini.analytics.check_for_updates: false",
        ),
        Call(
            host="stats.grafana.org",
            path=("grafana", "grafana.ini", "analytics", "reporting_enabled"),
            off=False,
            remedy="set grafana.grafana.ini.analytics.reporting_enabled: false",
        ),
    ),
    "loki": (
        Call(
            host="stats.grafana.org",
            path=("loki", "analytics", "reporting_enabled"),
            off=False,
            remedy="set loki.analytics.reporting_enabled: false",
        ),
    ),
    "opencost": (
        Call(
            host="pricing.us-east-1.amazonaws.com",
            path=("opencost", "customPricing", "enabled"),
            off=True,
            remedy="state opencost.customPricing, with prices of the catalog",
        ),
    ),
    "tempo": (
        Call(
            host="stats.grafana.org",
            path=("tempo", "reportingEnabled"),
            off=False,
            remedy="set tempo.reportingEnabled: false",
        ),
    ),
}
