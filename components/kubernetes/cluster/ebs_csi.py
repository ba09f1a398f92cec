"""Volumes: the EBS CSI driver and the classes of disks that pods may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_kubernetes as k8s

from components.aws.eks.pod_identity import with_role
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import AWS_EBS_CSI_DRIVER
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, agent_resources, resources, run_as
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release
from components.kubernetes.base.service_monitor import pod_monitor
from quantos.environment.node_agents import DISKS, NODE_AGENTS

SERVICE_ACCOUNT: Final = "ebs-csi-controller-sa"
PROVISIONER: Final = "ebs.csi.aws.com"
DEFAULT_CLASS: Final = "gp3"
RETAINED_CLASS: Final = "gp3-retained"
DEFAULT_ANNOTATION: Final = "storageclass.kubernetes.io/is-default-class"
USER: Final = 1000
CONTROLLER_SIDECARS: Final = ("provisioner", "attacher", "resizer")
NODE_SIDECARS: Final = ("livenessProbe", "nodeDriverRegistrar")


@dataclass(frozen=True, kw_only=True)
class EbsCsiArgs:
    """`node_namespace` is where the plugin of every node runs, which mounts and is therefore privileged."""

    namespace: str
    node_namespace: str
    cluster_name: str
    account_id: str
    region: str
    kms_key_arn: pulumi.Input[str]
    replicas: int
    tags: Mapping[str, str]

    @property
    def role_name(self) -> str:
        """The role of the controller's pods, one a cluster."""
        return f"{self.cluster_name}-ebs-csi"


class EbsCsi(pulumi.ComponentResource):
    """The driver and two classes of encrypted gp3 disks: the default one, and one whose disks outlive their claims.

    Outputs: `default_class` and `retained_class`, names known once the driver stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted` (`privileged` for the node plugin);
    its classes and its role by the security pack, since they are plain objects.
    """

    default_class: pulumi.Output[str]
    retained_class: pulumi.Output[str]

    def __init__(self, name: str, args: EbsCsiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/cluster:EbsCsi", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        as_role = with_role(
            name,
            args,
            service_account=SERVICE_ACCOUNT,
            statements=pulumi.Output.from_input(args.kms_key_arn).apply(lambda key: statements(args, kms_key_arn=key)),
            opts=child,
        )
        installed = release(
            name,
            AWS_EBS_CSI_DRIVER,
            namespace=args.namespace,
            values=values(args),
            opts=as_role,
        )
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed]))
        self.default_class = _disks(args, DEFAULT_CLASS, reclaim="Delete", default=True, opts=after)
        self.retained_class = _disks(args, RETAINED_CLASS, reclaim="Retain", default=False, opts=after)
        self.register_outputs({"defaultClass": self.default_class, "retainedClass": self.retained_class})


