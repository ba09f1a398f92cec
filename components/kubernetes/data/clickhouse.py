"""ClickHouse: audit records and billing lines, for questions over years of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import CLICKHOUSE_OPERATOR
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.base.release import release

OPERATOR = "clickhouse-operator"
NAME = "analytics"
KEEPER = "keeper"
SERVER = "clickhouse-server"
KEEPER_SERVER = "clickhouse-keeper"
"""Repositories of the images, copied into the firm's own registry."""
USER = 101
"""Of both images."""
READER_SECRET = "analytics-reader"  # noqa: S105  the secret's name
KEEPER_PORT = 2181
KEEPER_GIB = 10


@dataclass(frozen=True, kw_only=True)
class ClickHouseArgs:
    """`replicas` of one shard; the keepers are three where there is more than one, else one.

    `server_image` and `keeper_image` are by digest. `operator_secret` (properties `username`, `password`) and
    `reader_secret` (property `password`, of the user `reader`) are secrets of Secrets Manager.
    """

    namespace: str
    server_image: str
    keeper_image: str
    replicas: int
    storage_gib: int
    storage_class: str
    memory_gib: int
    operator_secret: str
    reader_secret: str

    @property
    def keepers(self) -> int:
        """A quorum of three, or one alone."""
        return keepers(self.replicas)


def keepers(replicas: int) -> int:
    """A quorum of three where there is more than one server, else one alone."""
    return 3 if replicas > 1 else 1


def disks_gib(replicas: int, *, storage_gib: int) -> int:
    """What the disks of servers and keepers come to."""
    return replicas * storage_gib + keepers(replicas) * KEEPER_GIB


class ClickHouse(pulumi.ComponentResource):
    """The operator, one replicated shard and its keepers.

    Guarded by the security pack where objects are plain (its pods among them, by their templates), by the chart check
    and by Pod Security `restricted`.
    """

    def __init__(self, name: str, args: ClickHouseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:ClickHouse", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        operator_secret = external_secret(
            f"{name}-operator",
            namespace=args.namespace,
            secret_name=OPERATOR,
            keys={key: (args.operator_secret, key) for key in ("username", "password")},
            opts=child,
        )
        reader = external_secret(
            f"{name}-reader",
            namespace=args.namespace,
            secret_name=READER_SECRET,
            keys={"password": (args.reader_secret, "password")},
            opts=child,
        )
        operator = release(
            f"{name}-operator",
            CLICKHOUSE_OPERATOR,
            namespace=args.namespace,
            values=values(),
            release_name=OPERATOR,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[operator_secret])),
        )
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[operator, reader]))
        _installations(name, args, opts=after)
        self.register_outputs({})


def _installations(name: str, args: ClickHouseArgs, *, opts: pulumi.ResourceOptions) -> None:
    """What the operator makes keepers and servers of; servers come after the keepers."""
    keeper = k8s.apiextensions.CustomResource(
        f"{name}-keeper",
        api_version="clickhouse-keeper.altinity.com/v1",
        kind="ClickHouseKeeperInstallation",
        metadata={"name": KEEPER, "namespace": args.namespace},
        spec=keeper_spec(args),
        opts=opts,
    )
    k8s.apiextensions.CustomResource(
        name,
        api_version="clickhouse.altinity.com/v1",
        kind="ClickHouseInstallation",
        metadata={"name": NAME, "namespace": args.namespace},
        spec=server_spec(args),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[keeper])),
    )


def values() -> dict[str, object]:
    """Values of the operator's chart. It watches its own namespace."""
    small = resources(cpu="50m", memory="128Mi", memory_limit="256Mi")
    return {
        "fullnameOverride": OPERATOR,
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "rbac": {"create": True, "namespaceScoped": True},
        # The chart's own secret has a password that everybody knows.
        "secret": {"create": False},
        "crdHook": {"enabled": False},
        "operator": {"containerSecurityContext": CONTAINER_SECURITY_CONTEXT, "resources": small},
        "metrics": {"enabled": True, "containerSecurityContext": CONTAINER_SECURITY_CONTEXT, "resources": small},
        "serviceMonitor": {"enabled": True},
    }


def keeper_spec(args: ClickHouseArgs) -> dict[str, object]:
    """The keepers, on nodes apart."""
    pod = _pod(args.keeper_image, container=KEEPER_SERVER, folder="keeper", memory_gib=1)
    return {
        "configuration": {"clusters": [{"name": KEEPER, "layout": {"replicasCount": args.keepers}}]},
        "defaults": {"templates": {"podTemplate": "pod", "dataVolumeClaimTemplate": "data"}},
        "templates": {
            "podTemplates": [pod],
            "volumeClaimTemplates": [_claim("data", args.storage_class, storage_gib=KEEPER_GIB)],
        },
    }


def server_spec(args: ClickHouseArgs) -> dict[str, object]:
    """One shard of `replicas`, on nodes apart; nobody but the operator and `reader` can log in over the network."""
    pod = _pod(args.server_image, container="clickhouse", folder="server", memory_gib=args.memory_gib)
    reader: Mapping[str, object] = {
        "reader/k8s_secret_password": f"{READER_SECRET}/password",
        "reader/networks/ip": ["0.0.0.0/0"],
        "reader/profile": "readonly",
        "default/networks/ip": ["127.0.0.1"],
    }
    return {
        "configuration": {
            "clusters": [{"name": NAME, "layout": {"shardsCount": 1, "replicasCount": args.replicas}}],
            "users": reader,
            "zookeeper": {"nodes": [{"host": f"{KEEPER}-{KEEPER}", "port": KEEPER_PORT}]},
        },
        "defaults": {"templates": {"podTemplate": "pod", "dataVolumeClaimTemplate": "data"}},
        "templates": {
            "podTemplates": [pod],
            "volumeClaimTemplates": [_claim("data", args.storage_class, storage_gib=args.storage_gib)],
        },
    }


def _pod(image: str, *, container: str, folder: str, memory_gib: int) -> dict[str, object]:
    # Both images write logs beside their data.
    writable = {"logs": f"/var/log/clickhouse-{folder}", "tmp": "/tmp"}  # noqa: S108  a folder of the pod's own
    return {
        "name": "pod",
        "podDistribution": [{"type": "ClickHouseAntiAffinity", "scope": "ClickHouseInstallation"}],
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": run_as(USER),
            "containers": [
                {
                    "name": container,
                    "image": image,
                    "resources": resources(cpu="500m", memory=f"{memory_gib}Gi"),
                    "securityContext": CONTAINER_SECURITY_CONTEXT,
                    "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in writable.items()],
                }
            ],
            "volumes": [{"name": volume, "emptyDir": {"sizeLimit": "1Gi"}} for volume in writable],
        },
    }


def _claim(name: str, storage_class: str, *, storage_gib: int) -> dict[str, object]:
    return {
        "name": name,
        "reclaimPolicy": "Retain",
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": f"{storage_gib}Gi"}},
        },
    }
