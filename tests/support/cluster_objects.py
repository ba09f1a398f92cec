"""Small objects of a cluster: a web server behind a Service in `web`, and what a test lays beside or over it."""

from ipaddress import IPv4Network

from quantos.charts.documents import Release, named
from quantos.charts.links.cluster import Cluster, Installed, NodeGroup, Surroundings

LABELS = {"app": "web"}
VPC = "10.0.0.0/16"
GPU_TAINT = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
NODES = (
    NodeGroup(name="cpu", count=10, labels={"quantos.io/pool": "cpu"}),
    NodeGroup(name="gpu", count=2, labels={"quantos.io/pool": "gpu"}, taints=(GPU_TAINT,)),
)


def cluster(*objects, releases=(), bringing=(), **around) -> Cluster:
    """A cluster with objects of the program, `bringing` pairs of a release and its objects, and namespaces of all."""
    given = [
        *(Installed(manifest=each) for each in objects),
        *(Installed(manifest=each, release=whose) for whose, brought in bringing for each in brought),
    ]
    names = {named(each.manifest, "namespace") for each in given} - {""}
    declared = [Installed(manifest=namespace(name)) for name in sorted(names)]
    known = {"endpoint_services": frozenset({"s3", "sts"}), "nodes": NODES, "grants": (), **around}
    surroundings = Surroundings(vpc=IPv4Network(VPC), region="eu-west-1", domain="dev.example", **known)
    return Cluster([*given, *declared], surroundings, releases)


def release(chart="web", **values) -> Release:
    return Release(chart=chart, version="1", repository="", name=chart, namespace="web", values=values)


def made(kind, name="web", *, api="v1", place: str | None = "web", labels=None, annotations=None, **rest) -> dict:
    """Any object; `place` is None for what lies in no namespace."""
    metadata = {"name": name, "namespace": place, "labels": labels, "annotations": annotations}
    kept = {key: value for key, value in metadata.items() if value is not None}
    return {"apiVersion": api, "kind": kind, "metadata": kept, **rest}


def namespace(name, **labels) -> dict:
    return made("Namespace", name, place=None, labels=labels)


def workload(
    name="web", *, kind="Deployment", replicas=1, labels=None, place="web", claims=None, pod=None, **container
):
    """A workload of one container with a port `http` at 8080; `pod` is laid over its spec."""
    spec = {"containers": [{"name": name, "ports": [{"name": "http", "containerPort": 8080}], **container}]}
    template = {"metadata": {"labels": labels or LABELS}, "spec": {**spec, **(pod or {})}}
    more = {} if kind == "DaemonSet" else {"replicas": replicas}
    return made(
        kind,
        name,
        api="apps/v1",
        place=place,
        spec={**more, "template": template, "volumeClaimTemplates": claims or []},
    )


def service(name="web", *, port=80, target=8080, place="web", selector=None, labels=None, port_name="http", **spec):
    ports = [{"name": port_name, "port": port, "targetPort": target}]
    return made(
        "Service", name, place=place, labels=labels, spec={"selector": selector or LABELS, "ports": ports, **spec}
    )


def denied(place="web") -> dict:
    """Everything denied in a namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return made("NetworkPolicy", "deny", api="networking.k8s.io/v1", place=place, spec=spec)


def allowed(place="web", *, ingress=(), egress=(), name="allow") -> dict:
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": list(ingress),
        "egress": list(egress),
    }
    return made("NetworkPolicy", name, api="networking.k8s.io/v1", place=place, spec=spec)


def from_namespace(name) -> dict:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def prometheus(replicas=1, **spec) -> dict:
    chosen = {
        f"{kind}{word}": {} for kind in ("serviceMonitor", "podMonitor") for word in ("Selector", "NamespaceSelector")
    }
    return made(
        "Prometheus", "metrics", api="monitoring.coreos.com/v1", place="monitoring",
        spec={"replicas": replicas, "serviceAccountName": "metrics", **chosen, **spec},
    )  # fmt: skip


def monitor(kind="ServiceMonitor", *, labels=None, port="http", place="web", **spec) -> dict:
    endpoints = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    return made(
        kind, api="monitoring.coreos.com/v1", place=place,
        spec={"selector": {"matchLabels": labels or LABELS}, endpoints: [{"port": port}], **spec},
    )  # fmt: skip


def abouts(links) -> list[str]:
    """What findings are about, in order."""
    return sorted(f"{each.kind}: {each.subject}: {each.about}" for each in links)
