"""What is pushed to one of several that share nothing."""

import pytest

from quantos.charts.links.replicas import scattered_pushes
from tests.support.cluster_objects import cluster, made, prometheus, service, workload

PROMETHEUS = service("metrics", place="monitoring", selector={"app.kubernetes.io/name": "prometheus"})


@pytest.mark.parametrize(
    ("replicas", "url", "scattered"),
    [
        (3, "http://metrics.monitoring:9090/api/v1/otlp", True),
        (3, "http://metrics.monitoring.svc.cluster.local:9090/api/v1/write", True),
        (3, "http://prometheus-operated.monitoring:9090/api/v1/write", True),
        (1, "http://metrics.monitoring:9090/api/v1/otlp", False),
        (3, "http://metrics.monitoring:9090/api/v1/query", False),
        (3, "http://web.web:80/api/v1/otlp", False),
        (3, "http://prometheus-metrics-0.prometheus-operated.monitoring:9090/api/v1/otlp", False),
    ],
)
def test_series_go_to_no_replica_at_random(replicas, url, scattered) -> None:
    config = made("ConfigMap", "config", place="agent", data={"c": f"endpoint: {url}"})
    mounted = {"volumes": [{"name": "c", "configMap": {"name": "config"}}]}
    agent = workload("agent", place="agent", pod=mounted)
    objects = [agent, config, prometheus(replicas), PROMETHEUS, workload(), service()]
    assert bool(list(scattered_pushes(cluster(*objects)))) == scattered
