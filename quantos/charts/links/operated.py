"""Pods and Services that operators make of custom resources, as far as links lead to them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from quantos.charts.documents import Document, Json, items, mapping, named, text
from quantos.charts.links.workloads import Workload

PROMETHEUS_PORT: Final = 9090
ALERTMANAGER_PORT: Final = 9093
RELOADER_PORT: Final = 8080
SERVE_PORT: Final = 8000
BUS_PORTS: Final[Mapping[str, int]] = {"client": 4222, "cluster": 6222, "monitor": 8222, "metrics": 7777}
CLICKHOUSE_PORTS: Final[Mapping[str, int]] = {"http": 8123, "client": 9000, "interserver": 9009}
KEEPER_PORTS: Final[Mapping[str, int]] = {"zk": 2181, "raft": 9444}
BUS_MEMBERS: Final = 3
"""What JetStream's controller makes where the bus says nothing."""


def operated_workloads(objects: Iterable[Document]) -> Iterator[Workload]:
    """Workloads that operators make."""
    for each in objects:
        make = _WORKLOADS.get(text(each.get("kind")))
        if make is not None:
            yield from make(each)


def operated_services(objects: Iterable[Document]) -> Iterator[Document]:
    """Services that operators make."""
    for each in objects:
        make = _SERVICES.get(text(each.get("kind")))
        if make is not None:
            yield from make(each)


def operated_budgets(objects: Iterable[Document]) -> Iterator[Document]:
    """Disruption budgets that ClickHouse's operator makes, unless it is told not to: one a cluster."""
    for each in objects:
        if text(each.get("kind")) not in {"ClickHouseInstallation", "ClickHouseKeeperInstallation"}:
            continue
        (workload,) = _clickhouse(each)
        for cluster in map(mapping, items(mapping(_spec(each).get("configuration")).get("clusters"))):
            if cluster.get("pdbManaged") in ("no", "false", False):
                continue
            yield {
                "kind": "PodDisruptionBudget",
                "metadata": {
                    "name": f"{named(each, 'name')}-{cluster.get('name')}",
                    "namespace": named(each, "namespace"),
                },
                "spec": {
                    "maxUnavailable": cluster.get("pdbMaxUnavailable", 1),
                    "selector": {"matchLabels": dict(workload.labels)},
                },
            }


def service(owner: Document, name: str, *, ports: Mapping[str, int], selector: Document) -> Document:
    """A Service beside its owner, whose ports are those of its pods."""
    listed: list[Json] = [{"name": port, "port": number, "targetPort": number} for port, number in ports.items()]
    metadata: Document = {"name": name, "namespace": named(owner, "namespace")}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": selector, "ports": listed},
    }


def _spec(owner: Document) -> Document:
    return mapping(owner.get("spec"))


def _int(value: Json, default: int = 1) -> int:
    return value if isinstance(value, int) else default


def _container(name: str, ports: Mapping[str, int], resources: Json = None) -> Document:
    listed: list[Json] = [{"name": port, "containerPort": number} for port, number in ports.items()]
    return {"name": name, "ports": listed, "resources": mapping(resources)}


def _monitoring(owner: Document, *, name: str, port: int) -> Iterator[Workload]:
    """Prometheus and Alertmanager: one stateful set with a reloader beside it, by the operator's own labels."""
    spec, own = _spec(owner), named(owner, "name")
    labels: Document = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/managed-by": "prometheus-operator",
        "app.kubernetes.io/instance": own,
        name: own,
        **({"operator.prometheus.io/name": own} if name == "prometheus" else {}),
        **mapping(mapping(spec.get("podMetadata")).get("labels")),
    }
    main = _container(name, {text(spec.get("portName")) or "web": port}, spec.get("resources"))
    beside = _container("config-reloader", {"reloader-web": RELOADER_PORT})
    first: list[Json] = [{"name": "init-config-reloader", "resources": {}}]
    claim = mapping(mapping(mapping(spec.get("storage")).get("volumeClaimTemplate")).get("spec"))
    count = _int(spec.get("replicas")) * _int(spec.get("shards"))
    yield Workload(
        manifest=owner,
        namespace=named(owner, "namespace"),
        labels=labels,
        pod={
            **{key: spec[key] for key in _COPIED if key in spec},
            "containers": [main, beside, *items(spec.get("containers"))],
            "initContainers": first,
            "volumes": [*items(spec.get("volumes")), *_mounted(owner)],
        },
        replicas=count,
        least=count,
        claims=(claim,) if claim else (),
    )


