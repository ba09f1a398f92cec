"""Nodes on which pods can run: selectors against labels, tolerations against taints, devices against plugins."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.charts.documents import Document, items, mapping, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, NodeGroup
from quantos.charts.links.eks import WORKLOADS
from quantos.charts.links.workloads import Workload

_PLAIN: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_PLUGINS: Final[Mapping[str, tuple[str, ...]]] = {"nvidia.com/gpu": ("nvidia", "gpu")}
"""By device: words of which its plugin's image has one."""

SOCKETS: Final = "/var/lib/kubelet/device-plugins"
"""Where every plugin tells the kubelet of itself."""

_BINDING: Final = frozenset({"NoSchedule", "NoExecute"})


def runs_on(workload: Workload, nodes: NodeGroup) -> bool:
    """Whether its pods may stand on these nodes."""
    wanted = mapping(workload.pod.get("nodeSelector"))
    if any(nodes.labels.get(name) != value for name, value in wanted.items() if name in _known(nodes)):
        return False
    if not _has_affinity(workload, nodes):
        return False
    return all(_tolerates(workload, taint) for taint in nodes.taints if taint.get("effect") in _BINDING)


def unplaceable(cluster: Cluster) -> Iterator[BrokenLink]:
    """Pods for which the environment has no nodes."""
    for each in cluster.workloads:
        if each in WORKLOADS or each.replicas == 0 or any(runs_on(each, group) for group in cluster.surroundings.nodes):
            continue
        yield BrokenLink(
            kind="placement",
            subject=each.name,
            about="nodes",
            what="no pool has nodes that its selector and its tolerations fit",
            remedy="correct its node selector, its affinity or its tolerations",
        )


def missing_devices(cluster: Cluster) -> Iterator[BrokenLink]:
    """Devices that pods ask for and no plugin on their nodes offers."""
    for each in cluster.workloads:
        for device in sorted(_devices(each)):
            hosts = [group for group in cluster.surroundings.nodes if runs_on(each, group)]
            if hosts and all(_offers(group, device, cluster) for group in hosts):
                continue
            yield BrokenLink(
                kind="device",
                subject=each.name,
                about=device,
                what=f"it asks for {device}, and no device plugin on its nodes offers that",
                remedy="install the plugin as a daemon set that tolerates the taints of these nodes",
            )


def _devices(workload: Workload) -> set[str]:
    return {
        name
        for each in workload.containers
        for side in ("limits", "requests")
        for name in mapping(mapping(each.get("resources")).get(side))
        if name not in _PLAIN and not name.startswith("hugepages-")
    }


def _offers(nodes: NodeGroup, device: str, cluster: Cluster) -> bool:
    return any(
        each.per_node and runs_on(each, nodes) and _is_plugin(each, _PLUGINS.get(device, ()))
        for each in cluster.workloads
    )


def _is_plugin(workload: Workload, words: tuple[str, ...]) -> bool:
    mounted = {text(mapping(mapping(each).get("hostPath")).get("path")) for each in items(workload.pod.get("volumes"))}
    images = " ".join(text(each.get("image")) for each in workload.containers)
    return SOCKETS in mounted and any(word in images for word in words)


def _known(nodes: NodeGroup) -> set[str]:
    """Labels that are judged: those that a pool's nodes have, and those of other pools."""
    return {*nodes.labels, *_STATED}


_STATED: Final = ("quantos.io/pool", "eks.amazonaws.com/nodegroup", "eks.amazonaws.com/compute-type")


def _has_affinity(workload: Workload, nodes: NodeGroup) -> bool:
    node = mapping(mapping(workload.pod.get("affinity")).get("nodeAffinity"))
    terms = items(mapping(node.get("requiredDuringSchedulingIgnoredDuringExecution")).get("nodeSelectorTerms"))
    return not terms or any(
        all(_fits(mapping(each), nodes) for each in items(mapping(term).get("matchExpressions"))) for term in terms
    )


def _fits(expression: Document, nodes: NodeGroup) -> bool:
    """Labels that nobody here knows of are taken to fit."""
    name, values = text(expression.get("key")), items(expression.get("values"))
    value = nodes.labels.get(name)
    match expression.get("operator"):
        case "In":
            return name not in _known(nodes) or value in values
        case "NotIn":
            return value not in values
        case "DoesNotExist":
            return value is None
        case "Exists":
            return name not in _known(nodes) or value is not None
    return True


def _tolerates(workload: Workload, taint: Document) -> bool:
    return any(_takes(mapping(each), taint) for each in items(workload.pod.get("tolerations")))


def _takes(toleration: Document, taint: Document) -> bool:
    key, effect = toleration.get("key"), toleration.get("effect")
    if (key and key != taint.get("key")) or (effect and effect != taint.get("effect")):
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")
