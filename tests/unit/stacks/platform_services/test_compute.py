"""Whoever asks for a GPU gets one: each node that has some offers them, and no other node runs what offers them."""

from quantos.policy.config import security_limits
from quantos.policy.security.resource import Resource
from quantos.policy.security.workloads.objects import KUBERNETES_RULES
from tests.support.declarations import Layer

PLUGIN = "gpu-device-plugin"


def pod(layer: Layer) -> dict:
    return layer.the("DaemonSet", PLUGIN).inputs["spec"]["template"]["spec"]


def test_the_plugin_is_on_the_nodes_of_gpu_pools_and_tolerates_their_taints(layer: Layer) -> None:
    affinity = pod(layer)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    ((chosen,),) = (term["matchExpressions"] for term in affinity["nodeSelectorTerms"])
    assert chosen == {"key": "quantos.io/pool", "operator": "In", "values": ["gpu", "gpu-spot"]}
    tolerated = {each["key"] for each in pod(layer)["tolerations"]}
    assert tolerated == {taint.key for name in chosen["values"] for taint in layer.settings.pools[name].taints}


def test_it_is_root_for_the_kubelet_s_sockets_and_nothing_else(layer: Layer) -> None:
    (container,) = pod(layer)["containers"]
    context = container["securityContext"]
    assert (context["privileged"], context["allowPrivilegeEscalation"]) == (False, False)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["readOnlyRootFilesystem"] is True
    assert pod(layer)["automountServiceAccountToken"] is False
    assert [volume["hostPath"]["path"] for volume in pod(layer)["volumes"]] == ["/var/lib/kubelet/device-plugins"]
    assert "@sha256:" in container["image"]


def complaints(layer: Layer, *, namespace: str) -> set[str]:
    declared = layer.the("DaemonSet", PLUGIN)
    moved = {**declared.inputs, "metadata": {**declared.inputs["metadata"], "namespace": namespace}}
    resource = Resource(type=declared.type, name=declared.name, urn=declared.urn, properties=moved)
    limits = security_limits(layer.settings)
    return {
        rule.name for rule in KUBERNETES_RULES if rule.name.startswith("pod-") and [*rule.complaints(resource, limits)]
    }


def test_the_security_pack_takes_it_where_the_namespace_says_why_and_nowhere_else(layer: Layer) -> None:
    assert complaints(layer, namespace="node-agents") == set()
    assert complaints(layer, namespace="inference") == {"pod-non-root", "pod-volume-types"}
    assert complaints(layer, namespace="lineage") == {"pod-volume-types"}