_COPIED: Final = (
    "serviceAccountName", "automountServiceAccountToken", "affinity", "nodeSelector", "tolerations", "hostNetwork",
    "topologySpreadConstraints", "priorityClassName", "imagePullSecrets",
)  # fmt: skip


def _mounted(owner: Document) -> Iterator[Document]:
    """Secrets and configuration that the resource lists by name, and what Alertmanager is configured by."""
    spec = _spec(owner)
    if owner.get("kind") == "Alertmanager":
        configured = text(spec.get("configSecret")) or f"alertmanager-{named(owner, 'name')}"
        yield {"name": "config-volume", "secret": {"secretName": configured}}
    for name in items(spec.get("secrets")):
        yield {"name": f"secret-{name}", "secret": {"secretName": name}}
    for name in items(spec.get("configMaps")):
        yield {"name": f"configmap-{name}", "configMap": {"name": name}}


def _prometheus(owner: Document) -> Iterator[Workload]:
    return _monitoring(owner, name="prometheus", port=PROMETHEUS_PORT)


def _alertmanager(owner: Document) -> Iterator[Workload]:
    return _monitoring(owner, name="alertmanager", port=ALERTMANAGER_PORT)


def _operated(name: str, port: int) -> Callable[[Document], Iterator[Document]]:
    def make(owner: Document) -> Iterator[Document]:
        ports = {text(_spec(owner).get("portName")) or "web": port}
        selector: Document = {"app.kubernetes.io/name": name}
        yield service(owner, f"{name}-operated", ports=ports, selector=selector)

    return make


def _ray(owner: Document) -> Iterator[Workload]:
    """The head and each group of workers of a cluster, of a service's cluster too."""
    serving = owner.get("kind") == "RayService"
    cluster = mapping(_spec(owner).get("rayClusterConfig")) if serving else _spec(owner)
    head = mapping(cluster.get("headGroupSpec"))
    yield _ray_group(owner, head, kind="head", most=1, least=1)
    for each in items(cluster.get("workerGroupSpecs")):
        group = mapping(each)
        fixed = _int(group.get("replicas"), 0)
        scaling = bool(cluster.get("enableInTreeAutoscaling"))
        most = _int(group.get("maxReplicas"), fixed) if scaling else fixed
        least = _int(group.get("minReplicas"), fixed) if scaling else fixed
        yield _ray_group(owner, group, kind="worker", most=most, least=least)


def _ray_group(owner: Document, group: Document, *, kind: str, most: int, least: int) -> Workload:
    template = mapping(group.get("template"))
    own: Document = {
        "ray.io/node-type": kind,
        "ray.io/group": text(group.get("groupName")) or "headgroup",
        "ray.io/cluster": _ray_cluster(owner),
        "ray.io/originated-from-cr-name": named(owner, "name"),
        "ray.io/originated-from-crd": text(owner.get("kind")),
        "ray.io/is-ray-node": "yes",
        "ray.io/serve": "true",
        "app.kubernetes.io/name": "kuberay",
        "app.kubernetes.io/created-by": "kuberay-operator",
    }
    labels = {**own, **mapping(mapping(template.get("metadata")).get("labels"))}
    return Workload(
        manifest=owner,
        namespace=named(owner, "namespace"),
        labels=labels,
        pod=mapping(template.get("spec")),
        replicas=most,
        least=least,
        part=text(group.get("groupName")) or kind,
    )


def _ray_cluster(owner: Document) -> str:
    """The name of the cluster: that of a service ends anew with each."""
    return f"{named(owner, 'name')}-00000" if owner.get("kind") == "RayService" else named(owner, "name")


def _ray_services(owner: Document) -> Iterator[Document]:
    own = named(owner, "name")
    head: Document = {"ray.io/cluster": _ray_cluster(owner), "ray.io/node-type": "head"}
    ports = {"gcs": 6379, "dashboard": 8265, "client": 10001, "serve": SERVE_PORT}
    yield service(owner, f"{own}-head-svc", ports=ports, selector=head)
    if owner.get("kind") == "RayService":
        serving: Document = {"ray.io/cluster": _ray_cluster(owner), "ray.io/serve": "true"}
        yield service(owner, f"{own}-serve-svc", ports={"serve": SERVE_PORT}, selector=serving)


