"""Monitors against labels and ports, and Services that nobody scrapes."""

import pytest

from quantos.charts.links.monitors import broken_monitors, unscraped_services
from tests.support.cluster_objects import LABELS, abouts, cluster, monitor, prometheus, service, workload

WEB = (workload(), service(labels=LABELS), prometheus())


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({}, ""),
        ({"labels": {"app": "other"}}, "Service"),
        ({"port": "metrics"}, "port metrics"),
        ({"place": "elsewhere"}, "Service"),
        ({"place": "elsewhere", "namespaceSelector": {"matchNames": ["web"]}}, ""),
        ({"place": "elsewhere", "namespaceSelector": {"any": True}}, ""),
        ({"endpoints": [{"targetPort": 8080}]}, ""),
        ({"endpoints": [{"targetPort": 80}]}, "port 80"),
        ({"endpoints": [{"targetPort": "http"}]}, "port http"),
        ({"port": "8080"}, "port 8080"),
        ({"labels": {"x": "kubelet"}}, "Service"),
        ({"labels": {"app.kubernetes.io/name": "kubelet-like"}}, "Service"),
        ({"labels": {"app.kubernetes.io/name": "kubelet"}}, ""),
    ],
)
def test_a_service_monitor_selects_a_service_with_its_port(changed, about) -> None:
    found = list(broken_monitors(cluster(*WEB, monitor(**changed))))
    assert [each.about for each in found] == ([about] if about else [])


@pytest.mark.parametrize(("changed", "about"), [
    ({}, ""), ({"labels": {"app": "x"}}, "pod"), ({"port": "x"}, "port x"), ({"port": "8080"}, "port 8080"),
    ({"podMetricsEndpoints": [{"targetPort": 8080}]}, ""), ({"podMetricsEndpoints": [{"portNumber": 8080}]}, ""),
    ({"podMetricsEndpoints": [{"portNumber": 80}]}, "port 80"),
    ({"labels": {"app.kubernetes.io/name": "kubelet"}}, "pod"),
])  # fmt: skip
def test_a_pod_monitor_selects_pods_with_its_port(changed, about) -> None:
    found = list(broken_monitors(cluster(*WEB, monitor("PodMonitor", **changed))))
    assert [each.about for each in found] == ([about] if about else [])


@pytest.mark.parametrize(
    ("served", "about"),
    [
        (service(labels=LABELS), []),
        (service(labels=LABELS, selector={"app": "none"}), ["pods of http"]),
        (service(labels=LABELS, target="http"), []),
        (service(labels=LABELS, target="none"), ["pods of http"]),
    ],
)
def test_pods_with_the_port_stand_behind_what_a_monitor_selects(served, about) -> None:
    assert [each.about for each in broken_monitors(cluster(workload(), served, prometheus(), monitor()))] == about


def test_a_monitor_that_no_prometheus_reads_is_told() -> None:
    reader = prometheus(serviceMonitorSelector={"matchLabels": {"release": "metrics"}})
    found = broken_monitors(cluster(workload(), service(labels=LABELS), reader, monitor()))
    assert [each.about for each in found] == ["Prometheus"]
    own = prometheus(serviceMonitorNamespaceSelector=None)
    assert abouts(broken_monitors(cluster(workload(), service(labels=LABELS), own, monitor()))) == [
        "monitor: ServiceMonitor web/web: Prometheus"
    ]


@pytest.mark.parametrize(
    ("made_to_be", "monitors", "told"),
    [
        ({"port_name": "metrics"}, [], True),
        ({"port_name": "metrics"}, [monitor(port="metrics")], False),
        ({"port_name": "metrics"}, [monitor("PodMonitor")], False),
        ({"port_name": "http"}, [], False),
    ],
)
def test_a_service_made_to_be_scraped_is_scraped(made_to_be, monitors, told) -> None:
    objects = [workload(), service(labels=LABELS, **made_to_be), prometheus(), *monitors]
    assert bool(list(unscraped_services(cluster(*objects)))) == told
