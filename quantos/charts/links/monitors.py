"""Monitors against the Services and pods that they mean, and Services that nobody scrapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, service_ports, target_port
from quantos.charts.links.eks import SERVICES
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import Workload

_SCRAPED_NAMES: Final = ("metrics", "http-metrics", "tcp-metrics", "prometheus", "https-metrics")
_ANNOTATED: Final = "prometheus.io/scrape"
_KUBELET: Final = ("app.kubernetes.io/name", "kubelet")
"""The label of the Service that the operator makes, which has nodes behind it."""


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
            if _is_kubelet(each):
                continue
            if not any(port.is_of(target) for target in meant):
                what = f"nothing that it selects has a port called {port.name}, only {_named_ports(meant)}"
                yield _broken(each, about=f"port {port.name}", what=what, remedy="name one of these")
            elif not any(_behind(each, port, cluster)) and not _is_of_api_server(meant):
                what = f"no pod stands behind the port {port.name} that it selects"
                yield _broken(each, about=f"pods of {port.name}", what=what, remedy="select a Service with pods")


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


def _behind(monitor: Document, port: "_Asked", cluster: Cluster) -> Iterator[Endpoint]:
    if monitor.get("kind") == "PodMonitor":
        for workload in _pods(monitor, cluster):
            if port.is_of(workload):
                number = workload.ports.get(port.name)
                yield Endpoint(monitor=monitor, workload=workload, port=int(port.name) if number is None else number)
        return
    for service in _services(monitor, cluster):
        for served in service_ports(service):
            if port.is_served(served):
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


@dataclass(frozen=True)
class _Asked:
    """A port as a monitor asks for it: by the name of `port`, or by `targetPort`, the name or number of the pods'."""

    name: str
    target: bool = False

    def is_of(self, meant: Document | Workload) -> bool:
        """Whether a Service or pods have it."""
        if not isinstance(meant, Workload):
            return any(map(self.is_served, service_ports(meant)))
        numbers = {str(number) for number in meant.ports.values()} if self.target else set[str]()
        return self.name in {*meant.ports, *numbers}

    def is_served(self, port: Document) -> bool:
        """Whether it is a port of a Service."""
        given = (port.get("targetPort") or port.get("port")) if self.target else port.get("name")
        return bool(self.name) and str(given) == self.name


def _ports(monitor: Document) -> list[_Asked]:
    key = "endpoints" if monitor.get("kind") == "ServiceMonitor" else "podMetricsEndpoints"
    listed = [mapping(each) for each in items(mapping(monitor.get("spec")).get(key))]
    return [
        _Asked(str(each["port"]))
        if each.get("port")
        else _Asked(str(each.get("targetPort") or each.get("portNumber") or ""), target=True)
        for each in listed
    ]


def _named_ports(meant: list[Document] | list[Workload]) -> str:
    names = {
        name
        for each in meant
        for name in (
            each.ports if isinstance(each, Workload) else (text(port.get("name")) for port in service_ports(each))
        )
        if name
    }
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
    chosen = mapping(mapping(mapping(monitor.get("spec")).get("selector")).get("matchLabels"))
    return monitor.get("kind") == "ServiceMonitor" and chosen.get(_KUBELET[0]) == _KUBELET[1]


def _is_of_api_server(meant: list[Document] | list[Workload]) -> bool:
    """The Service of the API server has no pods of the cluster behind it."""
    return any(each in SERVICES and not mapping(each.get("spec")).get("selector") for each in meant)


def _broken(monitor: Document, *, about: str, what: str, remedy: str) -> BrokenLink:
    return BrokenLink(kind="monitor", subject=called(monitor), about=about, what=what, remedy=remedy)