def _bus(owner: Document) -> Iterator[Workload]:
    stream = mapping(_spec(owner).get("jetstream"))
    if not stream:
        return
    container = _container("main", BUS_PORTS, mapping(stream.get("containerTemplate")).get("resources"))
    reloader: Document = {"name": "reloader", **mapping(stream.get("reloaderContainerTemplate"))}
    exporter: Document = {"name": "metrics", **mapping(stream.get("metricsContainerTemplate"))}
    kept = mapping(stream.get("persistence"))
    claim: Document = {
        "storageClassName": kept.get("storageClassName"),
        "resources": {"requests": {"storage": kept.get("volumeSize", "20Gi")}},
    }
    own: Document = {key: stream[key] for key in ("affinity", "nodeSelector", "tolerations") if key in stream}
    count = max(_int(stream.get("replicas"), BUS_MEMBERS), BUS_MEMBERS)
    yield Workload(
        manifest=owner,
        namespace=named(owner, "namespace"),
        labels={"controller": "eventbus-controller", "eventbus-name": named(owner, "name")},
        pod={
            **own,
            "containers": [container, reloader, exporter],
            "serviceAccountName": text(stream.get("serviceAccountName")),
            "automountServiceAccountToken": False,
        },
        replicas=count,
        least=count,
        claims=(claim,) if kept else (),
        quorum=True,
    )


def _clickhouse(owner: Document) -> Iterator[Workload]:
    """Every host of every cluster: they share the templates that the defaults name."""
    keeper = owner.get("kind") == "ClickHouseKeeperInstallation"
    group = "clickhouse-keeper.altinity.com" if keeper else "clickhouse.altinity.com"
    templates = mapping(_spec(owner).get("templates"))
    template = mapping(next(iter(items(templates.get("podTemplates"))), None))
    hosts = 0
    for each in items(mapping(_spec(owner).get("configuration")).get("clusters")):
        layout = mapping(mapping(each).get("layout"))
        hosts += _int(layout.get("shardsCount")) * _int(layout.get("replicasCount"))
    pod = mapping(template.get("spec"))
    ports = KEEPER_PORTS if keeper else CLICKHOUSE_PORTS
    containers = [mapping(each) for each in items(pod.get("containers"))]
    served: list[Json] = [
        {**_container("", ports), **each} if position == 0 else each for position, each in enumerate(containers)
    ]
    yield Workload(
        manifest=owner,
        namespace=named(owner, "namespace"),
        labels={
            f"{group}/{'chk' if keeper else 'chi'}": named(owner, "name"),
            f"{group}/app": "chop",
            f"{group}/ready": "yes",
            **mapping(mapping(template.get("metadata")).get("labels")),
        },
        pod={**pod, "containers": served},
        replicas=hosts,
        least=hosts,
        claims=tuple(mapping(mapping(claim).get("spec")) for claim in items(templates.get("volumeClaimTemplates"))),
        quorum=keeper,
    )


def _clickhouse_services(owner: Document) -> Iterator[Document]:
    keeper = owner.get("kind") == "ClickHouseKeeperInstallation"
    own = named(owner, "name")
    if keeper:
        selector: Document = {"clickhouse-keeper.altinity.com/chk": own}
        yield service(owner, f"keeper-{own}", ports=KEEPER_PORTS, selector=selector)
    else:
        yield service(owner, f"clickhouse-{own}", ports=CLICKHOUSE_PORTS, selector={"clickhouse.altinity.com/chi": own})


_WORKLOADS: Final[Mapping[str, Callable[[Document], Iterator[Workload]]]] = {
    "Alertmanager": _alertmanager,
    "ClickHouseInstallation": _clickhouse,
    "ClickHouseKeeperInstallation": _clickhouse,
    "EventBus": _bus,
    "Prometheus": _prometheus,
    "RayCluster": _ray,
    "RayService": _ray,
}
_SERVICES: Final[Mapping[str, Callable[[Document], Iterator[Document]]]] = {
    "Alertmanager": _operated("alertmanager", ALERTMANAGER_PORT),
    "ClickHouseInstallation": _clickhouse_services,
    "ClickHouseKeeperInstallation": _clickhouse_services,
    "Prometheus": _operated("prometheus", PROMETHEUS_PORT),
    "RayCluster": _ray_services,
    "RayService": _ray_services,
}
