"""Who calls whom in the cluster, held against network policies."""

from collections.abc import Iterator
from dataclasses import dataclass

from quantos.charts.documents import Document, called, items, mapping, named, text
from quantos.charts.links.addresses import given_addresses, service_of
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster, protocol, service_ports, target_port
from quantos.charts.links.monitors import endpoints
from quantos.charts.links.network import Peer, lets_in, lets_out, peer
from quantos.charts.links.workloads import TCP, Port, Workload

_OPEN_IT = "let the port in where the namespace states its policies"


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A connection that somebody makes: `source` is None where the API server or a load balancer makes it."""

    subject: str
    caller: Peer
    target: Workload
    port: Port
    source: Workload | None = None


def blocked_flows(cluster: Cluster) -> Iterator[BrokenLink]:
    """Connections that network policies let nobody make."""
    told_of: set[tuple[str, str, Port, str]] = set()
    for flow in flows(cluster):
        where = f"{flow.target.name}:{flow.port.number}"
        if (flow.subject, flow.target.name, flow.port, flow.caller.name) in told_of:
            continue
        told_of.add((flow.subject, flow.target.name, flow.port, flow.caller.name))
        if not lets_in(cluster, flow.target, flow.port, caller=flow.caller):
            yield BrokenLink(
                kind="policy",
                subject=flow.subject,
                about=f"{flow.caller.name} -> {where}",
                what=f"no policy lets {flow.caller.name} in at {where}",
                remedy=_OPEN_IT,
            )
        elif flow.source is not None and not lets_out(cluster, flow.source, flow.port, to=_end(flow, cluster)):
            yield BrokenLink(
                kind="policy",
                subject=flow.subject,
                about=f"{flow.caller.name} -> {where}",
                what=f"no policy lets {flow.caller.name} connect to {where}",
                remedy=_OPEN_IT,
            )


def flows(cluster: Cluster) -> Iterator[Flow]:
    """Every connection that objects tell of."""
    yield from _of_api_server(cluster)
    yield from _of_load_balancers(cluster)
    yield from _of_prometheus(cluster)
    yield from _of_programs(cluster)


def _end(flow: Flow, cluster: Cluster) -> Peer:
    return peer(flow.target, cluster=cluster)


def _of_api_server(cluster: Cluster) -> Iterator[Flow]:
    """Webhooks of admission and conversion, and APIs that services serve."""
    caller = Peer(name="the API server", address=cluster.surroundings.vpc)
    for owner, service in _called_services(cluster):
        yield from _to_service(cluster, called(owner), service, caller=caller)


def _called_services(cluster: Cluster) -> Iterator[tuple[Document, Document]]:
    for each in cluster.of("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for hook in items(each.get("webhooks")):
            yield each, mapping(mapping(mapping(hook).get("clientConfig")).get("service"))
    for each in cluster.of("APIService"):
        yield each, mapping(mapping(each.get("spec")).get("service"))
    for each in cluster.of("CustomResourceDefinition"):
        conversion = mapping(mapping(mapping(each.get("spec")).get("conversion")).get("webhook"))
        yield each, mapping(mapping(conversion.get("clientConfig")).get("service"))


def _to_service(cluster: Cluster, subject: str, reference: Document, *, caller: Peer) -> Iterator[Flow]:
    service = cluster.get("Service", text(reference.get("namespace")), text(reference.get("name")))
    if service is None:
        return
    wanted = reference.get("port") or 443
    for workload in cluster.pods_behind(service):
        for port in service_ports(service):
            number = target_port(port, workload)
            if wanted in (port.get("port"), port.get("name")) and number is not None:
                yield Flow(subject=subject, caller=caller, target=workload, port=Port(number, protocol(port)))


def _of_load_balancers(cluster: Cluster) -> Iterator[Flow]:
    caller = Peer(name="load balancers of the VPC", address=cluster.surroundings.vpc)
    for each in cluster.of("Ingress"):
        for rule in items(mapping(each.get("spec")).get("rules")):
            for path in items(mapping(mapping(rule).get("http")).get("paths")):
                backend = mapping(mapping(mapping(path).get("backend")).get("service"))
                port = mapping(backend.get("port"))
                reference: Document = {
                    "namespace": named(each, "namespace"),
                    "name": backend.get("name"),
                    "port": port.get("number") or port.get("name"),
                }
                yield from _to_service(cluster, called(each), reference, caller=caller)
    for each in cluster.of("Service"):
        if mapping(each.get("spec")).get("type") in ("LoadBalancer", "NodePort"):
            for port in service_ports(each):
                reference = {**mapping(each.get("metadata")), "port": port.get("port")}
                yield from _to_service(cluster, called(each), reference, caller=caller)


def _of_prometheus(cluster: Cluster) -> Iterator[Flow]:
    for scraper in cluster.workloads:
        if scraper.manifest.get("kind") != "Prometheus":
            continue
        for endpoint in endpoints(cluster):
            yield Flow(
                subject=called(endpoint.monitor),
                caller=peer(scraper, cluster=cluster),
                target=endpoint.workload,
                port=Port(endpoint.port),
                source=scraper,
            )


def _of_programs(cluster: Cluster) -> Iterator[Flow]:
    """What programs are told in their arguments, variables and configuration."""
    for each in given_addresses(cluster):
        name = service_of(each.address, namespace=each.workload.namespace, cluster=cluster)
        service = cluster.get("Service", name.namespace, name.name) if name else None
        if service is None:
            continue
        for target in cluster.pods_behind(service):
            if target.name == each.workload.name:
                continue
            for port in service_ports(service):
                number = target_port(port, target)
                connects = protocol(port) == TCP or not each.address.url
                if connects and number is not None and each.address.port in (port.get("port"), number):
                    yield Flow(
                        subject=called(each.where),
                        caller=peer(each.workload, cluster=cluster),
                        target=target,
                        port=Port(number, protocol(port)),
                        source=each.workload,
                    )


def lost_addresses(cluster: Cluster) -> Iterator[BrokenLink]:
    """Addresses of Services that nobody makes."""
    seen: set[tuple[str, str]] = set()
    for each in given_addresses(cluster):
        name = service_of(each.address, namespace=each.workload.namespace, cluster=cluster)
        if name is None or name.namespace not in cluster.namespaces or "*" in name.name:
            continue
        subject = called(each.where)
        if cluster.get("Service", name.namespace, name.name) is None and (subject, each.address.host) not in seen:
            seen.add((subject, each.address.host))
            yield BrokenLink(
                kind="address",
                subject=subject,
                about=each.address.host,
                what=f"it names {each.address.host}, and there is no Service {name.namespace}/{name.name}",
                remedy="correct the address",
            )
