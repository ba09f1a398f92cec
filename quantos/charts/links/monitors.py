"""Monitors against the Services and pods that they mean, and Services that nobody scrapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, service_ports, target_port
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import Workload

_SCRAPED_NAMES: Final = ("metrics", "http-metrics", "tcp-metrics", "prometheus", "https-metrics")
_ANNOTATED: Final = "prometheus.io/scrape"
_KUBELET: Final = "kubelet"
"""Its Service is made by the operator, and has nodes behind it."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A port that a monitor has Prometheus ask."""

    monitor: Document
    workload: Workload
    port: int


def broken_monitors(cluster: Cluster) -> Iterator[BrokenLink]:
    """Monitors that select nothing, or name a port that nobody has, or that no Prometheus reads."""
    for each in cluster.of("ServiceMonitor", "PodMonitor"):
        if not _read_by_anyone(each, cluster):
            yield _broken(each, about="Prometheus", what="no Prometheus selects it", remedy="give it the labels")
        meant = _meant(each, cluster)
        if not meant and not _is_kubelet(each):
            whom = "Service" if each.get("kind") == "ServiceMonitor" else "pod"
            yield _broken(each, about=whom, what=f"it selects no {whom}", remedy="select by labels that there are")
            continue
        for port in _ports(each):
            if not _is_kubelet(each) and not any(_has_port(target, port) for target in meant):
                what = f"nothing that it selects has a port called {port}, only {_named_ports(meant)}"
                yield _broken(each, about=f"port {port}", what=what, remedy="name one of these")


def unscraped_services(cluster: Cluster) -> Iterator[BrokenLink]:
    """Services made to be scraped, by the name of a port or an annotation, that no monitor selects."""
    if not cluster.of("Prometheus"):
        return
    scraped = {(endpoint.workload.name, endpoint.port) for endpoint in endpoints(cluster)}
    for each in cluster.of("Service"):
        annotated = mapping(mapping(each.get("metadata")).get("annotations")).get(_ANNOTATED) == "true"
        for port in service_ports(each):
            meant = text(port.get("name")) in _SCRAPED_NAMES or (annotated and len(service_ports(each)) == 1)
            behind = {(workload.name, target_port(port, workload)) for workload in cluster.pods_behind(each)}
            if meant and behind and not behind & scraped:
                yield BrokenLink(
                    kind="monitor",
                    subject=called(each),
                    about=f"port {port.get('name') or port.get('port')}",
                    what=f"nobody scrapes its port {port.get('name') or port.get('port')}",
                    remedy="have the chart or the program declare a monitor, or no Service",
                )


def endpoints(cluster: Cluster) -> Iterator[Endpoint]:
    """Ports of pods that monitors which some Prometheus reads lead to."""
    for each in cluster.of("ServiceMonitor", "PodMonitor"):
        if not _read_by_anyone(each, cluster):
            continue
        for port in _ports(each):
            yield from _behind(each, port, cluster)


def _behind(monitor: Document, port: str, cluster: Cluster) -> Iterator[Endpoint]:
    if monitor.get("kind") == "PodMonitor":
        for workload in _pods(monitor, cluster):
            if port in workload.ports:
                yield Endpoint(monitor=monitor, workload=workload, port=workload.ports[port])
        return
    for service in _services(monitor, cluster):
        for served in service_ports(service):
            if port in _names_of(served):
                for workload in cluster.pods_behind(service):
                    number = target_port(served, workload)
                    if number is not None:
                        yield Endpoint(monitor=monitor, workload=workload, port=number)


def _meant(monitor: Document, cluster: Cluster) -> list[Document] | list[Workload]:
    return _services(monitor, cluster) if monitor.get("kind") == "ServiceMonitor" else _pods(monitor, cluster)


def _services(monitor: Document, cluster: Cluster) -> list[Document]:
    selector = mapping(mapping(monitor.get("spec")).get("selector"))
    return [
        each
        for each in cluster.services
        if _in_namespaces(monitor, named(each, "namespace"))
        and selects(selector, mapping(mapping(each.get("metadata")).get("labels")))
    ]


def _pods(monitor: Document, cluster: Cluster) -> list[Workload]:
    selector = mapping(mapping(monitor.get("spec")).get("selector"))
    return [
        each for each in cluster.workloads if _in_namespaces(monitor, each.namespace) and selects(selector, each.labels)
    ]


def _in_namespaces(monitor: Document, namespace: str) -> bool:
    given = mapping(mapping(monitor.get("spec")).get("namespaceSelector"))
    if given.get("any"):
        return True
    return namespace in (items(given.get("matchNames")) or [named(monitor, "namespace")])


def _ports(monitor: Document) -> list[str]:
    """Ports as monitors name them: a target port by its number counts as a name of its own."""
    key = "endpoints" if monitor.get("kind") == "ServiceMonitor" else "podMetricsEndpoints"
    listed = [mapping(each) for each in items(mapping(monitor.get("spec")).get(key))]
    return [str(each.get("port") or each.get("targetPort") or "") for each in listed]


def _has_port(meant: Document | Workload, port: str) -> bool:
    return port in _names(meant)


def _names(meant: Document | Workload) -> list[str]:
    if isinstance(meant, Workload):
        return [*meant.ports, *(str(number) for number in meant.ports.values())]
    return [name for each in service_ports(meant) for name in _names_of(each)]


def _names_of(port: Document) -> tuple[str, ...]:
    """How monitors may name a port of a Service: by its name, or by the port of the pods behind it."""
    return text(port.get("name")), str(port.get("targetPort", port.get("port")))


def _named_ports(meant: list[Document] | list[Workload]) -> str:
    names = {name for each in meant for name in _names(each) if name and not name.isdigit()}
    return ", ".join(sorted(names)) or "none by name"


def _read_by_anyone(monitor: Document, cluster: Cluster) -> bool:
    kind = "serviceMonitor" if monitor.get("kind") == "ServiceMonitor" else "podMonitor"
    labels = mapping(mapping(monitor.get("metadata")).get("labels"))
    place = named(monitor, "namespace")
    for each in cluster.of("Prometheus"):
        spec = mapping(each.get("spec"))
        spaces: Json = spec.get(f"{kind}NamespaceSelector")
        inside = place == named(each, "namespace")
        if spaces is not None:
            inside = selects(spaces, cluster.namespaces.get(place, {}))
        if inside and selects(spec.get(f"{kind}Selector"), labels):
            return True
    return False


def _is_kubelet(monitor: Document) -> bool:
    return _KUBELET in mapping(mapping(mapping(monitor.get("spec")).get("selector")).get("matchLabels")).values()


def _broken(monitor: Document, *, about: str, what: str, remedy: str) -> BrokenLink:
    return BrokenLink(kind="monitor", subject=called(monitor), about=about, what=what, remedy=remedy)
