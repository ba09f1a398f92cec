"""What stands in every cluster of EKS beside our own objects, as far as links lead to it."""

from typing import Final

from quantos.charts.documents import Document
from quantos.charts.links.workloads import Workload

SYSTEM: Final = "kube-system"

_COREDNS_POD: Final[Document] = {
    "serviceAccountName": "coredns",
    "containers": [
        {
            "name": "coredns",
            "ports": [
                {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "containerPort": 53},
                {"name": "metrics", "containerPort": 9153},
            ],
        }
    ],
}
COREDNS: Final = Workload(
    manifest={"kind": "Deployment", "metadata": {"name": "coredns", "namespace": SYSTEM}},
    namespace=SYSTEM,
    labels={"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"},
    pod=_COREDNS_POD,
    replicas=2,
)
"""The add-on brings its own disruption budget."""

KUBE_PROXY: Final = Workload(
    manifest={"kind": "DaemonSet", "metadata": {"name": "kube-proxy", "namespace": SYSTEM}},
    namespace=SYSTEM,
    labels={"k8s-app": "kube-proxy"},
    pod={"hostNetwork": True, "serviceAccountName": "kube-proxy", "containers": [{"name": "kube-proxy"}]},
    per_node=True,
)
WORKLOADS: Final = (COREDNS, KUBE_PROXY)
SERVICES: Final[tuple[Document, ...]] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {"ports": [{"name": "https", "port": 443, "targetPort": 443}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": SYSTEM, "labels": {"k8s-app": "kube-dns"}},
        "spec": {
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "targetPort": 53},
                {"name": "metrics", "port": 9153, "targetPort": 9153},
            ],
        },
    },
)
PRIORITY_CLASSES: Final = frozenset({"system-cluster-critical", "system-node-critical"})
CLUSTER_ROLES: Final = frozenset({
    "admin", "cluster-admin", "edit", "view", "system:auth-delegator", "system:kube-controller-manager",
    "system:kube-scheduler", "system:node",
})  # fmt: skip
ACCOUNTS: Final = frozenset({(SYSTEM, "horizontal-pod-autoscaler")})
ROLES: Final = frozenset({(SYSTEM, "extension-apiserver-authentication-reader")})
CONFIG_MAPS: Final = frozenset({(SYSTEM, "extension-apiserver-authentication"), (SYSTEM, "coredns")})
