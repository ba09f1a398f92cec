"""Groups and resources that Kubernetes itself serves: which of them lie in namespaces."""

from typing import Final

BUILT_IN_GROUPS: Final = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io",
    "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
})  # fmt: skip
CLUSTER_KINDS: Final = frozenset({
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "CustomResourceDefinition", "DeviceClass", "FlowSchema", "IngressClass", "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
    "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
})  # fmt: skip
"""Built-in kinds whose objects lie in no namespace."""

_CLUSTER_RESOURCES: Final = frozenset({kind.lower() + ("es" if kind.endswith("ss") else "s") for kind in CLUSTER_KINDS})


def is_built_in(group: str) -> bool:
    """Whether Kubernetes itself serves a group."""
    return group in BUILT_IN_GROUPS


def is_namespaced(group: str, resource: str) -> bool:
    """Whether objects of a resource lie in namespaces; of groups that are not built in nobody here knows."""
    return is_built_in(group) and resource not in _CLUSTER_RESOURCES


def plural(kind: str) -> str:
    """How rules spell a kind."""
    lower = kind.lower()
    if lower.endswith(("s", "x", "ch", "sh")):
        return f"{lower}es"
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return f"{lower[:-1]}ies"
    return f"{lower}s"
