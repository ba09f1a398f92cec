"""Addresses that programs are told of: hosts in the arguments, variables and configuration of pods."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from quantos.charts.documents import Document, Json, items, mapping, named, text
from quantos.charts.links.cluster import Cluster
from quantos.charts.links.workloads import Workload

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+]*)://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?P<port>\d{2,5}))?")
_PLAIN = re.compile(
    r"(?<![\w./@-])(?P<host>[a-z0-9][a-z0-9-]*\.[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?P<port>\d{2,5}))?(?![\w-])"
)
_SCHEMES: Final = {"http": 80, "https": 443}
_CLUSTER_DOMAIN = ".svc.cluster.local"


@dataclass(frozen=True)
class Address:
    """A host that a text names; `port` 0 where it names none, `url` whether it stands in a URL."""

    host: str
    port: int = 0
    url: bool = False


@dataclass(frozen=True)
class ServiceName:
    """A Service by name and namespace, as an address spells it. `full` where the address ends in `svc`."""

    name: str
    namespace: str
    full: bool


def addresses(source: str) -> Iterator[Address]:
    """Every host that a text names, in a URL or by its dots."""
    for match in _URL.finditer(source):
        port = match["port"] or _SCHEMES.get(match["scheme"], 0)
        yield Address(match["host"].rstrip("."), int(port), url=True)
    for match in _PLAIN.finditer(source):
        if not source[: match.start()].endswith("://"):
            yield Address(match["host"], int(match["port"] or 0))


def service_of(address: Address, *, namespace: str, cluster: Cluster) -> ServiceName | None:
    """The Service that an address means, seen from a namespace; None where it means something else."""
    host = address.host.removesuffix(_CLUSTER_DOMAIN)
    full = host != address.host or host.endswith(".svc")
    parts = host.removesuffix(".svc").split(".")
    if full and len(parts) >= 2:
        return ServiceName(parts[-2], parts[-1], full=True)
    if len(parts) == 2 and parts[1] in cluster.namespaces and (address.url or address.port):
        return ServiceName(parts[0], parts[1], full=False)
    if len(parts) == 1 and address.url and cluster.get("Service", namespace, host) is not None:
        return ServiceName(host, namespace, full=False)
    return None


@dataclass(frozen=True)
class GivenAddress:
    """An address, which pods are given it, and in which object it stands."""

    workload: Workload
    address: Address
    where: Document
    configured: bool


def given_addresses(cluster: Cluster) -> Iterator[GivenAddress]:
    """Addresses in all that programs are told."""
    for workload in cluster.workloads:
        for where, source in held_texts(cluster, workload):
            for address in addresses(source):
                yield GivenAddress(workload, address, where, configured=where is not workload.manifest)


def held_texts(cluster: Cluster, workload: Workload) -> Iterator[tuple[Document, str]]:
    """Pods' own variables and arguments, what they mount and what a sidecar hands them, each with its object."""
    for source in _own_texts(workload):
        yield workload.manifest, source
    for holder in configuration(cluster, workload):
        for source in _data(holder):
            yield holder, source


def configuration(cluster: Cluster, workload: Workload) -> list[Document]:
    """ConfigMaps and Secrets that pods mount, take variables from, or have a sidecar collect by label."""
    names: dict[tuple[str, str], None] = {}
    for each in walk(workload.pod):
        for kind, key in (("ConfigMap", "configMap"), ("Secret", "secret")):
            part = mapping(each.get(key))
            names[kind, text(part.get("name")) or text(part.get("secretName"))] = None
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            names[kind, text(mapping(each.get(key)).get("name"))] = None
    mounted = [cluster.get(kind, workload.namespace, name) for kind, name in names if name]
    labels = {text(mapping(env).get("value")) for each in workload.containers for env in items(each.get("env"))
              if mapping(env).get("name") == "LABEL"}  # fmt: skip
    collected = [
        each
        for each in cluster.of("ConfigMap")
        if named(each, "namespace") == workload.namespace
        and labels & set(mapping(mapping(each.get("metadata")).get("labels")))
    ]
    return [each for each in [*mounted, *collected] if each is not None]


def walk(value: Json) -> Iterator[Document]:
    """Every mapping within a value."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


def texts(value: Json) -> Iterator[str]:
    """Every text within a value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def _own_texts(workload: Workload) -> Iterator[str]:
    for each in [*workload.containers, *workload.initial]:
        yield from texts([each.get("args"), each.get("command")])
        yield from (text(mapping(env).get("value")) for env in items(each.get("env")))


def contents(holder: Document) -> Mapping[str, Json]:
    """Texts of a ConfigMap or Secret by key; what of a Secret is no text is left as it is."""
    data = mapping(holder.get("data"))
    if holder.get("kind") == "Secret":
        data = {key: _decoded(text(value)) for key, value in data.items()}
    return {**data, **mapping(holder.get("stringData"))}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def _data(holder: Document) -> Iterator[str]:
    """Lines of configuration that are no comments."""
    for source in texts({**contents(holder)}):
        yield "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("#", ";", "//")))
