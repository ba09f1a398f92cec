"""What measures the cluster can be installed where nothing measures it yet."""

from typing import Any

from components.kubernetes.observability.prometheus import PrometheusStackArgs, values

ARGS = PrometheusStackArgs(
    namespace="monitoring",
    agents_namespace="node-agents",
    cluster_name="quantos-dev",
    region="us-east-1",
    domain="dev.example",
    replicas=2,
    retention_days=7,
    storage_gib=20,
    grafana_secret="grafana",
    alarm_topic_arn="arn:aws:sns:us-east-1:123456789012:alarms",
    kms_key_arn="key",
    role_name="alertmanager",
    tags={},
)


def part(*path: str) -> Any:
    found: Any = values(ARGS)
    for key in path:
        found = found[key]
    return found


def test_the_charts_own_rules_are_taken_before_anything_can_judge_them() -> None:
    assert part("prometheusOperator", "admissionWebhooks", "failurePolicy") == "IgnoreOnInstallOnly"


def test_dashboards_are_looked_for_in_config_maps_of_its_own_namespace() -> None:
    assert part("grafana", "rbac", "namespaced") is True
    for sidecar in ("dashboards", "datasources"):
        found = part("grafana", "sidecar", sidecar)
        assert (found["resource"], found["searchNamespace"]) == ("configmap", ARGS.namespace)


def test_what_counts_objects_lists_no_secrets() -> None:
    assert "secrets" in part("kube-state-metrics", "collectorsExclude")


def test_what_waited_for_a_prometheus_to_come_back_is_taken() -> None:
    assert part("prometheus", "prometheusSpec", "tsdb") == {"outOfOrderTimeWindow": "30m"}
