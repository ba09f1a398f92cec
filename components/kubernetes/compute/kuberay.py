"""Ray: clusters for research, made and sized in the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import KUBERAY_OPERATOR
from components.kubernetes.base.disruption_budget import disruption_budget
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.release import release
from components.kubernetes.compute.ray_cluster import (
    API_VERSION,
    RayClusterArgs,
    WorkerGroup,
    cluster_spec,
    pod_monitor,
)

SAMPLE = "sample"
ACCOUNT = "ray-cluster"


@dataclass(frozen=True, kw_only=True)
class KubeRayArgs:
    """`watched` are the namespaces whose clusters the operator runs; it has no rights in others.

    `image`, by digest, and `groups` are of the sample cluster, which has no worker while nobody asks for one.
    """

    namespace: str
    watched: Sequence[str]
    image: pulumi.Input[str]
    groups: Sequence[WorkerGroup]
    replicas: int


class KubeRay(pulumi.ComponentResource):
    """The operator and a cluster to try things on.

    Outputs: `ready`, known once the release stands; clusters elsewhere wait for it.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: KubeRayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/compute:KubeRay", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        installed = release(name, KUBERAY_OPERATOR, namespace=args.namespace, values=values(args), opts=child)
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed]))
        disruption_budget(
            name,
            namespace=args.namespace,
            budget_name=KUBERAY_OPERATOR.name,
            labels={"app.kubernetes.io/name": KUBERAY_OPERATOR.name},
            opts=child,
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-{SAMPLE}",
            metadata={"name": ACCOUNT, "namespace": args.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        k8s.apiextensions.CustomResource(
            f"{name}-{SAMPLE}",
            api_version=API_VERSION,
            kind="RayCluster",
            metadata={"name": SAMPLE, "namespace": args.namespace},
            spec=cluster_spec(RayClusterArgs(image=args.image, account=ACCOUNT, groups=args.groups)),
            opts=pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[account])),
        )
        k8s.apiextensions.CustomResource(
            f"{name}-pods",
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata={"name": "ray-clusters", "namespace": args.namespace},
            spec=pod_monitor(),
            opts=child,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: KubeRayArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "replicas": args.replicas,
        "leaderElectionEnabled": True,
        "singleNamespaceInstall": True,
        "crNamespacedRbacEnable": True,
        "watchNamespace": [args.namespace, *args.watched],
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "securityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="1Gi"),
        "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
        "featureGates": [
            {"name": name, "enabled": True}
            for name in ("RayClusterStatusConditions", "RayJobDeletionPolicy", "RayMultiHostIndexing")
        ],
    }
