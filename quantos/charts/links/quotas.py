"""What the pods of a namespace ask for together at their greatest, against its quota."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.charts.documents import Document, called, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, NodeGroup
from quantos.charts.links.eks import WORKLOADS
from quantos.charts.links.placement import runs_on
from quantos.charts.links.quantities import amount
from quantos.charts.links.workloads import Workload

_GIB: Final = 2.0**30
_ASKED: Final[Mapping[str, str]] = {
    "requests.cpu": "cpu",
    "cpu": "cpu",
    "requests.memory": "memory",
    "memory": "memory",
}
_LIMITED: Final[Mapping[str, str]] = {"limits.cpu": "cpu", "limits.memory": "memory"}
STORAGE: Final = "requests.storage"
PODS: Final = ("pods", "count/pods")


def exceeded_quotas(cluster: Cluster) -> Iterator[BrokenLink]:
    """Quotas that the namespace's own pods exceed at the environment's greatest size."""
    for quota in cluster.of("ResourceQuota"):
        place = named(quota, "namespace")
        inside = [each for each in cluster.workloads if each.namespace == place and each not in WORKLOADS]
        if _is_scoped(quota) or not inside:
            continue
        for name, hard in mapping(mapping(quota.get("spec")).get("hard")).items():
            asked, given = sum(_asked(each, name, cluster) for each in inside), amount(hard)
            if asked > given:
                largest = _largest(inside, name, cluster)
                yield BrokenLink(
                    kind="quota",
                    subject=called(quota),
                    about=name,
                    what=f"pods may ask for {_shown(name, asked)} {name}, and have {_shown(name, given)} ({largest})",
                    remedy="raise the namespace's share, or derive it from the greatest size",
                )


def _is_scoped(quota: Document) -> bool:
    spec = mapping(quota.get("spec"))
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _asked(workload: Workload, name: str, cluster: Cluster) -> float:
    """What all pods of a workload count against one entry, those added while it is replaced included."""
    pods = _pods(workload, cluster)
    if name in PODS:
        return pods
    if name == STORAGE:
        return workload.replicas * sum(map(_claimed, workload.claims))
    if name in _ASKED:
        return pods * _of_pod(workload, _ASKED[name], "requests", cluster=cluster)
    if name in _LIMITED:
        return pods * _of_pod(workload, _LIMITED[name], "limits", cluster=cluster)
    return 0.0


def _pods(workload: Workload, cluster: Cluster) -> int:
    if not workload.per_node:
        return workload.replicas + workload.surge
    return sum(group.count for group in _groups(workload, cluster))


def _groups(workload: Workload, cluster: Cluster) -> list[NodeGroup]:
    return [each for each in cluster.surroundings.nodes if runs_on(workload, each)]


def _claimed(claim: Document) -> float:
    return amount(mapping(mapping(claim.get("resources")).get("requests")).get("storage"))


def _of_pod(workload: Workload, resource: str, side: str, *, cluster: Cluster) -> float:
    """As the scheduler counts: what runs together, or the largest of what runs before it."""
    default = _default(workload.namespace, resource, side, cluster=cluster)
    together = sum(_of_container(each, resource, side, default=default) for each in workload.containers)
    before = max((_of_container(each, resource, side, default=default) for each in workload.initial), default=0.0)
    return max(together, before)


def _of_container(container: Document, resource: str, side: str, *, default: float) -> float:
    stated = mapping(container.get("resources"))
    value = mapping(stated.get(side)).get(resource)
    if value is None and side == "requests":
        value = mapping(stated.get("limits")).get(resource)
    return default if value is None else amount(value)


def _default(namespace: str, resource: str, side: str, *, cluster: Cluster) -> float:
    """What a LimitRange gives a container that states nothing."""
    key = "defaultRequest" if side == "requests" else "default"
    for each in cluster.of("LimitRange"):
        if named(each, "namespace") == namespace:
            for limit in items(mapping(each.get("spec")).get("limits")):
                if mapping(limit).get("type") == "Container":
                    return amount(mapping(mapping(limit).get(key)).get(resource))
    return 0.0


def _largest(workloads: list[Workload], name: str, cluster: Cluster) -> str:
    asked = sorted(((_asked(each, name, cluster), each.name) for each in workloads), reverse=True)
    return ", ".join(f"{text(what)} {_shown(name, count)}" for count, what in asked[:3] if count)


def _shown(name: str, value: float) -> str:
    if name == STORAGE or "memory" in name:
        return f"{value / _GIB:.1f}Gi"
    return f"{value:g}"
