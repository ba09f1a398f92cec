"""Network policies: whether a pod may be reached by a caller, and may reach it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, collapse_addresses, ip_network

from quantos.charts.documents import Document, Json, called, items, mapping, named, text
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.selectors import selects
from quantos.charts.links.workloads import TCP, Port, Workload
from quantos.errors import ChartsError


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end of a connection: pods of a namespace with their named ports, or an address."""

    name: str
    namespace: str = ""
    labels: Mapping[str, Json] = field(default_factory=dict)
    address: IPv4Network | None = None
    workload: Workload | None = None


def peer(workload: Workload, *, cluster: Cluster) -> Peer:
    """A workload as the other end. Pods in their node's network have the node's address."""
    if workload.pod.get("hostNetwork"):
        return Peer(name=workload.name, address=cluster.surroundings.vpc, workload=workload)
    return Peer(name=workload.name, namespace=workload.namespace, labels=workload.labels, workload=workload)


def lets_in(cluster: Cluster, workload: Workload, port: Port, *, caller: Peer) -> bool:
    """Whether policies let a caller in at a port. Raises ChartsError where a policy cannot be read."""
    rules = _rules(cluster, workload, "Ingress")
    return rules is None or _allows(rules, caller, port=port, listening=workload, cluster=cluster)


def lets_out(cluster: Cluster, workload: Workload, port: Port, *, to: Peer) -> bool:
    """Whether policies let the workload's pods connect to a port. Raises ChartsError where a policy cannot be read."""
    rules = _rules(cluster, workload, "Egress")
    return rules is None or _allows(rules, to, port=port, listening=to.workload, cluster=cluster)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    policy: Document
    peers: list[Document]
    ports: list[Document]


def _rules(cluster: Cluster, workload: Workload, direction: str) -> list[_Rule] | None:
    """Rules of one direction that hold for a workload; None where everything passes."""
    policies = [each for each in _policies(cluster, workload) if direction in _types(each)]
    if workload.pod.get("hostNetwork") or not policies:
        return None
    rules, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    return [
        _Rule(
            policy=each,
            peers=[mapping(one_end) for one_end in items(rule.get(peers))],
            ports=[mapping(port) for port in items(rule.get("ports"))],
        )
        for each in policies
        for rule in map(mapping, items(mapping(each.get("spec")).get(rules)))
    ]


def _allows(rules: list[_Rule], caller: Peer, *, port: Port, listening: Workload | None, cluster: Cluster) -> bool:
    """Blocks of all rules together let an address in that they hold whole; they hold no pods."""
    fitting = [each for each in rules if _has_port(each, port, listening)]
    if any(not each.peers for each in fitting):
        return True
    if caller.address is not None:
        blocks = [block for each in fitting for entry in each.peers for block in _blocks(entry, each.policy)]
        return any(caller.address.subnet_of(each) for each in collapse_addresses(blocks))
    return any(_is_peer(entry, caller, policy=each.policy, cluster=cluster) for each in fitting for entry in each.peers)


def _has_port(rule: _Rule, port: Port, listening: Workload | None) -> bool:
    return not rule.ports or any(_is_port(entry, port, listening) for entry in rule.ports)


def _policies(cluster: Cluster, workload: Workload) -> Iterable[Document]:
    for each in cluster.of("NetworkPolicy"):
        inside = named(each, "namespace") == workload.namespace
        if inside and selects(mapping(mapping(each.get("spec")).get("podSelector")), workload.labels):
            yield each


def _types(policy: Document) -> list[str]:
    spec = mapping(policy.get("spec"))
    given = [text(each) for each in items(spec.get("policyTypes"))]
    return given or ["Ingress", *(["Egress"] if "egress" in spec else [])]


def _is_port(entry: Document, port: Port, listening: Workload | None) -> bool:
    """Whether an entry of a policy means a port. Names are those of the pods that listen."""
    given, protocol = entry.get("port"), entry.get("protocol") or TCP
    if protocol != port.protocol:
        return False
    if given is None:
        return True
    if isinstance(given, str):
        return listening is not None and listening.port(given, port.protocol) == port.number
    last = entry.get("endPort") or given
    return isinstance(given, int) and isinstance(last, int) and given <= port.number <= last


def _is_peer(entry: Document, caller: Peer, *, policy: Document, cluster: Cluster) -> bool:
    """Whether a peer of a policy means these pods."""
    if "ipBlock" in entry:
        return False
    if "namespaceSelector" in entry:
        known = cluster.namespaces.get(caller.namespace, {})
        inside = selects(mapping(entry["namespaceSelector"]), known)
    else:
        inside = caller.namespace == named(policy, "namespace")
    return inside and ("podSelector" not in entry or selects(mapping(entry["podSelector"]), caller.labels))


def _blocks(entry: Document, policy: Document) -> Iterator[IPv4Network]:
    """The addresses that a peer of a policy means."""
    if "ipBlock" not in entry:
        return
    block = mapping(entry["ipBlock"])
    whole = _network(block.get("cidr"), policy)
    parts = list[IPv4Network]() if whole is None else [whole]
    for each in items(block.get("except")):
        hole = _network(each, policy)
        parts = [left for part in parts for left in _without(part, hole)]
    yield from parts


def _without(network: IPv4Network, hole: IPv4Network | None) -> Iterable[IPv4Network]:
    if hole is None or not network.overlaps(hole):
        return [network]
    return [] if network.subnet_of(hole) else network.address_exclude(hole)


def _network(value: Json, policy: Document) -> IPv4Network | None:
    """A block as Kubernetes reads it, bits of hosts left out; None for one of IPv6."""
    try:
        network = ip_network(text(value), strict=False)
    except ValueError as error:
        raise ChartsError(
            f"{called(policy)}: {value!r} is no block of addresses", remedy="write it like 10.0.0.0/16"
        ) from error
    return network if isinstance(network, IPv4Network) else None
