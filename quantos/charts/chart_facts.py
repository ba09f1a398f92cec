"""What the files of a chart do not say of it, read from its templates once: raise it together with the chart's pin."""

from collections.abc import Mapping
from typing import Final

PASSED_THROUGH: Final[Mapping[str, frozenset[str]]] = {
    "cluster-autoscaler": frozenset({"extraArgs"}),
    "gatekeeper": frozenset({"validatingWebhookCustomRules"}),
    "kube-prometheus-stack": frozenset({"alertmanager.config"}),
    "opentelemetry-collector": frozenset({"config"}),
    "tempo": frozenset({"tempo.overrides", "tempo.server", "tempo.ingester", "tempo.storage", "tempo.receivers"}),
    "trino": frozenset({"catalogs"}),
}
"""By chart: values with defaults which a template copies whole, so that below them is what the object there takes.

Of whole charts the templates themselves tell it.
"""

PARTS: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = {
    "argo-workflows": {"controller.workflowDefaults.spec": ("argoproj.io", "Workflow", "spec")},
    "trino": {
        "server.keda.advanced": ("keda.sh", "ScaledObject", "spec.advanced"),
        "server.keda.fallback": ("keda.sh", "ScaledObject", "spec.fallback"),
        "server.keda.triggers": ("keda.sh", "ScaledObject", "spec.triggers"),
    },
    "vault": {
        "serverTelemetry.serviceMonitor.tlsConfig": (
            "monitoring.coreos.com",
            "ServiceMonitor",
            "spec.endpoints.tlsConfig",
        )
    },
}
"""By chart and path: values that become a field of a custom resource, with its group, kind and path."""

MIRRORED: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = {
    "kube-prometheus-stack": {
        "alertmanager.alertmanagerSpec": ("monitoring.coreos.com", "Alertmanager", "spec"),
        "prometheus.prometheusSpec": ("monitoring.coreos.com", "Prometheus", "spec"),
        "thanosRuler.thanosRulerSpec": ("monitoring.coreos.com", "ThanosRuler", "spec"),
    },
}
"""By chart and path: mappings whose members become fields of a custom resource under the same names, some of them."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "aws-load-balancer-controller": ("clusterName",),
    "cluster-autoscaler": ("autoDiscovery.clusterName",),
    "karpenter": ("settings.clusterName",),
    "loki": ("loki.storage.bucketNames.chunks", "loki.storage.bucketNames.ruler", "loki.schemaConfig"),
    "opentelemetry-collector": ("mode", "image.repository"),
}
"""By chart: values without which it renders nothing of use, or nothing at all, some of them without an error."""
