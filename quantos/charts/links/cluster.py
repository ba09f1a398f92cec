"""Everything that would stand in a cluster, by kind, namespace and name; and what the layers below give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from typing import Final

from quantos.charts.documents import Document, Grant, Json, Release, items, mapping, named, text
from quantos.charts.links import eks
from quantos.charts.links.operated import operated_services, operated_workloads
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import TCP, Workload, controllers, scaled

BUILT_IN_NAMESPACES: Final = ("default", eks.SYSTEM, "kube-public", "kube-node-lease")
SELF_GIVEN: Final = frozenset({"vault-active", "vault-sealed", "vault-initialized", "vault-perf-standby"})
"""Labels that pods give themselves when they run."""

NAME_LABEL: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """Nodes of one pool at its greatest size. `taints` have `key`, `value` and `effect` as Kubernetes writes them."""

    name: str
    count: int
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Document] = ()


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the layers below give: the VPC, AWS services with an endpoint in it, nodes at their greatest, and grants."""

    vpc: IPv4Network
    region: str
    domain: str
    endpoint_services: frozenset[str]
    nodes: Sequence[NodeGroup]
    grants: Sequence[Grant] = ()


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An object and the release that brings it; None where the program declares it itself."""

    manifest: Document
    release: Release | None = None


@dataclass(frozen=True)
class Cluster:
    """All objects of an environment together."""

    installed: Sequence[Installed]
    surroundings: Surroundings
    releases: Sequence[Release] = ()

    @cached_property
    def objects(self) -> list[Document]:
        """Every object."""
        return [each.manifest for each in self.installed]

    @cached_property
    def _by_kind(self) -> dict[str, list[Document]]:
        by_kind: dict[str, list[Document]] = {}
        for each in self.objects:
            by_kind.setdefault(text(each.get("kind")), []).append(each)
        return by_kind

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Document]:
        return {
            (text(each.get("kind")), named(each, "namespace"), named(each, "name")): each
            for each in [*eks.SERVICES, *operated_services(self.objects), *self.objects]
        }

    @cached_property
    def _releases(self) -> dict[int, Installed]:
        return {id(each.manifest): each for each in self.installed}

    def of(self, *kinds: str) -> list[Document]:
        """Objects of some kinds, in the order of their kinds."""
        return [each for kind in kinds for each in self._by_kind.get(kind, ())]

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """One object; `namespace` is empty for one of the cluster."""
        return self._by_name.get((kind, namespace, name))

    def origin(self, manifest: Document) -> Installed:
        """The object with the release that brings it."""
        return self._releases.get(id(manifest), Installed(manifest=manifest))

    @cached_property
    def services(self) -> list[Document]:
        """Services, those that operators make included."""
        return [*self.of("Service"), *operated_services(self.objects), *eks.SERVICES]

    @cached_property
    def workloads(self) -> list[Workload]:
        """All pods by template, those that operators make included; at their greatest sizes."""
        own = [*controllers(self.objects), *operated_workloads(self.objects)]
        return [*scaled(own, self.objects), *eks.WORKLOADS]

    @cached_property
    def namespaces(self) -> dict[str, Mapping[str, Json]]:
        """Labels of namespaces by name: of those that are declared, and of those that the cluster has by itself."""
        known: dict[str, Mapping[str, Json]] = {name: {NAME_LABEL: name} for name in BUILT_IN_NAMESPACES}
        for each in self.of("Namespace"):
            name = named(each, "name")
            known[name] = {**mapping(mapping(each.get("metadata")).get("labels")), NAME_LABEL: name}
        return known

    def pods_behind(self, service: Document) -> list[Workload]:
        """The workloads that a Service selects."""
        given = mapping(mapping(service.get("spec")).get("selector"))
        chosen = {name: value for name, value in given.items() if name not in SELF_GIVEN}
        namespace = named(service, "namespace")
        selector: Document = {"matchLabels": chosen}
        return [
            each for each in self.workloads if chosen and each.namespace == namespace and selects(selector, each.labels)
        ]


def service_ports(service: Document) -> list[Document]:
    """Ports of a Service."""
    return [mapping(each) for each in items(mapping(service.get("spec")).get("ports"))]


def target_port(port: Document, workload: Workload) -> int | None:
    """The number at which a workload's pods answer for a port of a Service; None where they name no such port."""
    target: Json = port.get("targetPort") or port.get("port")
    return target if isinstance(target, int) else workload.port(text(target), protocol(port))


def protocol(port: Document) -> str:
    """The protocol of a port of a Service."""
    return text(port.get("protocol")) or TCP
