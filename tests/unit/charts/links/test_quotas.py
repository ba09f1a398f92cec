"""Quotas against what pods ask for at the environment's greatest size."""

import pytest

from quantos.charts.links.quotas import exceeded_quotas
from tests.support.cluster_objects import cluster, made, service, workload

ASKING = {"requests": {"cpu": "500m", "memory": "1Gi"}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}}
TEMPLATE = workload()["spec"]["template"]
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
        ([made("Job", api="batch/v1", spec={"parallelism": 4, "template": TEMPLATE})], "pods", 4),
        ([made("CronJob", api="batch/v1", spec={"jobTemplate": {"spec": {"parallelism": 3, "template": TEMPLATE}}})],
         "pods", 3),
        ([workload(), workload("b"), workload("c", place="other")], "count/deployments.apps", 2),
        ([made("Job", api="batch/v1", spec={})], "count/jobs.batch", 1),
        ([made("Policy", api="a.dev/v1"), made("Policy", api="b.dev/v1")], "count/policies.a.dev", 1),
        ([made("ConfigMap"), made("ConfigMap", "b")], "configmaps", 2),
        ([made("Secret")], "count/secrets", 1),
        ([service(), service("b", type="LoadBalancer")], "services.loadbalancers", 1),
        ([service(type="NodePort"), service("b", type="LoadBalancer")], "services.nodeports", 2),
        ([service(), service("b", type="LoadBalancer")], "services", 2),
        ([workload(kind="StatefulSet", replicas=3, claims=[CLAIM]), made("PersistentVolumeClaim")],
         "persistentvolumeclaims", 4),
        ([workload(kind="StatefulSet", replicas=3, resources={"limits": {"nvidia.com/gpu": 2}})],
         "requests.nvidia.com/gpu", 6),
        ([workload(kind="StatefulSet", resources={"requests": {"ephemeral-storage": "1Gi"}})],
         "requests.ephemeral-storage", 2**30),
        ([workload(kind="StatefulSet", resources={"limits": {"ephemeral-storage": "1Gi"}})], "ephemeral-storage",
         2**30),
        ([workload(kind="StatefulSet", replicas=3, claims=[CLAIM])], "requests.storage", 30 * 2**30),
        ([workload(kind="StatefulSet", replicas=3, resources=ASKING)], "requests.cpu", 1.5),
        ([workload(kind="StatefulSet", replicas=3, resources=ASKING)], "requests.memory", 3 * 2**30),
        ([workload(kind="StatefulSet", resources={"limits": {"cpu": "2"}})], "requests.cpu", 2),
        ([workload(kind="StatefulSet"), LIMITS], "requests.cpu", 0.1),
        ([workload(kind="StatefulSet", resources=ASKING, pod=WITH_INIT)], "requests.cpu", 3),
        ([workload(kind="StatefulSet", resources=ASKING, pod=WITH_SIDECAR)], "requests.cpu", 1),
    ],
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("entry", "objects", "refused"),
    [
        ("requests.cpu", [workload()], True),
        ("cpu", [workload()], True),
        ("limits.memory", [workload(resources=ASKING)], True),
        ("requests.cpu", [workload(resources=ASKING)], False),
        ("requests.cpu", [workload(resources={"limits": {"cpu": 1}})], False),
        ("requests.cpu", [workload(), LIMITS], False),
        ("requests.memory", [workload(), LIMITS], True),
        ("requests.cpu", [workload(resources=ASKING, pod={"initContainers": [{"name": "a"}]})], True),
        ("requests.cpu", [workload(place="other")], False),
        ("pods", [workload()], False),
        ("requests.nvidia.com/gpu", [workload()], False),
    ],
)
def test_a_pod_that_states_nothing_under_a_quota_is_refused(entry, objects, refused) -> None:
    quota = made("ResourceQuota", spec={"hard": {entry: "100Gi"}})
    subjects = [each.subject for each in exceeded_quotas(cluster(*objects, quota))]
    assert subjects == (["Deployment web/web"] if refused else [])
