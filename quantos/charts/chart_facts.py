"""What the files of a chart do not say of it, read from its templates once: raise it together with the chart's pin."""

from collections.abc import Mapping
from typing import Final

PASSED_THROUGH: Final[Mapping[str, frozenset[str]]] = {
    "cluster-autoscaler": frozenset({"extraArgs"}),
    "kube-prometheus-stack": frozenset({"alertmanager.config"}),
    "opentelemetry-collector": frozenset({"config"}),
    "tempo": frozenset({"tempo.overrides", "tempo.server", "tempo.ingester", "tempo.storage", "tempo.receivers"}),
    "trino": frozenset({"catalogs"}),
}
"""By chart: values with defaults which a template copies whole, so that any key may be added below them."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "aws-load-balancer-controller": ("clusterName",),
    "cluster-autoscaler": ("autoDiscovery.clusterName",),
    "karpenter": ("settings.clusterName",),
    "loki": ("loki.storage.bucketNames.chunks", "loki.storage.bucketNames.ruler", "loki.schemaConfig"),
    "opentelemetry-collector": ("mode", "image.repository"),
}
"""By chart: values without which it renders nothing of use, or nothing at all, some of them without an error."""
