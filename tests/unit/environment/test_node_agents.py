"""What runs on every node requests what is stated in one place, which a planner takes off every node."""

from collections.abc import Mapping

import pytest

from components.kubernetes.cluster import ebs_csi
from components.kubernetes.observability import otel_collector, prometheus
from quantos.environment.node_agents import DISKS, LOG_AGENT, NODE_AGENTS, NODE_EXPORTER, Requests

DRIVER = ebs_csi.values(
    ebs_csi.EbsCsiArgs(
        namespace="storage",
        node_namespace="node-agents",
        cluster_name="quantos-dev",
        account_id="123456789012",
        region="us-east-1",
        kms_key_arn="key",
        replicas=1,
        tags={},
    )
)
AGENT = otel_collector.agent_values(
    otel_collector.OtelCollectorsArgs(
        namespace="monitoring",
        agents_namespace="node-agents",
        replicas=1,
        logs_url="http://logs",
        traces_endpoint="traces:4317",
        metrics_urls=("http://metrics",),
    )
)
MONITORING = prometheus.values(
    prometheus.PrometheusStackArgs(
        namespace="monitoring",
        agents_namespace="node-agents",
        cluster_name="quantos-dev",
        role_name="alertmanager",
        region="us-east-1",
        domain="dev.example",
        alarm_topic_arn="arn:aws:sns:us-east-1:123456789012:alarms",
        kms_key_arn="key",
        grafana_secret="grafana",
        replicas=1,
        retention_days=7,
        storage_gib=20,
        tags={},
    )
)
CONTAINERS = (
    (DISKS, "node", DRIVER, ("node",)),
    (DISKS, "livenessProbe", DRIVER, ("sidecars", "livenessProbe")),
    (DISKS, "nodeDriverRegistrar", DRIVER, ("sidecars", "nodeDriverRegistrar")),
    (NODE_EXPORTER, "node-exporter", MONITORING, ("prometheus-node-exporter",)),
    (LOG_AGENT, "otel-agent", AGENT, ()),
)


@pytest.mark.parametrize(("pod", "container", "values", "path"), CONTAINERS, ids=[item[1] for item in CONTAINERS])
def test_a_chart_is_told_to_request_what_is_stated(
    pod: str, container: str, values: Mapping[str, object], path: tuple[str, ...]
) -> None:
    part: object = values
    for key in (*path, "resources", "requests"):
        assert isinstance(part, Mapping)
        part = part[key]
    stated = NODE_AGENTS[pod][container]
    assert part == {"cpu": f"{stated.millicores}m", "memory": f"{stated.memory_mib}Mi"}
    assert stated != Requests()


def test_every_container_that_the_layer_installs_is_among_them() -> None:
    installed = {(pod, container) for pod, container, _, _ in CONTAINERS}
    assert installed == {(pod, name) for pod in (DISKS, NODE_EXPORTER, LOG_AGENT) for name in NODE_AGENTS[pod]}
