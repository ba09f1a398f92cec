"""Network policies: whether a pod may be reached by a caller, and may reach it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network

from quantos.charts.documents import Document, Json, items, mapping, named, text
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import Workload


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end of a connection: pods of a namespace, or an address."""

    name: str
    namespace: str = ""
    labels: Mapping[str, Json] = field(default_factory=dict)
    address: IPv4Network | None = None


def peer(workload: Workload, *, cluster: Cluster) -> Peer:
    """A workload as the other end. Pods in their node's network have the node's address."""
    if workload.pod.get("hostNetwork"):
        return Peer(name=workload.name, address=cluster.surroundings.vpc)
    return Peer(name=workload.name, namespace=workload.namespace, labels=workload.labels)


def lets_in(cluster: Cluster, workload: Workload, port: int, *, caller: Peer) -> bool:
    """Whether policies let a caller in at a port."""
    return _allows(cluster, workload, "Ingress", caller=caller, port=port)


def lets_out(cluster: Cluster, workload: Workload, port: int, *, to: Peer) -> bool:
    """Whether policies let the workload's pods connect to a port."""
    return _allows(cluster, workload, "Egress", caller=to, port=port)


def _allows(cluster: Cluster, workload: Workload, direction: str, *, caller: Peer, port: int) -> bool:
    if workload.pod.get("hostNetwork"):
        return True
    policies = [each for each in _policies(cluster, workload) if direction in _types(each)]
    if not policies:
        return True
    ends = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    return any(
        _port_fits(rule, port, workload=workload)
        and _peer_fits(rule.get(ends[1]), caller, policy=each, cluster=cluster)
        for each in policies
        for rule in map(mapping, items(mapping(each.get("spec")).get(ends[0])))
    )


def _policies(cluster: Cluster, workload: Workload) -> Iterable[Document]:
    for each in cluster.of("NetworkPolicy"):
        inside = named(each, "namespace") == workload.namespace
        if inside and selects(mapping(mapping(each.get("spec")).get("podSelector")), workload.labels):
            yield each


def _types(policy: Document) -> list[str]:
    spec = mapping(policy.get("spec"))
    given = [text(each) for each in items(spec.get("policyTypes"))]
    return given or ["Ingress", *(["Egress"] if "egress" in spec else [])]


def _port_fits(rule: Document, port: int, *, workload: Workload) -> bool:
    listed = [mapping(each) for each in items(rule.get("ports"))]
    return not listed or any(_is_port(each, port, workload=workload) for each in listed)


def _is_port(entry: Document, port: int, *, workload: Workload) -> bool:
    given = entry.get("port")
    if given is None:
        return True
    if isinstance(given, str) and not given.isdigit():
        return workload.ports.get(given) == port
    first = int(str(given))
    last = entry.get("endPort", first)
    return first <= port <= int(str(last))


def _peer_fits(peers: Json, caller: Peer, *, policy: Document, cluster: Cluster) -> bool:
    listed = [mapping(each) for each in items(peers)]
    return not listed or any(_is_peer(each, caller, policy=policy, cluster=cluster) for each in listed)


def _is_peer(entry: Document, caller: Peer, *, policy: Document, cluster: Cluster) -> bool:
    """Whether a peer of a policy is the caller. An address block takes addresses that it holds whole, and no pods."""
    if "ipBlock" in entry:
        block = mapping(entry["ipBlock"])
        if caller.address is None or not caller.address.subnet_of(_network(block.get("cidr"))):
            return False
        return not any(caller.address.overlaps(_network(each)) for each in items(block.get("except")))
    if caller.address is not None:
        return False
    if "namespaceSelector" in entry:
        known = cluster.namespaces.get(caller.namespace, {})
        inside = selects(mapping(entry["namespaceSelector"]), known)
    else:
        inside = caller.namespace == named(policy, "namespace")
    return inside and ("podSelector" not in entry or selects(mapping(entry["podSelector"]), caller.labels))


def _network(value: Json) -> IPv4Network:
    network = ip_network(text(value))
    return network if isinstance(network, IPv4Network) else IPv4Network("255.255.255.255/32")
