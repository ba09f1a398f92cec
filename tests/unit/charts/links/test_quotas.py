"""Quotas against what pods ask for at the environment's greatest size."""

import pytest

from quantos.charts.links.quotas import exceeded_quotas
from tests.support.cluster_objects import cluster, made, workload

ASKING = {"requests": {"cpu": "500m", "memory": "1Gi"}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}}
LIMITS = made("LimitRange", spec={"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]})
TOLERANT = {"tolerations": [{"operator": "Exists"}]}
GPU = {"tolerations": [{"key": "gpu", "operator": "Equal", "value": "true"}]}
SCALED = made(
    "ScaledObject", api="keda.sh/v1alpha1",
    spec={"scaleTargetRef": {"name": "web"}, "minReplicaCount": 1, "maxReplicaCount": 4},
)  # fmt: skip
WITH_INIT = {"initContainers": [{"name": "a", "resources": {"requests": {"cpu": "3"}}}]}
WITH_SIDECAR = {"initContainers": [{"name": "a", "restartPolicy": "Always", "resources": ASKING}]}


@pytest.mark.parametrize(
    ("objects", "entry", "asked"),
    [
        ([workload(kind="DaemonSet")], "pods", 10),
        ([workload(kind="DaemonSet", pod=TOLERANT)], "pods", 12),
        ([workload(kind="DaemonSet", pod=GPU)], "pods", 12),
        ([workload(kind="DaemonSet", pod={"nodeSelector": {"quantos.io/pool": "gpu"}, **GPU})], "pods", 2),
        ([workload(kind="StatefulSet", replicas=3)], "pods", 3),
        ([workload(replicas=4)], "pods", 5),
        ([workload(replicas=1), SCALED], "pods", 5),
        ([workload(kind="Job")], "pods", 1),
        ([workload(kind="StatefulSet", replicas=3, claims=[CLAIM])], "requests.storage", 30 * 2**30),
        ([workload(kind="StatefulSet", replicas=3, resources=ASKING)], "requests.cpu", 1.5),
        ([workload(kind="StatefulSet", replicas=3, resources=ASKING)], "requests.memory", 3 * 2**30),
        ([workload(kind="StatefulSet", resources={"limits": {"cpu": "2"}})], "requests.cpu", 2),
        ([workload(kind="StatefulSet"), LIMITS], "requests.cpu", 0.1),
        ([workload(kind="StatefulSet", resources=ASKING, pod=WITH_INIT)], "requests.cpu", 3),
        ([workload(kind="StatefulSet", resources=ASKING, pod=WITH_SIDECAR)], "requests.cpu", 1),
    ],
)
def test_a_quota_holds_all_that_its_pods_may_ask_for_and_not_a_byte_less(objects, entry, asked) -> None:
    def told(hard) -> list[str]:
        quota = made("ResourceQuota", spec={"hard": {entry: hard}})
        return [each.about for each in exceeded_quotas(cluster(*objects, quota))]

    assert told(str(asked)) == []
    assert told(str(asked - 0.01)) == [entry]


def test_a_quota_tells_who_asks_for_most_and_one_of_another_namespace_is_not_asked() -> None:
    quota = made("ResourceQuota", spec={"hard": {"pods": "3"}})
    (link,) = exceeded_quotas(cluster(workload(replicas=8), workload("other", replicas=1), quota))
    assert link.what == "pods may ask for 12 pods, and have 3 (Deployment web/web 10, Deployment web/other 2)"
    assert list(exceeded_quotas(cluster(workload(replicas=8, place="elsewhere"), quota))) == []
