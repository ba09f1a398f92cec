"""What programs reach outside the cluster: AWS by the endpoints of the VPC, and nothing on the Internet."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from quantos.charts.documents import Grant, Json, Release, called, mapping
from quantos.charts.links.addresses import Address, given_addresses, service_of
from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.network import Peer, lets_out
from quantos.charts.links.outside import CALLS, Call
from quantos.charts.links.workloads import Port

HTTPS: Final = 443
_AWS_HOST = re.compile(r"(?:^|\.)(?P<service>[a-z0-9-]+(?:\.[a-z]+)?)\.(?P<region>[a-z]{2}-[a-z]+-\d)\.amazonaws\.com$")
_IN_VPC: Final = frozenset({"kafka-cluster", "rds-db", "kafka"})
"""Actions on what answers in the VPC itself, or that its clients never call."""
_CALLED_BY_AWS: Final = frozenset({"iam:CreateServiceLinkedRole", "iam:PassRole"})
"""Actions that a role is given for what a service of AWS does in its name: pods do not call them."""
_NAMED: Final[Mapping[str, str]] = {"aps": "aps-workspaces", "elasticfilesystem": "elasticfilesystem"}
_LOCAL: Final = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|169\.254\.\d+\.\d+|\d+\.\d+\.\d+\.\d+)$")
_NO_REMEDY: Final = "declare an endpoint of the VPC for it, or have the program do without"


def unreachable_services(cluster: Cluster) -> Iterator[BrokenLink]:
    """AWS services that pods may act on or are told of, and that have no endpoint in the VPC."""
    known = cluster.surroundings.endpoint_services
    for grant in cluster.surroundings.grants:
        called_by_pods = grant.actions - _CALLED_BY_AWS
        for service in sorted({each.partition(":")[0] for each in called_by_pods} - _IN_VPC):
            if _NAMED.get(service, service) not in known:
                actions = ", ".join(sorted(each for each in called_by_pods if each.startswith(f"{service}:"))[:3])
                yield BrokenLink(
                    kind="egress",
                    subject=f"ServiceAccount {grant.namespace}/{grant.account}",
                    about=service,
                    what=f"its pods may call {service} ({actions}), for which the VPC has no endpoint",
                    remedy=_NO_REMEDY,
                )
        yield from _kept_from_aws(grant, cluster)
    seen: set[tuple[str, str]] = set()
    for each in given_addresses(cluster):
        match = _AWS_HOST.search(each.address.host)
        if match is None or (service := _service(match["service"])) in {*known, ""}:
            continue
        if (called(each.where), service) not in seen:
            seen.add((called(each.where), service))
            yield BrokenLink(
                kind="egress",
                subject=called(each.where),
                about=service,
                what=f"it names {each.address.host}, for which the VPC has no endpoint",
                remedy=_NO_REMEDY,
            )


def _service(host: str) -> str:
    """The service in a host of AWS; empty for hosts of what is ours, as brokers and databases are."""
    parts = host.split(".")
    if "kafka" in parts or "rds" in parts or "elb" in parts:
        return ""
    return host if host in {"ecr.api", "dkr.ecr"} and host != "dkr.ecr" else "" if "ecr" in parts else parts[-1]


def _kept_from_aws(grant: Grant, cluster: Cluster) -> Iterator[BrokenLink]:
    """Pods with a role that no policy lets connect to AWS in the VPC."""
    vpc = Peer(name="AWS", address=cluster.surroundings.vpc)
    for each in cluster.workloads:
        mine = each.namespace == grant.namespace and each.account == grant.account
        if mine and not lets_out(cluster, each, Port(HTTPS), to=vpc):
            yield BrokenLink(
                kind="egress",
                subject=each.name,
                about="VPC",
                what="it has a role on AWS, and no policy lets it connect to the VPC at 443",
                remedy="let its namespace reach the VPC",
            )


def public_hosts(cluster: Cluster) -> Iterator[BrokenLink]:
    """Hosts on the Internet that programs are told of, or ask by themselves unless they are told not to."""
    seen: set[tuple[str, str]] = set()
    for each in given_addresses(cluster):
        host = each.address.host
        if each.configured or not each.address.url or _is_ours(each.address, each.workload.namespace, cluster):
            continue
        if (each.workload.name, host) not in seen:
            seen.add((each.workload.name, host))
            yield _public(each.workload.name, host)
    for release in cluster.releases:
        for call in CALLS.get(release.chart, ()):
            if not _told_not_to(release, call):
                yield BrokenLink(
                    kind="egress",
                    subject=release.called,
                    about=call.host,
                    what=f"it asks {call.host} by itself, which no pod can reach",
                    remedy=call.remedy,
                )


def _public(subject: str, host: str) -> BrokenLink:
    return BrokenLink(
        kind="egress",
        subject=subject,
        about=host,
        what=f"it is told of {host}, which no pod can reach",
        remedy="have the program do without it",
    )


def _is_ours(address: Address, namespace: str, cluster: Cluster) -> bool:
    host = address.host
    if service_of(address, namespace=namespace, cluster=cluster) or _LOCAL.match(host):
        return True
    if "." not in host or host.endswith((".svc", ".local", ".internal", ".amazonaws.com")):
        return True
    return host.endswith(cluster.surroundings.domain)


def _told_not_to(release: Release, call: Call) -> bool:
    return any(_at(release.values, path) == value for path, value in call.unless.items())


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        value = mapping(value).get(step)
    return value
