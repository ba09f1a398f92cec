"""Every Prometheus is sent every metric: each keeps only what it is sent."""

from typing import Any

import pytest

from components.kubernetes.observability.otel_collector import OtelCollectorsArgs, gateway_values
from components.kubernetes.observability.prometheus import otlp_urls


@pytest.mark.parametrize("replicas", [1, 3])
def test_all_of_them_are_sent_all_metrics(replicas: int) -> None:
    args = OtelCollectorsArgs(
        namespace="monitoring",
        agents_namespace="node-agents",
        replicas=2,
        logs_url="http://logs",
        traces_endpoint="traces:4317",
        metrics_urls=otlp_urls("monitoring", replicas=replicas),
    )
    config: Any = gateway_values(args)["config"]
    sent = {config["exporters"][name]["endpoint"] for name in config["service"]["pipelines"]["metrics"]["exporters"]}
    assert sent == {
        f"http://prometheus-metrics-prometheus-{index}.prometheus-operated.monitoring:9090/api/v1/otlp"
        for index in range(replicas)
    }
