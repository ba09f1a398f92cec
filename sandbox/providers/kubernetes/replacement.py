"""Which changes of an object need another object.

Source: the provider's documentation and table of properties that replace; the API refuses most of them in place.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.kubernetes.kinds import KindOfObject

IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_RELEASE = ("name", "namespace")
_SELECTED = ("spec.selector",)
_CONTENT = ("data", "binaryData", "stringData", "type")
_ROLE = ("roleRef",)
_BY_KIND: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "ConfigMap"): _CONTENT[:2],
    ("", "PersistentVolumeClaim"): ("spec",),
    ("", "Pod"): ("spec",),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): _CONTENT,
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): _SELECTED,
    ("apps", "Deployment"): _SELECTED,
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE,
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}
_IN_PLACE = ("spec.activeDeadlineSeconds", "spec.tolerations")
"""Of a Pod's spec; a claim's `spec.resources` cannot grow in place here, as in the real provider."""


def replacing_paths(kind: KindOfObject, *, mutable: frozenset[str]) -> tuple[str, ...]:
    """Paths whose change replaces an object; `mutable` are the kinds whose content the provider may change."""
    if kind.release:
        return _RELEASE
    own = () if kind.patch or kind.custom or kind.kind in mutable else _BY_KIND.get((kind.group, kind.kind), ())
    return (*IDENTITY, *own)


def replaces(path: str, *, paths: tuple[str, ...]) -> bool:
    """Whether a change at `path` is one of `paths` or within it."""
    if path.startswith(_IN_PLACE):
        return False
    return any(path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")) for prefix in paths)
