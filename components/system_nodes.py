"""The fixed nodes on which the cluster's own services run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

POOL = "system"


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
    tags: Mapping[str, str]


class SystemNodes(pulumi.ComponentResource):
    """A managed node group over every zone, on encrypted disks, whose pods cannot read the nodes' credentials.

    Outputs: `group_name`.
    """

    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:cluster:SystemNodes", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {**args.tags, "pool": POOL}
        template = aws.ec2.LaunchTemplate(
            name,
            name=args.group_name,
            update_default_version=True,
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_size": args.disk_gib,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[{"resource_type": kind, "tags": tags} for kind in ("instance", "volume")],
            tags=tags,
            opts=child,
        )
        group = aws.eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_group_name=args.group_name,
            node_role_arn=args.node_role_arn,
            subnet_ids=args.subnet_ids,
            instance_types=args.instance_types,
            capacity_type="ON_DEMAND",
            ami_type="AL2023_x86_64_STANDARD",
            scaling_config={"min_size": args.nodes, "max_size": args.nodes, "desired_size": args.nodes},
            update_config={"max_unavailable": 1},
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(str),
            },
            labels={"quantos.io/pool": POOL},
            tags=tags,
            opts=child,
        )
        self.group_name = group.node_group_name
        self.register_outputs({"groupName": self.group_name})
