"""Budgets: one a replicated workload, that lets a node be drained and keeps a quorum."""

import pytest

from quantos.charts.links.disruption import broken_budgets
from tests.support.cluster_objects import LABELS, cluster, made, workload

SCALED = made(
    "ScaledObject", api="keda.sh/v1alpha1",
    spec={"scaleTargetRef": {"name": "web"}, "minReplicaCount": 1, "maxReplicaCount": 4},
)  # fmt: skip


def budget(name="web", *, labels=None, place="web", **spec) -> dict:
    selector = {"matchLabels": labels or LABELS}
    return made("PodDisruptionBudget", name, api="policy/v1", place=place, spec={"selector": selector, **spec})


@pytest.mark.parametrize(
    ("objects", "about"),
    [
        ([workload(replicas=1)], []),
        ([workload(replicas=2)], ["no budget"]),
        ([workload(replicas=2, kind="StatefulSet")], ["no budget"]),
        ([workload(replicas=2, kind="DaemonSet")], []),
        ([workload(kind="Job")], []),
        ([workload(replicas=1), SCALED], ["no budget"]),
        ([workload(replicas=2), budget(maxUnavailable=1)], []),
        ([workload(replicas=2), budget(maxUnavailable=1, place="other")], ["no budget", "no pods"]),
        ([workload(replicas=2), budget(maxUnavailable=1, labels={"app": "x"})], ["no budget", "no pods"]),
        ([workload(replicas=2), budget(maxUnavailable=1), budget("b", maxUnavailable=1)], ["several budgets"]),
        ([workload(replicas=2), budget(maxUnavailable=0)], ["no disruption"]),
        ([workload(replicas=2), budget(minAvailable=2)], ["no disruption"]),
        ([workload(replicas=1), budget(minAvailable=1)], ["no disruption"]),
        ([workload(replicas=3), budget(minAvailable="67%")], ["no disruption"]),
        ([workload(replicas=3), budget(minAvailable="50%")], []),
        ([workload(replicas=3), budget(maxUnavailable="1%")], []),
        ([workload(replicas=2), budget()], []),
        ([workload(replicas=3), budget(maxUnavailable=None, minAvailable=1)], []),
        ([workload(replicas=3), budget(maxUnavailable=1, minAvailable=None)], []),
        ([workload(replicas=3), budget(maxUnavailable=1, minAvailable=1)], ["number"]),
        *(([workload(replicas=3), budget(**{key: value})], ["number"])
          for key in ("maxUnavailable", "minAvailable") for value in ("abc", "5", "-5%", 0.0, -1, True, [], {})),
    ],
)  # fmt: skip
def test_every_replicated_workload_has_one_budget_that_lets_a_pod_go(objects, about) -> None:
    assert [each.about for each in broken_budgets(cluster(*objects))] == about


def ring(replicas, factor) -> list[dict]:
    config = made("ConfigMap", "ring", data={"config.yaml": f"common:\n  replication_factor: {factor}\n"})
    labels = {"app.kubernetes.io/name": "loki"}
    mounted = {"volumes": [{"name": "c", "configMap": {"name": "ring"}}]}
    return [config, workload(kind="StatefulSet", replicas=replicas, labels=labels, pod=mounted),
            budget(labels=labels, maxUnavailable=1)]  # fmt: skip


def voters(replicas) -> list[dict]:
    labels = {"app.kubernetes.io/name": "vault", "component": "server"}
    return [workload(kind="StatefulSet", replicas=replicas, labels=labels), budget(labels=labels, maxUnavailable=1)]


def keepers(replicas) -> list[dict]:
    """ClickHouse's operator makes their budget itself."""
    clusters = [{"name": "keeper", "layout": {"replicasCount": replicas}}]
    spec = {"configuration": {"clusters": clusters}, "templates": {"podTemplates": [{"spec": {"containers": [{}]}}]}}
    return [made("ClickHouseKeeperInstallation", "keeper", api="clickhouse-keeper.altinity.com/v1", spec=spec)]


@pytest.mark.parametrize(
    ("objects", "stops"),
    [
        (ring(1, 1), False), (ring(2, 2), True), (ring(3, 3), False), (ring(2, 1), False), (ring(3, 2), False),
        (voters(1), False), (voters(2), True), (voters(3), False),
        (keepers(1), False), (keepers(2), True), (keepers(3), False),
    ],
)  # fmt: skip
def test_a_service_that_stops_when_one_node_is_down_is_told(objects, stops) -> None:
    assert [each.about for each in broken_budgets(cluster(*objects))] == (["quorum"] if stops else [])


def test_an_operator_told_to_make_no_budget_leaves_its_pods_without_one() -> None:
    (keeper,) = keepers(3)
    keeper["spec"]["configuration"]["clusters"][0]["pdbManaged"] = "no"
    assert [each.about for each in broken_budgets(cluster(keeper))] == ["no budget"]
