"""What the pods of a namespace ask for together at their greatest, against its quota."""

from collections.abc import Iterator, Mapping
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, NodeGroup
from quantos.charts.links.eks import WORKLOADS
from quantos.charts.links.kinds import plural
from quantos.charts.links.placement import runs_on
from quantos.charts.links.quantities import amount
from quantos.charts.links.workloads import Workload

_GIB: Final = 2.0**30
_ASKED: Final = ("cpu", "memory", "ephemeral-storage")
"""Resources that a quota may name without `requests.`; of the first two every container has to state some."""

STORAGE: Final = "requests.storage"
CLAIMS: Final = ("persistentvolumeclaims", "count/persistentvolumeclaims")
PODS: Final = ("pods", "count/pods")
_COUNTED: Final = (
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services",
)  # fmt: skip
"""Resources that a quota may count without `count/`."""

_TYPED: Final[Mapping[str, tuple[str, ...]]] = {
    "services.loadbalancers": ("LoadBalancer",),
    "services.nodeports": ("LoadBalancer", "NodePort"),
}
"""Services that an entry counts, by their type."""


def exceeded_quotas(cluster: Cluster) -> Iterator[BrokenLink]:
    """Quotas that the namespace's own pods exceed at the environment's greatest size."""
    for quota in cluster.of("ResourceQuota"):
        place = named(quota, "namespace")
        inside = [each for each in cluster.workloads if each.namespace == place and each not in WORKLOADS]
        if _is_scoped(quota):
            continue
        for name, hard in mapping(mapping(quota.get("spec")).get("hard")).items():
            yield from _silent(quota, name, inside, cluster=cluster)
            asked, given = sum(_asked(each, name, cluster) for each in inside), amount(hard)
            asked += _declared(name, place, cluster)
            if asked > given:
                largest = _largest(inside, name, cluster)
                yield BrokenLink(
                    kind="quota",
                    subject=called(quota),
                    about=name,
                    what=f"{'pods' if largest else 'objects'} may ask for {_shown(name, asked)} {name},"
                    f" and have {_shown(name, given)}" + (f" ({largest})" if largest else ""),
                    remedy="raise the namespace's share, or derive it from the greatest size",
                )


def _silent(quota: Document, name: str, inside: list[Workload], *, cluster: Cluster) -> Iterator[BrokenLink]:
    """Pods that a quota refuses whatever is left of it: a container of them states nothing, and gets no default."""
    side, resource = _side(name)
    if resource not in _ASKED[:2]:
        return
    for each in inside:
        default = _default(each.namespace, resource, side, cluster=cluster)
        containers = [*each.containers, *each.initial]
        if default is None and any(_stated(container, resource, side) is None for container in containers):
            yield BrokenLink(
                kind="quota",
                subject=each.name,
                about=name,
                what=f"a container of it states no {name}, and {called(quota)} refuses pods that do not",
                remedy="state it, or give the namespace a LimitRange with a default",
            )


def _declared(name: str, place: str, cluster: Cluster) -> int:
    """Objects of a namespace that an entry counts, pods and what is made of templates left out."""
    if types := _TYPED.get(name):
        services = [each for each in cluster.of("Service") if named(each, "namespace") == place]
        return sum(mapping(each.get("spec")).get("type") in types for each in services)
    resource, _, group = name.removeprefix("count/").partition(".")
    if name in PODS or (not name.startswith("count/") and name not in _COUNTED):
        return 0
    return sum(
        plural(text(each.get("kind"))) == resource
        and text(each.get("apiVersion")).rpartition("/")[0] == group
        and named(each, "namespace") == place
        for each in cluster.objects
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
    if name in CLAIMS:
        return workload.replicas * len(workload.claims)
    side, resource = _side(name)
    return pods * _of_pod(workload, resource, side, cluster=cluster) if resource else 0.0


def _side(name: str) -> tuple[str, str]:
    """Which side of a container's resources an entry sums, and which resource; empty where it sums none."""
    side, _, resource = name.partition(".")
    if side in {"requests", "limits"} and name != STORAGE:
        return side, resource
    return "requests", name if name in _ASKED else ""


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
    default = _default(workload.namespace, resource, side, cluster=cluster) or 0.0
    together = sum(_of_container(each, resource, side, default=default) for each in workload.containers)
    before = max((_of_container(each, resource, side, default=default) for each in workload.initial), default=0.0)
    return max(together, before)


def _of_container(container: Document, resource: str, side: str, *, default: float) -> float:
    value = _stated(container, resource, side)
    return default if value is None else amount(value)


def _stated(container: Document, resource: str, side: str) -> Json:
    """What a container asks for: its limit where it states no request."""
    resources = mapping(container.get("resources"))
    value = mapping(resources.get(side)).get(resource)
    return mapping(resources.get("limits")).get(resource) if value is None and side == "requests" else value


def _default(namespace: str, resource: str, side: str, *, cluster: Cluster) -> float | None:
    """What a LimitRange gives a container that states nothing; None where it gives nothing."""
    key = "defaultRequest" if side == "requests" else "default"
    for each in cluster.of("LimitRange"):
        if named(each, "namespace") == namespace:
            for limit in items(mapping(each.get("spec")).get("limits")):
                given = mapping(mapping(limit).get(key)) or (mapping(mapping(limit).get("default")))
                if mapping(limit).get("type") == "Container" and resource in given:
                    return amount(given[resource])
    return None


def _largest(workloads: list[Workload], name: str, cluster: Cluster) -> str:
    asked = sorted(((_asked(each, name, cluster), each.name) for each in workloads), reverse=True)
    return ", ".join(f"{text(what)} {_shown(name, count)}" for count, what in asked[:3] if count)


def _shown(name: str, value: float) -> str:
    if "storage" in name or "memory" in name:
        return f"{value / _GIB:.1f}Gi"
    return f"{value:g}"