class EbsCsiMonitor(pulumi.ComponentResource):
    """Has the plugin of every node measured. Apart from the driver, since what measures needs disks.

    The chart's own Service is in the controller's namespace, where no such pod is.

    Guarded by the chart check, which holds its object against its schema.
    """

    def __init__(self, name: str, namespace: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/cluster:EbsCsiMonitor", name, {}, opts)
        pod_monitor(
            name,
            namespace=namespace,
            labels={"app": DISKS},
            port="metrics",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _disks(
    args: EbsCsiArgs,
    name: str,
    *,
    reclaim: Literal["Delete", "Retain"],
    default: bool,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    return k8s.storage.v1.StorageClass(
        name,
        metadata={"name": name, "annotations": {DEFAULT_ANNOTATION: "true" if default else "false"}},
        provisioner=PROVISIONER,
        parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": args.kms_key_arn},
        reclaim_policy=reclaim,
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=opts,
    ).metadata.name.apply(lambda made: made or name)


def statements(args: EbsCsiArgs, *, kms_key_arn: str) -> tuple[Statement, ...]:
    """What the controller may do: volumes that carry the cluster's tag, on instances that do, with one key."""
    return (
        Statement(
            sid="LookAtDisks",
            actions=(
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "ec2:DescribeVolumesModifications",
                "ec2:DescribeVolumeStatus",
            ),
            resources=("*",),
            why_wildcard="describing instances and volumes names no resource",
        ),
        *_own_disks(args),
        Statement(
            sid="EncryptDisks",
            actions=("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"),
            resources=(kms_key_arn,),
        ),
        Statement(
            sid="LetInstancesUseDisks",
            actions=("kms:CreateGrant",),
            resources=(kms_key_arn,),
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )


def _own_disks(args: EbsCsiArgs) -> tuple[Statement, ...]:
    owned = f"kubernetes.io/cluster/{args.cluster_name}"
    prefix = f"arn:aws:ec2:{args.region}:{args.account_id}"
    return (
        Statement(
            sid="MakeOwnDisks",
            actions=("ec2:CreateVolume",),
            resources=(f"{prefix}:volume/*",),
            conditions={"StringEquals": {f"aws:RequestTag/{owned}": "owned"}},
        ),
        Statement(
            sid="TagDisksAsMade",
            actions=("ec2:CreateTags",),
            resources=(f"{prefix}:volume/*",),
            conditions={"StringEquals": {"ec2:CreateAction": "CreateVolume"}},
        ),
        Statement(
            sid="UseOwnDisks",
            actions=("ec2:AttachVolume", "ec2:DetachVolume", "ec2:ModifyVolume", "ec2:DeleteVolume"),
            resources=(f"{prefix}:volume/*", f"{prefix}:instance/*"),
            conditions={"StringEquals": {f"aws:ResourceTag/{owned}": "owned"}},
        ),
    )


def values(args: EbsCsiArgs) -> dict[str, object]:
    """Values of the chart.

    ServiceMonitors come with it only where their kind is known already: disks come before what watches them, which
    needs disks.
    """
    return {
        "sidecars": _sidecars(),
        "controller": _controller(args),
        "node": {
            "namespaceOverride": args.node_namespace,
            "metadataSources": "kubernetes",
            "enableMetrics": True,
            "enablePrometheusAnnotations": False,
            "loggingFormat": "json",
            "priorityClassName": "system-node-critical",
            "tolerateAllTaints": True,
            "enableWindows": False,
            "resources": agent_resources(NODE_AGENTS[DISKS]["node"], memory_limit="256Mi"),
        },
        "helmTester": {"enabled": False},
    }


def _sidecars() -> dict[str, object]:
    small = resources(cpu="10m", memory="64Mi", memory_limit="256Mi")
    on_nodes = {key: value for key, value in CONTAINER_SECURITY_CONTEXT.items() if key != "runAsNonRoot"}
    return {
        **{part: {"resources": small, "securityContext": CONTAINER_SECURITY_CONTEXT} for part in CONTROLLER_SIDECARS},
        # The node plugin has these too, and runs as root to reach the kubelet's sockets.
        **{
            part: {
                "resources": agent_resources(NODE_AGENTS[DISKS][part], memory_limit="256Mi"),
                "securityContext": on_nodes,
            }
            for part in NODE_SIDECARS
        },
    }


def _controller(args: EbsCsiArgs) -> dict[str, object]:
    return {
        "replicaCount": args.replicas,
        "region": args.region,
        "k8sTagClusterId": args.cluster_name,
        "extraVolumeTags": dict(args.tags),
        "enableMetrics": True,
        "enablePrometheusAnnotations": False,
        "loggingFormat": "json",
        "podDisruptionBudget": {"enabled": survives_drain(args.replicas)},
        "priorityClassName": "system-cluster-critical",
        "topologySpreadConstraints": zone_spread(),
        "resources": resources(cpu="50m", memory="128Mi", memory_limit="512Mi"),
        "securityContext": run_as(USER),
        "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
    }
