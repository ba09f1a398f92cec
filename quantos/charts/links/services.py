"""Services against the pods that they select, and the ports that these have."""

from collections.abc import Iterator

from quantos.charts.documents import called, mapping
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, service_ports, target_port


def idle_services(cluster: Cluster) -> Iterator[BrokenLink]:
    """Services with a selector that takes no pods of their namespace, or with a port that these do not name."""
    for each in cluster.of("Service"):
        selector = mapping(mapping(each.get("spec")).get("selector"))
        behind = cluster.pods_behind(each)
        if selector and not behind:
            yield BrokenLink(
                kind="service",
                subject=called(each),
                about="no pods",
                what="it selects no pods of its namespace",
                remedy="correct its selector or its namespace, or do without it",
            )
        for port in service_ports(each):
            if behind and all(target_port(port, workload) is None for workload in behind):
                yield BrokenLink(
                    kind="service",
                    subject=called(each),
                    about=f"port {port.get('name')}",
                    what=f"none of its pods has a port called {port.get('targetPort')}",
                    remedy="name a port that they have",
                )
