"""Ray clusters as values: a head that schedules, and groups of workers that come and go with what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi

from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, resources, run_as
from components.kubernetes.scaling.job_queues import Taint
from quantos.environment.conventions import TOKEN_ANNOTATION

API_VERSION: Final = "ray.io/v1"
RAY_VERSION: Final = "2.60.0"
IMAGE_USER: Final = 1000
METRICS_PORT: Final = 8080
HEAD_PORTS: Final[Mapping[str, int]] = {"gcs": 6379, "dashboard": 8265, "client": 10001, "metrics": METRICS_PORT}
SCRATCH: Final = "/tmp"  # noqa: S108  the pod's own
IDLE_SECONDS: Final = 120
GPU: Final = "nvidia.com/gpu"
AUTOSCALER_MILLICORES: Final = 200
AUTOSCALER_MIB: Final = 512
HEAD_CPU: Final = 1
HEAD_MEMORY_GIB: Final = 2


@dataclass(frozen=True, kw_only=True)
class WorkerGroup:
    """Workers on the nodes that carry `node_labels`, whose `taints` they tolerate; from `minimum` to `maximum`."""

    name: str
    node_labels: Mapping[str, str]
    taints: Sequence[Taint]
    cpu: int
    memory_gib: int
    gpus: int
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class RayClusterArgs:
    """`image` is by digest and has Ray `RAY_VERSION`; `account` is the service account of every pod.

    Only the head has that account's token, with which its autoscaler asks for workers.
    """

    image: pulumi.Input[str]
    account: str
    groups: Sequence[WorkerGroup]
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)


def largest(groups: Sequence[WorkerGroup]) -> tuple[float, float]:
    """Cores and GiB of a cluster whose groups are as large as they may be."""
    cpu = HEAD_CPU + AUTOSCALER_MILLICORES / 1000 + sum(group.cpu * group.maximum for group in groups)
    memory = HEAD_MEMORY_GIB + AUTOSCALER_MIB / 1024 + sum(group.memory_gib * group.maximum for group in groups)
    return cpu, memory


def cluster_spec(args: RayClusterArgs) -> dict[str, object]:
    """The specification of a RayCluster."""
    return {
        "rayVersion": RAY_VERSION,
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",
            "upscalingMode": "Default",
            "idleTimeoutSeconds": IDLE_SECONDS,
            "resources": resources(cpu=f"{AUTOSCALER_MILLICORES}m", memory=f"{AUTOSCALER_MIB}Mi", memory_limit="1Gi"),
            "securityContext": {**CONTAINER_SECURITY_CONTEXT, "runAsUser": IMAGE_USER},
        },
        "headGroupSpec": {
            "serviceType": "ClusterIP",
            "rayStartParams": {"dashboard-host": "0.0.0.0", "num-cpus": "0"},  # noqa: S104  inside the pod's network
            "template": _template(args, container=_head(args), token=True),
        },
        "workerGroupSpecs": [_group(args, group) for group in args.groups],
    }


def _group(args: RayClusterArgs, group: WorkerGroup) -> dict[str, object]:
    return {
        "groupName": group.name,
        "replicas": group.minimum,
        "minReplicas": group.minimum,
        "maxReplicas": group.maximum,
        "rayStartParams": {},
        "template": _template(args, container=_worker(args, group), token=False, group=group),
    }


def _head(args: RayClusterArgs) -> dict[str, object]:
    size = resources(cpu=str(HEAD_CPU), memory=f"{HEAD_MEMORY_GIB}Gi")
    return _container(args, name="ray-head", size=size, ports={**HEAD_PORTS, **args.ports})


def _worker(args: RayClusterArgs, group: WorkerGroup) -> dict[str, object]:
    size = resources(cpu=str(group.cpu), memory=f"{group.memory_gib}Gi")
    if group.gpus:
        size["limits"] = {**size["limits"], GPU: str(group.gpus)}
    return _container(args, name="ray-worker", size=size, ports={"metrics": METRICS_PORT, **args.ports})


def _container(
    args: RayClusterArgs, *, name: str, size: Mapping[str, object], ports: Mapping[str, int]
) -> dict[str, object]:
    variables = {"HOME": SCRATCH, "RAY_TMPDIR": SCRATCH, "RAY_USAGE_STATS_ENABLED": "0", **args.variables}
    return {
        "name": name,
        "image": args.image,
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
        "env": [{"name": variable, "value": value} for variable, value in variables.items()],
        "resources": size,
        "securityContext": {**CONTAINER_SECURITY_CONTEXT, "runAsUser": IMAGE_USER},
        "volumeMounts": [
            {"name": "scratch", "mountPath": SCRATCH},
            {"name": "shared-memory", "mountPath": "/dev/shm"},  # noqa: S108  Ray's object store, the pod's own
        ],
    }


def _template(
    args: RayClusterArgs, *, container: Mapping[str, object], token: bool, group: WorkerGroup | None = None
) -> dict[str, object]:
    placed: dict[str, object] = {}
    if group is not None:
        tolerations = [
            {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
            for taint in group.taints
        ]
        placed = {"nodeSelector": dict(group.node_labels), **({"tolerations": tolerations} if tolerations else {})}
    memory_gib = HEAD_MEMORY_GIB if group is None else group.memory_gib
    annotations = {TOKEN_ANNOTATION: "the head's autoscaler asks the API for worker pods"} if token else {}
    return {
        "metadata": {"annotations": annotations},
        "spec": {
            "serviceAccountName": args.account,
            "automountServiceAccountToken": token,
            "enableServiceLinks": False,
            "securityContext": run_as(IMAGE_USER),
            "containers": [container],
            "volumes": [
                {"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}},
                {
                    "name": "shared-memory",
                    "emptyDir": {"medium": "Memory", "sizeLimit": f"{max(memory_gib // 3, 1)}Gi"},
                },
            ],
            **placed,
        },
    }


def pod_monitor() -> dict[str, object]:
    """The specification of a PodMonitor by which Prometheus asks every Ray pod of a namespace."""
    return {
        "selector": {"matchExpressions": [{"key": "ray.io/cluster", "operator": "Exists"}]},
        "podMetricsEndpoints": [{"port": "metrics", "interval": "15s"}],
    }
