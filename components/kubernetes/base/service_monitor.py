"""What Prometheus scrapes of a service whose chart cannot say so when it is installed."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s


def service_monitor(
    name: str, *, namespace: str, labels: Mapping[str, str], port: str, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Scrape the named `port` of the services of a namespace that carry `labels`; the kinds of monitoring are there."""
    return k8s.apiextensions.CustomResource(
        name,
        api_version="monitoring.coreos.com/v1",
        kind="ServiceMonitor",
        metadata={"name": name, "namespace": namespace},
        spec={"selector": {"matchLabels": dict(labels)}, "endpoints": [{"port": port, "interval": "30s"}]},
        opts=opts,
    )


def pod_monitor(
    name: str, *, namespace: str, labels: Mapping[str, str], port: str, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Scrape the named `port` of the pods of a namespace that carry `labels`; the kinds of monitoring are there."""
    return k8s.apiextensions.CustomResource(
        f"{name}-pods",
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata={"name": name, "namespace": namespace},
        spec={"selector": {"matchLabels": dict(labels)}, "podMetricsEndpoints": [{"port": port, "interval": "30s"}]},
        opts=opts,
    )
