"""The fixed nodes on which the cluster's own services run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.compute.node_template import NodeTemplate, NodeTemplateArgs
from quantos.environment.conventions import POOL_LABEL, SYSTEM_AMI_TYPE, SYSTEM_POOL


@dataclass(frozen=True, kw_only=True)
class SystemNodesArgs:
    """`nodes` is minimum, maximum and desired size alike: nobody scales this group."""

    group_name: str
    cluster_name: pulumi.Input[str]
    node_role_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    instance_types: Sequence[str]
    nodes: int
    disk_gib: int
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class SystemNodes(pulumi.ComponentResource):
    """A managed node group over every zone, on encrypted disks, whose pods cannot read the nodes' credentials.

    Outputs: `group_name`.

    Guarded by the security and cost packs, since its objects are plain.
    """

    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/eks:SystemNodes", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {**args.tags, "pool": SYSTEM_POOL}
        template_args = NodeTemplateArgs(
            template_name=args.group_name, disk_gib=args.disk_gib, kms_key_arn=args.kms_key_arn, tags=tags
        )
        template = NodeTemplate(name, template_args, opts=child)
        group = aws.eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_group_name=args.group_name,
            node_role_arn=args.node_role_arn,
            subnet_ids=args.subnet_ids,
            instance_types=args.instance_types,
            capacity_type="ON_DEMAND",
            ami_type=SYSTEM_AMI_TYPE,
            scaling_config={"min_size": args.nodes, "max_size": args.nodes, "desired_size": args.nodes},
            update_config={"max_unavailable": 1},
            launch_template={"id": template.template_id, "version": template.version},
            labels={POOL_LABEL: SYSTEM_POOL},
            tags=tags,
            opts=child,
        )
        self.group_name = group.node_group_name
        self.register_outputs({"groupName": self.group_name})
