"""Nodes that pods can stand on, and devices that these offer."""

import pytest

from quantos.charts.links.placement import missing_devices, unplaceable
from tests.support.cluster_objects import cluster, workload

GPU = [{"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}]
ON_GPU = {"nodeSelector": {"quantos.io/pool": "gpu"}, "tolerations": GPU}
ASKING = {"resources": {"limits": {"nvidia.com/gpu": 1, "memory": "1Gi"}}}
PLUGIN = "registry.example/gpu-device-plugin:v1"
SOCKETS = {"volumes": [{"name": "sockets", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]}


def bound(operator, *values, key="quantos.io/pool") -> dict:
    terms = [{"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}]
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    }


@pytest.mark.parametrize(
    ("pod", "stands"),
    [
        ({}, True),
        (ON_GPU, True),
        ({"nodeSelector": {"quantos.io/pool": "gpu"}}, False),
        ({"nodeSelector": {"quantos.io/pool": "none"}, "tolerations": GPU}, False),
        ({"nodeSelector": {"kubernetes.io/os": "linux"}}, True),
        (bound("In", "cpu", "other"), True),
        (bound("In", "gpu"), False),
        ({**bound("In", "gpu"), "tolerations": [{"operator": "Exists"}]}, True),
        (bound("NotIn", "cpu"), False),
        (bound("DoesNotExist"), False),
        (bound("Exists", key="topology.kubernetes.io/zone"), True),
        ({**ON_GPU, "tolerations": [{"key": "gpu", "value": "false"}]}, False),
        ({**ON_GPU, "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}]}, False),
    ],
)
def test_some_pool_has_nodes_for_every_pod(pod, stands) -> None:
    assert (not list(unplaceable(cluster(workload(pod=pod))))) == stands


@pytest.mark.parametrize(
    ("plugin", "offered"),
    [
        ([], False),
        ([workload("plugin", kind="DaemonSet", image=PLUGIN, pod={**ON_GPU, **SOCKETS})], True),
        ([workload("plugin", kind="DaemonSet", image="nvcr.io/nvidia/plugin:v1", pod={**ON_GPU, **SOCKETS})], True),
        ([workload("plugin", kind="DaemonSet", image=PLUGIN, pod=ON_GPU)], False),
        ([workload("plugin", kind="DaemonSet", image=PLUGIN, pod=SOCKETS)], False),
        ([workload("plugin", kind="Deployment", image=PLUGIN, pod={**ON_GPU, **SOCKETS})], False),
        ([workload("plugin", kind="DaemonSet", image="example/other:v1", pod={**ON_GPU, **SOCKETS})], False),
    ],
)
def test_a_device_is_offered_by_a_daemon_on_the_nodes_of_who_asks(plugin, offered) -> None:
    assert (not list(missing_devices(cluster(workload(pod=ON_GPU, **ASKING), *plugin)))) == offered


def test_a_device_that_no_plugin_is_known_for_is_told_and_memory_is_none() -> None:
    asking = workload(resources={"requests": {"example.dev/fpga": 1, "cpu": 1, "hugepages-2Mi": "4Mi"}})
    assert [each.about for each in missing_devices(cluster(asking))] == ["example.dev/fpga"]
