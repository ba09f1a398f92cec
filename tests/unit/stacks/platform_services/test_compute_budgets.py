"""A drain of nodes takes one pod at a time of what its chart gives no budget."""

import pytest

from tests.support.declarations import Layer


@pytest.mark.parametrize(
    ("namespace", "labels"),
    [
        ("argo-events", {"controller": "eventbus-controller", "eventbus-name": "default"}),
        ("flink", {"app.kubernetes.io/name": "flink-kubernetes-operator"}),
        ("inference", {"ray.io/originated-from-cr-name": "inference", "ray.io/node-type": "worker"}),
        ("lineage", {"app.kubernetes.io/name": "marquez", "app.kubernetes.io/component": "marquez"}),
        ("ray", {"app.kubernetes.io/name": "kuberay-operator"}),
        ("trino", {"app.kubernetes.io/name": "trino", "app.kubernetes.io/component": "worker"}),
    ],
)
def test_one_pod_at_a_time(layer: Layer, namespace: str, labels: dict[str, str]) -> None:
    (budget,) = (
        each.inputs["spec"]
        for each in layer.declared
        if each.inputs.get("kind") == "PodDisruptionBudget" and each.inputs["metadata"]["namespace"] == namespace
    )
    assert budget == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
