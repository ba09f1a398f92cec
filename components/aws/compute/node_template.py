"""How the instances of a node group start."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

ROOT_DEVICE = "/dev/xvda"
"""Of Amazon Linux 2023, the only family of images that node groups here use."""


@dataclass(frozen=True, kw_only=True)
class NodeTemplateArgs:
    """`template_name` is the template's in EC2. `tags` go to instances and volumes too.

    The key must let the service-linked role of EC2 Auto Scaling use it (`auto_scaling_may_use_key`).
    """

    template_name: str
    disk_gib: int
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class NodeTemplate(pulumi.ComponentResource):
    """A launch template of nodes on an encrypted disk, whose pods cannot read the nodes' credentials.

    Its image, instance types and security group are left to EKS.

    Outputs: `template_id`; `version`, the newest, as a node group refers to it.

    Guarded by the security pack, since its objects are plain.
    """

    template_id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(self, name: str, args: NodeTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:aws/compute:NodeTemplate", name, {}, opts)
        template = aws.ec2.LaunchTemplate(
            name,
            name=args.template_name,
            update_default_version=True,
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            monitoring={"enabled": True},
            block_device_mappings=[
                {
                    "device_name": ROOT_DEVICE,
                    "ebs": {
                        "volume_size": args.disk_gib,
                        "volume_type": "gp3",
                        "encrypted": "true",
                        "kms_key_id": args.kms_key_arn,
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[{"resource_type": kind, "tags": args.tags} for kind in ("instance", "volume")],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.template_id = template.id
        self.version = template.latest_version.apply(str)
        self.register_outputs({"templateId": self.template_id, "version": self.version})
