"""What the Cluster Autoscaler reads of a pool without nodes, to know what a node of it would be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.compute.node_pool import Taint
from quantos.environment.settings.pools import TAINT_EFFECTS

PREFIX = "k8s.io/cluster-autoscaler/node-template"
GPU_RESOURCE = "nvidia.com/gpu"

"""Effects as Kubernetes spells them, by EKS's own words."""


@dataclass(frozen=True, kw_only=True)
class ScaleFromZeroArgs:
    """Labels, taints and disk of a pool's nodes, and the GPUs of one of them.

    `scaling_group_name` is the pool's Auto Scaling group.
    """

    scaling_group_name: pulumi.Input[str]
    labels: Mapping[str, str]
    taints: Sequence[Taint]
    disk_gib: int
    gpus: int


class ScaleFromZero(pulumi.ComponentResource):
    """Tags of a pool's Auto Scaling group, none of which reaches an instance.

    They belong to whoever runs the autoscaler, so that the robot has no more to look after than node groups.

    Guarded by nothing beyond their types: a wrong tag keeps an empty pool from growing, and opens nothing.
    """

    def __init__(self, name: str, args: ScaleFromZeroArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/compute:ScaleFromZero", name, {}, opts)
        for key, value in node_template_tags(args).items():
            aws.autoscaling.Tag(
                f"{name}-{key}",
                autoscaling_group_name=args.scaling_group_name,
                tag={"key": f"{PREFIX}/{key}", "value": value, "propagate_at_launch": False},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def node_template_tags(args: ScaleFromZeroArgs) -> dict[str, str]:
    """Tags by what follows the prefix in their keys.

    Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    """
    return {
        **{f"label/{key}": value for key, value in args.labels.items()},
        **{f"taint/{taint.key}": f"{taint.value}:{TAINT_EFFECTS[taint.effect]}" for taint in args.taints},
        "resources/ephemeral-storage": f"{args.disk_gib}Gi",
        **({f"resources/{GPU_RESOURCE}": str(args.gpus)} if args.gpus else {}),
    }
