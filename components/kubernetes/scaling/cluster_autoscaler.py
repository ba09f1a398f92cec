"""The Cluster Autoscaler: nodes between the bounds that each pool has, in the order in which pools are to grow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import yaml

from components.aws.eks.pod_identity import with_role
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import CLUSTER_AUTOSCALER
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import zone_spread
from components.kubernetes.base.release import release

SERVICE_ACCOUNT: Final = "cluster-autoscaler"
TAG: Final = "k8s.io/cluster-autoscaler"
PRIORITY_STEP: Final = 10
_SUFFIX: Final = "[0-9a-f]{7}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""What the engine puts after a node group's name, and EKS after that of its Auto Scaling group."""


@dataclass(frozen=True, kw_only=True)
class ClusterAutoscalerArgs:
    """`pools` are node groups of the cluster, the first to grow first.

    `idle_seconds` is how long a node has been of no use before it is drained, and how long none is after one was added.
    `start_seconds` is how long a node that was ordered may take until its pool counts as out of capacity.
    """

    namespace: str
    cluster_name: str
    account_id: str
    region: str
    pools: Sequence[str]
    idle_seconds: int
    start_seconds: int
    replicas: int
    tags: Mapping[str, str]

    @property
    def role_name(self) -> str:
        """The role of the controller's pods, one a cluster."""
        return f"{self.cluster_name}-cluster-autoscaler"


class ClusterAutoscaler(pulumi.ComponentResource):
    """The autoscaler, of whose replicas one leads, and its right to size this cluster's groups and no others.

    It moves a group's desired size between minimum and maximum, which are the robot's.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; its role by the security pack.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/scaling:ClusterAutoscaler", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        as_role = with_role(
            name,
            args,
            service_account=SERVICE_ACCOUNT,
            statements=statements(args),
            opts=child,
        )
        installed = release(
            name,
            CLUSTER_AUTOSCALER,
            namespace=args.namespace,
            values=values(args),
            opts=as_role,
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def statements(args: ClusterAutoscalerArgs) -> tuple[Statement, ...]:
    """What it may do: look at groups and types, and size groups that carry the cluster's tag."""
    return (
        Statement(
            sid="LookAtGroups",
            actions=(
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ),
            resources=("*",),
            why_wildcard="describing groups, types and templates names no resource",
        ),
        Statement(
            sid="LookAtNodeGroups",
            actions=("eks:DescribeNodegroup",),
            resources=(f"arn:aws:eks:{args.region}:{args.account_id}:nodegroup/{args.cluster_name}/*",),
        ),
        Statement(
            sid="SizeOwnGroups",
            actions=("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"),
            resources=(
                f"arn:aws:autoscaling:{args.region}:{args.account_id}:autoScalingGroup:*:autoScalingGroupName/eks-*",
            ),
            conditions={"StringEquals": {f"aws:ResourceTag/{TAG}/{args.cluster_name}": "owned"}},
        ),
    )


def priorities(pools: Sequence[str]) -> str:
    """The priority expander's document: a greater number is grown first, and what matches nothing is not grown.

    A text, since the expander takes whole numbers for keys and the values of a release have none.
    """
    ranked = {PRIORITY_STEP * (len(pools) - rank): [group_pattern(pool)] for rank, pool in enumerate(pools)}
    return yaml.safe_dump(ranked, sort_keys=True)


def group_pattern(pool: str) -> str:
    """Matches the Auto Scaling groups that EKS makes for a pool, and no other pool's whose name begins alike."""
    return f"^eks-{pool}-{_SUFFIX}$"


def values(args: ClusterAutoscalerArgs) -> dict[str, object]:
    """Values of the chart."""
    labels = {"app.kubernetes.io/instance": CLUSTER_AUTOSCALER.name}
    return {
        "fullnameOverride": CLUSTER_AUTOSCALER.name,
        "cloudProvider": "aws",
        "awsRegion": args.region,
        "autoDiscovery": {
            "clusterName": args.cluster_name,
            "tags": [f"{TAG}/enabled", f"{TAG}/{args.cluster_name}"],
        },
        "expanderPriorities": priorities(args.pools),
        "extraArgs": {
            "expander": "priority,least-waste",
            "logtostderr": True,
            "stderrthreshold": "info",
            "v": 2,
            # As text: a chart that drops an empty value would write the bare flag, which is true.
            "balance-similar-node-groups": "false",
            "cordon-node-before-terminating": "true",
            "skip-nodes-with-local-storage": "false",
            "skip-nodes-with-system-pods": "false",
            "scale-down-unneeded-time": f"{args.idle_seconds}s",
            "scale-down-delay-after-add": f"{args.idle_seconds}s",
            "max-node-provision-time": f"{args.start_seconds}s",
        },
        "replicaCount": args.replicas,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": zone_spread(labels),
        "priorityClassName": "system-cluster-critical",
        "securityContext": POD_SECURITY_CONTEXT,
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "resources": resources(cpu="100m", memory="512Mi", memory_limit="1Gi"),
        "rbac": {"create": True, "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT}},
        "serviceMonitor": {"enabled": True, "namespace": args.namespace, "interval": "30s"},
    }
