"""One elastic pool: an EKS managed node group whose shape is people's and whose sizes are the robot's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws.eks.outputs import NodeGroupResource


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A node taint in EKS's own words."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, kw_only=True)
class NodePoolArgs:
    """Shape and size of a pool. Its disks and how its nodes start are its launch template's.

    `raised` pools are sent a desired size equal to `minimum`; for all others desired is the Cluster Autoscaler's.
    `update_seconds` is how long an update may take.
    """

    cluster_name: pulumi.Input[str]
    node_role_arn: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    instance_types: Sequence[str]
    capacity_type: str
    ami_type: str
    template_id: pulumi.Input[str]
    template_version: pulumi.Input[str]
    labels: Mapping[str, str]
    taints: Sequence[Taint]
    minimum: int
    maximum: int
    raised: bool
    update_seconds: int
    tags: Mapping[str, str]


class NodePool(pulumi.ComponentResource):
    """A managed node group: bounds are the robot's, desired is the autoscaler's except where a floor is raised.

    Outputs: `node_group_name`; `scaling_group_name`, its Auto Scaling group.

    Guarded by the cost and security packs, since its objects are plain.
    """

    node_group_name: pulumi.Output[str]
    scaling_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/compute:NodePool", name, {}, opts)
        ignored = [] if args.raised else ["scalingConfig.desiredSize"]
        group = aws.eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_role_arn=args.node_role_arn,
            subnet_ids=args.subnet_ids,
            instance_types=list(args.instance_types),
            capacity_type=args.capacity_type,
            ami_type=args.ami_type,
            launch_template={"id": args.template_id, "version": args.template_version},
            labels=dict(args.labels),
            taints=[{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in args.taints],
            scaling_config={"min_size": args.minimum, "max_size": args.maximum, "desired_size": args.minimum},
            update_config={"max_unavailable_percentage": 25},
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=ignored,
                custom_timeouts=pulumi.CustomTimeouts(update=f"{args.update_seconds}s"),
            ),
        )
        self.node_group_name = group.node_group_name
        self.scaling_group_name = group.resources.apply(_scaling_group)
        self.register_outputs({"nodeGroupName": self.node_group_name, "scalingGroupName": self.scaling_group_name})


def _scaling_group(resources: Sequence[NodeGroupResource]) -> str:
    """EKS makes one Auto Scaling group for a node group."""
    (name,) = [group.name for made in resources for group in made.autoscaling_groups or ()]
    return name or ""
