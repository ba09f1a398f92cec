"""What is pushed to one of several replicas that do not share it."""

import re
from collections.abc import Iterator
from typing import Final

from quantos.charts.documents import called
from quantos.charts.links.addresses import Address, held_texts, service_of
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.workloads import Workload

_PUSHED = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+)(?::\d+)?/[\w/.-]*?(?:api/v1/otlp|api/v1/write|api/v1/push)")
_ALONE: Final = frozenset({"Prometheus"})
"""Kinds whose replicas each keep what they were sent, and no more."""


def scattered_pushes(cluster: Cluster) -> Iterator[BrokenLink]:
    """Series that a Service spreads over replicas, so that each holds a part of them."""
    seen: set[tuple[str, str]] = set()
    for sender in cluster.workloads:
        for where, source in held_texts(cluster, sender):
            for match in _PUSHED.finditer(source):
                target = _behind(match["host"], sender, cluster)
                if target is None or (called(where), target.name) in seen:
                    continue
                seen.add((called(where), target.name))
                yield BrokenLink(
                    kind="replica",
                    subject=called(where),
                    about=target.name,
                    what=f"{match[0]} is one of {target.replicas} replicas of {target.name} at random,"
                    " and each keeps only what it is sent",
                    remedy="send to each of them by its own address, or have them scrape instead",
                )


def _behind(host: str, sender: Workload, cluster: Cluster) -> Workload | None:
    name = service_of(Address(host, url=True), namespace=sender.namespace, cluster=cluster)
    service = cluster.get("Service", name.namespace, name.name) if name else None
    if name is None or service is None or host.split(".", maxsplit=1)[0] != name.name:
        return None
    behind = [each for each in cluster.pods_behind(service) if each.manifest.get("kind") in _ALONE]
    return next((each for each in behind if each.replicas > 1), None)
