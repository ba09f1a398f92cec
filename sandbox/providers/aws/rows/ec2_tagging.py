"""Tags of EC2 objects."""

from __future__ import annotations

from sandbox.providers.aws.row import Tagging


def ec2_tags(resource_type: str) -> Tagging:
    """Tags of an EC2 object, given as tag specifications and answered with it."""
    return Tagging(
        member=f"TagSpecifications:{resource_type}",
        add="create_tags",
        remove="delete_tags",
        keys="",
        identity=("Resources", "{id}[]"),
        described="Tags",
    )
